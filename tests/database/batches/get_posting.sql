SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT id, payment_id, biller_id, kind, amount_minor, currency, at, posted_at FROM ledger_postings WHERE id = ?;
COMMIT;
