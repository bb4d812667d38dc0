-- Shadow: what is to be mirrored to Chase's tests, in order; what the existing processor answered; how the two compare.
-- A request here holds Chase's public test instruments and a payer that does not exist: they were put in its place
-- before it was stored.

CREATE TABLE shadow_operations (
    id           TEXT    NOT NULL PRIMARY KEY,
    payment_id   TEXT    NOT NULL REFERENCES payments (id),
    sequence     INTEGER NOT NULL CHECK (sequence >= 1),
    kind         TEXT    NOT NULL CHECK (kind IN ('sale', 'void', 'refund')),
    biller_id    TEXT    NOT NULL,
    method       TEXT    NOT NULL,
    reference    TEXT    NOT NULL,
    amount_minor INTEGER CHECK (amount_minor BETWEEN 1 AND 99999999999),
    actor        TEXT    NOT NULL,
    reason       TEXT,
    request      TEXT    CHECK (request IS NULL OR json_valid(request)),
    control      TEXT    CHECK (control IS NULL OR json_valid(control)),
    state        TEXT    NOT NULL CHECK (state IN ('waiting', 'done')),
    created_at   TEXT    NOT NULL,
    comparison   TEXT    CHECK (comparison IS NULL OR json_valid(comparison)),
    severity     INTEGER,
    compared_at  TEXT,
    compare_at   TEXT
) WITHOUT ROWID;

-- One place in a payment's order each; what waits, to be counted and gated; what is due to be compared again.
CREATE UNIQUE INDEX shadow_operations_order ON shadow_operations (payment_id, sequence);
CREATE INDEX shadow_operations_waiting ON shadow_operations (created_at) WHERE state = 'waiting';
CREATE INDEX shadow_operations_compare ON shadow_operations (compare_at) WHERE compare_at IS NOT NULL;
CREATE INDEX shadow_operations_time ON shadow_operations (created_at);

-- What was eligible and left no row: over the backlog bound. Counted by each process every few seconds.
CREATE TABLE shadow_losses (
    id        TEXT    NOT NULL PRIMARY KEY,
    day       TEXT    NOT NULL,
    biller_id TEXT    NOT NULL,
    method    TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    lost      INTEGER NOT NULL CHECK (lost >= 1)
) WITHOUT ROWID;

CREATE INDEX shadow_losses_day ON shadow_losses (day);
