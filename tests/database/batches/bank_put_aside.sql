SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
UPDATE bank_facts SET status = 'set_aside', set_aside_at = ?, payment_id = NULL, set_aside_reason = ?
WHERE id = ? AND status = 'pending';
COMMIT;
