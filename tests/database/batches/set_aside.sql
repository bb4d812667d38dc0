SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO set_aside (message_id, queue, body, reason, set_aside_at) VALUES (?, ?, ?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
COMMIT;
