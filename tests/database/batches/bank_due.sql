SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT TOP (50) kind, reference, amount_minor, currency, occurred_at, transaction_id, order_number, merchant_id, code, reason, attempts FROM bank_facts WHERE status = 'pending' AND due_at <= ? ORDER BY occurred_at, id;
COMMIT;
