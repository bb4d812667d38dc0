-- Messages: written in the commit that makes them true, counted once where they are read, set aside if they cannot be.

CREATE TABLE outbox (
    id            TEXT    NOT NULL PRIMARY KEY,
    queue         TEXT    NOT NULL CHECK (queue IN ('chase-retry', 'ledger-posting', 'shadow-mirror')),
    body          TEXT    NOT NULL CHECK (json_valid(body)),
    payment_id    TEXT    NOT NULL,
    created_at    TEXT    NOT NULL,
    due_at        TEXT    NOT NULL,
    attempts      INTEGER NOT NULL,
    claim         TEXT,
    claimed_until TEXT,
    sent_at       TEXT
) WITHOUT ROWID;

-- What is to be sent, by the time from which it may be: small, because what was sent is not in it.
CREATE INDEX outbox_due ON outbox (due_at) WHERE sent_at IS NULL;
-- What one sweep took; and what is old enough to be purged.
CREATE INDEX outbox_claim ON outbox (claim) WHERE claim IS NOT NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;

CREATE TABLE inbox (
    consumer   TEXT NOT NULL,
    message_id TEXT NOT NULL,
    done_at    TEXT NOT NULL,
    PRIMARY KEY (consumer, message_id)
) WITHOUT ROWID;

CREATE INDEX inbox_done ON inbox (done_at);

-- What cannot succeed, with its reason, until a person has dealt with it.
CREATE TABLE set_aside (
    message_id   TEXT NOT NULL,
    queue        TEXT NOT NULL,
    body         TEXT NOT NULL,
    reason       TEXT NOT NULL,
    set_aside_at TEXT NOT NULL,
    PRIMARY KEY (queue, message_id)
) WITHOUT ROWID;

CREATE INDEX nonces_seen ON nonces (seen_at);
