-- What is looked at while it runs.

-- To which call a message belongs: it may leave long after that call, and from another process. NULL: to none.

ALTER TABLE outbox ADD COLUMN correlation_id TEXT;
ALTER TABLE outbox ADD COLUMN traceparent TEXT;

-- How many outcomes are not known, and since when the oldest is not: asked every minute.
CREATE INDEX operations_unknown ON operations (unknown_since) WHERE state = 'unknown';
