SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT payment_id FROM operations
WHERE transaction_id = ? AND kind = 'sale' AND state IN ('succeeded', 'unknown') ORDER BY payment_id;
COMMIT;
