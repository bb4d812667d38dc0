SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
UPDATE decisions SET mode = 'off', why = ?, expires_at = NULL
WHERE caller = ? AND attempt = ? AND biller_id = ? AND method = ? AND reference = ?
AND mode <> 'off' AND sold_at IS NULL AND NOT EXISTS (
SELECT 1 FROM idempotency_keys WHERE caller = ? AND idempotency_key = ? AND payment_id IS NOT NULL
) AND expires_at <= ?;
SELECT caller, attempt, biller_id, method, reference, mode, config_version, why, decided_at, expires_at FROM decisions WHERE caller = ? AND attempt = ?;
COMMIT;
