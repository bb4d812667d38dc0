SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO nonces (key_id, nonce, seen_at) VALUES (?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
UPDATE shadow_operations SET control = ?, compare_at = ? WHERE id = ? AND control IS NULL;
IF @@ROWCOUNT <> 1 THROW 51002, 'guard', 1;
COMMIT;
