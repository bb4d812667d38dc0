SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO journal_entries (posting_id, line, account, debit_minor, credit_minor, currency) VALUES (?, ?, ?, ?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
INSERT INTO journal_entries (posting_id, line, account, debit_minor, credit_minor, currency) VALUES (?, ?, ?, ?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51002, 'guard', 1;
COMMIT;
