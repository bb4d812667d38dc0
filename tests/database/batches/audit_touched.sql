SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT id, history_length, history_head, head_key, updated_at FROM payments WHERE id IN (SELECT TOP (100) id FROM payments WHERE updated_at >= ? AND updated_at < ? ORDER BY updated_at, id);
SELECT payment_id, sequence, event, from_state, to_state, actor, at, operation_id, detail, mac, mac_key FROM history WHERE payment_id IN (SELECT TOP (100) id FROM payments WHERE updated_at >= ? AND updated_at < ? ORDER BY updated_at, id) ORDER BY payment_id, sequence;
COMMIT;
