SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT COUNT(*), COALESCE(SUM(CASE WHEN o.state = 'succeeded' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN o.state = 'declined' THEN 1 ELSE 0 END), 0) FROM (SELECT TOP (500001) 
caller, attempt FROM decisions
WHERE biller_id = ? AND method = ? AND decided_at >= ? AND decided_at < ? AND mode = ?
AND why IN ('inside_percentage', 'outside_percentage') ORDER BY decided_at
) d
LEFT JOIN idempotency_keys k ON k.caller = d.caller AND k.idempotency_key = d.attempt
LEFT JOIN operations o ON o.payment_id = k.payment_id AND o.kind = 'sale';
SELECT COUNT(*), COALESCE(SUM(CASE WHEN s.control LIKE '{"status":"approved"%' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN s.control LIKE '{"status":"declined"%' THEN 1 ELSE 0 END), 0) FROM (SELECT TOP (500001) 
caller, attempt FROM decisions
WHERE biller_id = ? AND method = ? AND decided_at >= ? AND decided_at < ? AND mode = ?
AND why IN ('inside_percentage', 'outside_percentage') ORDER BY decided_at
) d
LEFT JOIN idempotency_keys k ON k.caller = d.caller AND k.idempotency_key = d.attempt
LEFT JOIN shadow_operations s ON s.payment_id = k.payment_id AND s.sequence = 1 AND s.kind = 'sale';
COMMIT;
