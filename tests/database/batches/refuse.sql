SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO nonces (key_id, nonce, seen_at) VALUES (?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
INSERT INTO idempotency_keys (
    caller, idempotency_key, fingerprint_key, fingerprint, refused_for, operation_id, created_at
)
SELECT ?, ?, ?, ?, MAX(id), ?, ? FROM payments WHERE biller_id = ? AND reference = ? AND mode = 'live';
IF @@ROWCOUNT <> 1 THROW 51002, 'guard', 1;
SELECT refused_for FROM idempotency_keys WHERE caller = ? AND idempotency_key = ?;
COMMIT;
