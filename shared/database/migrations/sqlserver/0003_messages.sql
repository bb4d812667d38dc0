-- Messages: written in the commit that makes them true, counted once where they are read, set aside if they cannot be.
-- Their ids come in any order: each table lies in the order of time, so that it grows at its end.

CREATE TABLE dbo.outbox (
    id            NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    queue         NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    body          NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NOT NULL,
    payment_id    NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    created_at    DATETIME2(3)  NOT NULL,
    due_at        DATETIME2(3)  NOT NULL,
    attempts      BIGINT        NOT NULL,
    claim         NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NULL,
    claimed_until DATETIME2(3)  NULL,
    sent_at       DATETIME2(3)  NULL,
    CONSTRAINT outbox_pk PRIMARY KEY NONCLUSTERED (id),
    CONSTRAINT outbox_queue_known CHECK (queue IN (N'chase-retry', N'ledger-posting', N'shadow-mirror')),
    CONSTRAINT outbox_body CHECK (ISJSON(body) = 1)
);
CREATE CLUSTERED INDEX outbox_by_time ON dbo.outbox (created_at);

-- What is to be sent, by the time from which it may be: small, because what was sent is not in it.
CREATE NONCLUSTERED INDEX outbox_due ON dbo.outbox (due_at) WHERE sent_at IS NULL;
-- What one sweep took; and what is old enough to be purged.
CREATE NONCLUSTERED INDEX outbox_claim ON dbo.outbox (claim) WHERE claim IS NOT NULL;
CREATE NONCLUSTERED INDEX outbox_sent ON dbo.outbox (sent_at) WHERE sent_at IS NOT NULL;

CREATE TABLE dbo.inbox (
    consumer   NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    message_id NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    done_at    DATETIME2(3) NOT NULL,
    CONSTRAINT inbox_pk PRIMARY KEY NONCLUSTERED (consumer, message_id)
);
CREATE CLUSTERED INDEX inbox_by_time ON dbo.inbox (done_at);
CREATE NONCLUSTERED INDEX inbox_done ON dbo.inbox (done_at);

-- What cannot succeed, with its reason, until a person has dealt with it.
CREATE TABLE dbo.set_aside (
    message_id   NVARCHAR(255) COLLATE Latin1_General_100_BIN2 NOT NULL,
    queue        NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    body         NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NOT NULL,
    reason       NVARCHAR(255) COLLATE Latin1_General_100_BIN2 NOT NULL,
    set_aside_at DATETIME2(3)  NOT NULL,
    CONSTRAINT set_aside_pk PRIMARY KEY CLUSTERED (queue, message_id)
);

CREATE NONCLUSTERED INDEX nonces_seen ON dbo.nonces (seen_at);
