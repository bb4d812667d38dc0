-- To which call a message belongs: it may leave long after that call, and from another process. NULL: to none.

ALTER TABLE outbox ADD COLUMN correlation_id TEXT;
ALTER TABLE outbox ADD COLUMN traceparent TEXT;
