SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO inbox (consumer, message_id, done_at) VALUES (?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
INSERT INTO outbox (id, queue, body, payment_id, created_at, due_at, attempts, claimed_until, correlation_id, traceparent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL);
IF @@ROWCOUNT <> 1 THROW 51002, 'guard', 1;
COMMIT;
