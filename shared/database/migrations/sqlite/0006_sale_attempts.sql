-- Tries that were declined, for the networks' retry limits: a keyed fingerprint of the instrument, never the instrument.
-- `blocks` is what the network's answer blocks from then on. Predicates of partial indexes are literals on purpose.

CREATE TABLE sale_attempts (
    operation_id TEXT    NOT NULL PRIMARY KEY,
    fingerprint  TEXT    NOT NULL,
    key_name     TEXT    NOT NULL,
    network      TEXT    NOT NULL,
    biller_id    TEXT    NOT NULL,
    merchant_id  TEXT    NOT NULL,
    reference    TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor BETWEEN 1 AND 99999999999),
    currency     TEXT    NOT NULL CHECK (length(currency) = 3),
    initiator    TEXT    NOT NULL CHECK (initiator IN ('payer', 'biller')),
    at           TEXT    NOT NULL,
    code         TEXT    NOT NULL,
    network_code TEXT,
    advice       TEXT,
    counted      INTEGER NOT NULL CHECK (counted IN (0, 1)),
    blocks       TEXT    NOT NULL CHECK (blocks IN ('nothing', 'authorization', 'merchant', 'instrument'))
) WITHOUT ROWID;

-- What a sale asks about its instrument, in commit 1.
CREATE INDEX sale_attempts_instrument ON sale_attempts (fingerprint, at);
-- What the purge looks for: the old ones that block nothing, and those whose key is gone.
CREATE INDEX sale_attempts_passing ON sale_attempts (at) WHERE blocks = 'nothing';
CREATE INDEX sale_attempts_blocking ON sale_attempts (at)
    WHERE blocks IN ('authorization', 'merchant', 'instrument');

-- What a payment was tried with, by which its decline is remembered, however late that is found out.
ALTER TABLE payments ADD COLUMN instrument_fingerprint TEXT;
ALTER TABLE payments ADD COLUMN instrument_key TEXT;
ALTER TABLE payments ADD COLUMN initiator TEXT CHECK (initiator IN ('payer', 'biller'));
