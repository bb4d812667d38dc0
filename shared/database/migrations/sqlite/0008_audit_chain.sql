-- The seals of the history, the head of each payment's chain, and our copies of the daily anchors.
-- Rows older than this have no seal: the verifier tells each. All seals are hex of 32 bytes.

ALTER TABLE history ADD COLUMN mac TEXT;
ALTER TABLE history ADD COLUMN mac_key TEXT;

ALTER TABLE payments ADD COLUMN history_length INTEGER;
ALTER TABLE payments ADD COLUMN history_head TEXT;
ALTER TABLE payments ADD COLUMN head_key TEXT;

-- What an anchor covers: the payments touched since the one before.
CREATE INDEX payments_updated ON payments (updated_at, id);

CREATE TABLE audit_anchors (
    day      TEXT    NOT NULL PRIMARY KEY,
    payments INTEGER NOT NULL CHECK (payments >= 0),
    entries  INTEGER NOT NULL CHECK (entries >= 0),
    root     TEXT    NOT NULL,
    root_key TEXT    NOT NULL,
    made_at  TEXT    NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER audit_anchors_are_never_changed BEFORE UPDATE ON audit_anchors
BEGIN SELECT RAISE(ABORT, 'audit_anchors is append-only'); END;
CREATE TRIGGER audit_anchors_are_never_deleted BEFORE DELETE ON audit_anchors
BEGIN SELECT RAISE(ABORT, 'audit_anchors is append-only'); END;
