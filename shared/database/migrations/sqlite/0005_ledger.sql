-- What the ledger is told, and the embedded journal. Amounts are minor units. Times are UTC text with milliseconds.

-- Written in the payment's own commit; `posted_at` is when the ledger was known to have it.
CREATE TABLE ledger_postings (
    id           TEXT    NOT NULL PRIMARY KEY,
    payment_id   TEXT    NOT NULL REFERENCES payments (id),
    biller_id    TEXT    NOT NULL,
    kind         TEXT    NOT NULL CHECK (kind IN ('captured', 'voided', 'refunded', 'returned', 'charged_back',
                     'chargeback_reversed')),
    amount_minor INTEGER NOT NULL CHECK (amount_minor BETWEEN 1 AND 99999999999),
    currency     TEXT    NOT NULL CHECK (length(currency) = 3),
    at           TEXT    NOT NULL,
    posted_at    TEXT
) WITHOUT ROWID;

CREATE INDEX ledger_postings_payment ON ledger_postings (payment_id, id);
-- What waits to be posted: small, because what is posted is not in it.
CREATE INDEX ledger_postings_unposted ON ledger_postings (at) WHERE posted_at IS NULL;

-- Append-only: the embedded journal, in double entry. A posting's lines balance (shared/payments/journal.py).
CREATE TABLE journal_entries (
    posting_id   TEXT    NOT NULL REFERENCES ledger_postings (id),
    line         INTEGER NOT NULL CHECK (line >= 1),
    account      TEXT    NOT NULL,
    debit_minor  INTEGER NOT NULL,
    credit_minor INTEGER NOT NULL,
    currency     TEXT    NOT NULL CHECK (length(currency) = 3),
    PRIMARY KEY (posting_id, line),
    CONSTRAINT journal_entries_have_one_side CHECK ((debit_minor > 0 AND credit_minor = 0)
        OR (debit_minor = 0 AND credit_minor > 0))
) WITHOUT ROWID;

CREATE TRIGGER journal_entries_are_never_changed BEFORE UPDATE ON journal_entries
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_entries_are_never_deleted BEFORE DELETE ON journal_entries
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
