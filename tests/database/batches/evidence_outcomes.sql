SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT p.biller_id, p.method_type, COALESCE(SUM(CASE WHEN o.state = 'succeeded' THEN 1 ELSE 0 END), 0),
    COALESCE(SUM(CASE WHEN o.state = 'declined' AND o.transaction_id IS NOT NULL THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN 
o.state = 'unknown' OR (o.state = 'declined' AND o.transaction_id IS NULL AND o.outcome LIKE '%"processorCalled":true%') OR (o.state = 'failed' AND NOT o.outcome LIKE '{"status":"not_sent","code":"live-disabled"%')
OR (o.state = 'queued' AND o.outcome LIKE '{"status":"not_sent"%')
 THEN 1 ELSE 0 END), 0)
FROM payments p LEFT JOIN operations o ON o.payment_id = p.id AND o.kind = 'sale'
WHERE p.mode = 'live' AND p.created_at >= ? GROUP BY p.biller_id, p.method_type;
SELECT s.biller_id, s.method, COALESCE(SUM(CASE WHEN s.control LIKE '{"status":"approved"%' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN s.control LIKE '{"status":"declined"%' THEN 1 ELSE 0 END), 0)
FROM shadow_operations s WHERE s.kind = 'sale' AND s.created_at >= ? GROUP BY s.biller_id, s.method;
COMMIT;
