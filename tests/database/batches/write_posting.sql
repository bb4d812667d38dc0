SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO ledger_postings (id, payment_id, biller_id, kind, amount_minor, currency, at) VALUES (?, ?, ?, ?, ?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
COMMIT;
