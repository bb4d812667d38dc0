-- The rollout: every version of its document, the switches that a sale's own commit asks for, and what was decided.

CREATE TABLE rollout_versions (
    version  INTEGER NOT NULL PRIMARY KEY CHECK (version >= 1),
    document TEXT    NOT NULL CHECK (json_valid(document)),
    actor    TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    forced   INTEGER NOT NULL CHECK (forced IN (0, 1)),
    at       TEXT    NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER rollout_versions_are_never_changed BEFORE UPDATE ON rollout_versions
BEGIN SELECT RAISE(ABORT, 'versions are append-only'); END;
CREATE TRIGGER rollout_versions_are_never_deleted BEFORE DELETE ON rollout_versions
BEGIN SELECT RAISE(ABORT, 'versions are append-only'); END;

-- One row: what the newest version switches. A duplicate of a sale that wakes late meets it in its own commit.
CREATE TABLE rollout_switches (
    only_row    INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    version     INTEGER NOT NULL,
    kill_switch INTEGER NOT NULL CHECK (kill_switch IN (0, 1)),
    hold_all    INTEGER NOT NULL CHECK (hold_all IN (0, 1))
) WITHOUT ROWID;
INSERT INTO rollout_switches (only_row, version, kill_switch, hold_all) VALUES (1, 0, 0, 0);

-- A decision is made once per attempt and stored for ever, `off` too. Selling under it and closing it write the same
-- row: of the two, the second sees the first.
CREATE TABLE decisions (
    caller         TEXT    NOT NULL,
    attempt        TEXT    NOT NULL,
    biller_id      TEXT    NOT NULL,
    method         TEXT    NOT NULL,
    reference      TEXT    NOT NULL,
    mode           TEXT    NOT NULL CHECK (mode IN ('live', 'shadow', 'off')),
    config_version INTEGER NOT NULL,
    why            TEXT    NOT NULL,
    decided_at     TEXT    NOT NULL,
    expires_at     TEXT,
    sold_at        TEXT,
    PRIMARY KEY (caller, attempt)
) WITHOUT ROWID;

-- The existing processor's arm, and ours, by the day on which they were dealt.
CREATE INDEX decisions_arm ON decisions (biller_id, method, decided_at);
