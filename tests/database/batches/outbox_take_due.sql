SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
UPDATE outbox SET claim = ?, claimed_until = ?, attempts = attempts + 1 WHERE id IN (SELECT id FROM (SELECT TOP (200) id FROM outbox WHERE sent_at IS NULL AND due_at <= ? AND (claimed_until IS NULL OR claimed_until < ?) ORDER BY due_at) AS chosen) AND sent_at IS NULL AND due_at <= ? AND (claimed_until IS NULL OR claimed_until < ?);
SELECT queue, body, due_at, correlation_id, traceparent FROM outbox WHERE claim = ? AND sent_at IS NULL ORDER BY due_at;
COMMIT;
