-- What the bank said: its files, each once by its content, and the facts in them, each once by the bank's reference.
-- Rows are kept for ever: a file or a fact that comes again years later must still be known.

CREATE TABLE bank_files (
    sha256      TEXT    NOT NULL PRIMARY KEY CHECK (length(sha256) = 64),
    name        TEXT    NOT NULL,
    kind        TEXT    CHECK (kind IN ('settlement', 'returns')),
    lines       INTEGER,
    total_minor INTEGER,
    outcome     TEXT    NOT NULL CHECK (outcome IN ('importing', 'imported', 'refused')),
    reason      TEXT,
    seen_at     TEXT    NOT NULL,
    imported_at TEXT
) WITHOUT ROWID;

CREATE TABLE bank_facts (
    id             TEXT    NOT NULL PRIMARY KEY,
    file_sha256    TEXT    NOT NULL REFERENCES bank_files (sha256),
    digest         TEXT    NOT NULL,
    kind           TEXT    NOT NULL CHECK (kind IN ('settlement', 'return', 'chargeback', 'chargeback_reversal')),
    reference      TEXT    NOT NULL,
    transaction_id TEXT,
    order_number   TEXT,
    merchant_id    TEXT,
    code           TEXT,
    reason         TEXT,
    amount_minor   INTEGER NOT NULL CHECK (amount_minor BETWEEN 1 AND 99999999999),
    currency       TEXT    NOT NULL CHECK (length(currency) = 3),
    occurred_at    TEXT    NOT NULL,
    status         TEXT    NOT NULL CHECK (status IN ('pending', 'applied', 'set_aside')),
    attempts       INTEGER NOT NULL CHECK (attempts >= 0),
    due_at         TEXT    NOT NULL,
    payment_id     TEXT    REFERENCES payments (id),
    applied_at     TEXT,
    set_aside_at   TEXT,
    set_aside_reason TEXT,
    CONSTRAINT bank_facts_applied CHECK (status <> 'applied' OR (applied_at IS NOT NULL AND payment_id IS NOT NULL)),
    CONSTRAINT bank_facts_set_aside CHECK (status <> 'set_aside' OR set_aside_reason IS NOT NULL)
) WITHOUT ROWID;

-- What is to be applied, and what waits for a person: small, because applied facts are in neither.
CREATE INDEX bank_facts_pending ON bank_facts (occurred_at, id) WHERE status = 'pending';
CREATE INDEX bank_facts_for_a_person ON bank_facts (set_aside_at, id) WHERE status = 'set_aside';
-- A fact names its payment by Chase's id of the sale; written once a sale, when its outcome is.
CREATE INDEX operations_sale_transaction ON operations (transaction_id, payment_id)
    WHERE kind = 'sale' AND state IN ('succeeded', 'unknown');
-- Captured, and no settlement heard of.
CREATE INDEX payments_unsettled ON payments (settled_at, created_at)
    WHERE mode = 'live' AND state IN ('captured', 'partially_refunded', 'refunded');
