SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT TOP (100001) 
payment_id, reference, biller_id, method, kind, created_at, compared_at, comparison
FROM shadow_operations WHERE created_at >= ? ORDER BY created_at DESC;
COMMIT;
