SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT day, biller_id, method, kind, SUM(lost) FROM shadow_losses WHERE day >= ?
GROUP BY day, biller_id, method, kind;
COMMIT;
