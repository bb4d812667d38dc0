SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
UPDATE shadow_operations SET state = 'done', comparison = ?, severity = NULL, compared_at = ?, compare_at = NULL WHERE id = ?;
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
COMMIT;
