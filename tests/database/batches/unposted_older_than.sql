SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT TOP (50) id, payment_id, biller_id, kind, amount_minor, currency, at FROM ledger_postings WHERE posted_at IS NULL AND at < ? ORDER BY at;
COMMIT;
