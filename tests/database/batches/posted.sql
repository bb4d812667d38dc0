SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO inbox (consumer, message_id, done_at) VALUES (?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
UPDATE ledger_postings SET posted_at = ? WHERE id = ? AND posted_at IS NULL;
COMMIT;
