SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
UPDATE bank_facts SET attempts = ?, due_at = ? WHERE id = ? AND status = 'pending' AND attempts = ?;
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
COMMIT;
