-- Payments, their operations and history, the keys they were asked for under, and the nonces of signed writes.
-- Amounts are minor units. Times are UTC text with milliseconds. Predicates of partial indexes are literals on purpose.

CREATE TABLE payments (
    id                    TEXT    NOT NULL PRIMARY KEY,
    version               INTEGER NOT NULL CHECK (version >= 1),
    state                 TEXT    NOT NULL CHECK (state IN ('received', 'submitted', 'unknown', 'declined', 'failed',
                              'authorized', 'captured', 'settled', 'partially_refunded', 'refunded', 'voided',
                              'returned', 'charged_back')),
    mode                  TEXT    NOT NULL CHECK (mode IN ('live', 'shadow')),
    processor             TEXT    NOT NULL,
    caller                TEXT    NOT NULL,
    idempotency_key       TEXT    NOT NULL,
    biller_id             TEXT    NOT NULL,
    merchant_id           TEXT    NOT NULL,
    reference             TEXT    NOT NULL,
    amount_minor          INTEGER NOT NULL CHECK (amount_minor BETWEEN 1 AND 99999999999),
    currency              TEXT    NOT NULL CHECK (length(currency) = 3),
    captured_minor        INTEGER NOT NULL CHECK (captured_minor BETWEEN 0 AND amount_minor),
    capture_confirmed     INTEGER NOT NULL CHECK (capture_confirmed IN (0, 1)),
    refunded_minor        INTEGER NOT NULL CHECK (refunded_minor >= 0),
    refund_reserved_minor INTEGER NOT NULL CHECK (refund_reserved_minor >= 0),
    returned_minor        INTEGER NOT NULL CHECK (returned_minor >= 0),
    charged_back_minor    INTEGER NOT NULL CHECK (charged_back_minor >= 0),
    captures_at           TEXT,
    settled_at            TEXT,
    method_type           TEXT    NOT NULL,
    method_brand          TEXT,
    method_last4          TEXT    CHECK (length(method_last4) = 4),
    metadata              TEXT    NOT NULL CHECK (json_valid(metadata)),
    created_at            TEXT    NOT NULL,
    updated_at            TEXT    NOT NULL,
    CONSTRAINT refunds_within_capture CHECK (refunded_minor + refund_reserved_minor <= captured_minor)
) WITHOUT ROWID;

-- A bill has one open live payment at most.
CREATE UNIQUE INDEX payments_open_bill ON payments (biller_id, reference)
    WHERE mode = 'live' AND state IN ('received', 'submitted', 'unknown');
-- FindPayments by reference and by state; the positive control takes a merchant's newest of a state.
CREATE INDEX payments_reference ON payments (reference, id);
CREATE INDEX payments_state ON payments (state, id);
CREATE INDEX payments_merchant ON payments (merchant_id, state, id);

CREATE TABLE operations (
    id             TEXT    NOT NULL PRIMARY KEY,
    payment_id     TEXT    NOT NULL REFERENCES payments (id),
    kind           TEXT    NOT NULL CHECK (kind IN ('sale', 'void', 'refund')),
    state          TEXT    NOT NULL CHECK (state IN ('queued', 'submitted', 'succeeded', 'declined', 'failed', 'unknown')),
    amount_minor   INTEGER NOT NULL CHECK (amount_minor BETWEEN 1 AND 99999999999),
    currency       TEXT    NOT NULL,
    request_id     TEXT    NOT NULL,
    created_at     TEXT    NOT NULL,
    claimed_at     TEXT    NOT NULL,
    attempts       INTEGER NOT NULL CHECK (attempts >= 1),
    outcome        TEXT    CHECK (json_valid(outcome)),
    transaction_id TEXT,
    unknown_since  TEXT,
    inquiries      INTEGER NOT NULL,
    empties        INTEGER NOT NULL,
    inquire_at     TEXT
) WITHOUT ROWID;

CREATE INDEX operations_payment ON operations (payment_id, id);
-- One operation in flight per payment.
CREATE UNIQUE INDEX operations_in_flight ON operations (payment_id) WHERE state IN ('submitted', 'unknown');
-- What reconciliation looks for: small, because finished operations are not in them.
CREATE INDEX operations_abandoned ON operations (claimed_at) WHERE state = 'submitted';
CREATE INDEX operations_inquiry_due ON operations (inquire_at) WHERE state = 'unknown';

-- Append-only: what happened to a payment, in order.
CREATE TABLE history (
    payment_id   TEXT    NOT NULL REFERENCES payments (id),
    sequence     INTEGER NOT NULL CHECK (sequence >= 1),
    event        TEXT    NOT NULL,
    from_state   TEXT    NOT NULL,
    to_state     TEXT    NOT NULL,
    actor        TEXT    NOT NULL,
    at           TEXT    NOT NULL,
    operation_id TEXT,
    detail       TEXT    CHECK (detail IS NULL OR json_valid(detail)),
    PRIMARY KEY (payment_id, sequence)
) WITHOUT ROWID;

CREATE TRIGGER history_is_never_changed BEFORE UPDATE ON history
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER history_is_never_deleted BEFORE DELETE ON history
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;

-- A key stands for the payment begun under it, or for the refusal because another payment was open.
CREATE TABLE idempotency_keys (
    caller          TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint_key TEXT NOT NULL,
    fingerprint     TEXT NOT NULL,
    payment_id      TEXT,
    operation_id    TEXT,
    refused_for     TEXT,
    created_at      TEXT NOT NULL,
    PRIMARY KEY (caller, idempotency_key),
    CHECK ((payment_id IS NULL) <> (refused_for IS NULL))
) WITHOUT ROWID;

-- Nonces of signed writes: accepted once. One is of use for 600 s (the clock tolerance, either way), then purged.
CREATE TABLE nonces (
    key_id  TEXT NOT NULL,
    nonce   TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    PRIMARY KEY (key_id, nonce)
) WITHOUT ROWID;
