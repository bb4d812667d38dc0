-- What is looked at while it runs.

-- To which call a message belongs: it may leave long after that call, and from another process. NULL: to none.

ALTER TABLE dbo.outbox ADD
    correlation_id NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NULL,
    traceparent    NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NULL;

-- How many outcomes are not known, and since when the oldest is not: asked every minute.
CREATE NONCLUSTERED INDEX operations_unknown ON dbo.operations (unknown_since) WHERE state = N'unknown';
