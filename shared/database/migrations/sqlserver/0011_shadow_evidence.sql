-- What became of live sales within minutes: rollout_guard asks every 30 s. The predicate is a literal on purpose.

CREATE NONCLUSTERED INDEX payments_live_time ON dbo.payments (created_at, biller_id, method_type)
    WHERE mode = N'live';
