SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT COUNT(*) FROM payments WHERE mode = 'live' AND state IN ('captured', 'partially_refunded', 'refunded')
AND settled_at IS NULL AND created_at < ?;
SELECT TOP (20) id FROM payments WHERE mode = 'live' AND state IN ('captured', 'partially_refunded', 'refunded')
AND settled_at IS NULL AND created_at < ? ORDER BY created_at, id;
COMMIT;
