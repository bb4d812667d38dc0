SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT id, payment_id, sequence, kind, biller_id, method, reference, actor, created_at, amount_minor, reason, request, control, state, compare_at FROM shadow_operations WHERE payment_id = ? ORDER BY sequence;
COMMIT;
