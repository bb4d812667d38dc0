SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
UPDATE bank_facts SET status = 'applied', applied_at = ?, payment_id = ? WHERE id = ? AND status = 'pending';
COMMIT;
