SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO nonces (key_id, nonce, seen_at) VALUES (?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
INSERT INTO decisions (caller, attempt, biller_id, method, reference, mode, config_version, why, decided_at, expires_at) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
WHERE NOT EXISTS (SELECT 1 FROM decisions WHERE caller = ? AND attempt = ?) AND NOT EXISTS (
    SELECT 1 FROM payments WHERE biller_id = ? AND reference = ? AND mode = 'live'
    AND state IN ('received', 'submitted', 'unknown') AND NOT (caller = ? AND idempotency_key = ?)
);
SELECT caller, attempt, biller_id, method, reference, mode, config_version, why, decided_at, expires_at FROM decisions WHERE caller = ? AND attempt = ?;
SELECT TOP (1) 
id FROM payments WHERE biller_id = ? AND reference = ? AND mode = 'live'
AND state IN ('received', 'submitted', 'unknown') ORDER BY id DESC;
COMMIT;
