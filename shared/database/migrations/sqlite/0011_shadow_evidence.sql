-- What became of live sales within minutes: rollout_guard asks every 30 s. The predicate is a literal on purpose.

CREATE INDEX payments_live_time ON payments (created_at, biller_id, method_type) WHERE mode = 'live';
