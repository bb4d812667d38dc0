SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO nonces (key_id, nonce, seen_at) VALUES (?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
INSERT INTO idempotency_keys (caller, idempotency_key, fingerprint_key, fingerprint, payment_id, operation_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51002, 'guard', 1;
INSERT INTO shadow_operations (id, payment_id, sequence, kind, biller_id, method, reference, actor, created_at, amount_minor, reason, request, control, state, compare_at)
SELECT ?, ?, MAX(sequence) + 1, ?, ?, ?, ?, ?, ?, NULL, ?, NULL, NULL, ?, ? FROM shadow_operations WHERE payment_id = ?;
IF @@ROWCOUNT <> 1 THROW 51003, 'guard', 1;
INSERT INTO outbox (id, queue, body, payment_id, created_at, due_at, attempts, claimed_until, correlation_id, traceparent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL);
IF @@ROWCOUNT <> 1 THROW 51004, 'guard', 1;
COMMIT;
