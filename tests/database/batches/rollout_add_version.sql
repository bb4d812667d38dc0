SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO nonces (key_id, nonce, seen_at) VALUES (?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
UPDATE rollout_switches SET version = ?, kill_switch = ?, hold_all = ? WHERE only_row = 1 AND version = ?;
IF @@ROWCOUNT <> 1 THROW 51002, 'guard', 1;
INSERT INTO rollout_versions (version, document, actor, reason, forced, at) VALUES (?, ?, ?, ?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51003, 'guard', 1;
COMMIT;
