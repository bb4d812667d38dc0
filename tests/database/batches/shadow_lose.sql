SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO shadow_losses (id, day, biller_id, method, kind, lost) VALUES (?, ?, ?, ?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
COMMIT;
