-- What the ledger is told, and the embedded journal. Amounts are minor units. Times are UTC.

-- Written in the payment's own commit; `posted_at` is when the ledger was known to have it.
-- Ids come in any order: the clustered index is over the time, so that it grows at its end.
CREATE TABLE dbo.ledger_postings (
    id           NVARCHAR(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    payment_id   NVARCHAR(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    biller_id    NVARCHAR(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    kind         NVARCHAR(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    amount_minor BIGINT       NOT NULL,
    currency     NVARCHAR(3)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    at           DATETIME2(3) NOT NULL,
    posted_at    DATETIME2(3) NULL,
    CONSTRAINT ledger_postings_pk PRIMARY KEY NONCLUSTERED (id),
    CONSTRAINT ledger_postings_of_payment FOREIGN KEY (payment_id) REFERENCES dbo.payments (id),
    CONSTRAINT ledger_postings_kind_known CHECK (kind IN (N'captured', N'voided', N'refunded', N'returned',
        N'charged_back', N'chargeback_reversed')),
    CONSTRAINT ledger_postings_amount CHECK (amount_minor BETWEEN 1 AND 99999999999),
    CONSTRAINT ledger_postings_currency CHECK (LEN(currency) = 3)
);
CREATE CLUSTERED INDEX ledger_postings_by_time ON dbo.ledger_postings (at);

CREATE NONCLUSTERED INDEX ledger_postings_payment ON dbo.ledger_postings (payment_id, id);
-- What waits to be posted: small, because what is posted is not in it.
CREATE NONCLUSTERED INDEX ledger_postings_unposted ON dbo.ledger_postings (at) WHERE posted_at IS NULL;

-- Append-only: the embedded journal, in double entry. A posting's lines balance (shared/payments/journal.py).
CREATE TABLE dbo.journal_entries (
    posting_id   NVARCHAR(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    line         BIGINT       NOT NULL,
    account      NVARCHAR(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    debit_minor  BIGINT       NOT NULL,
    credit_minor BIGINT       NOT NULL,
    currency     NVARCHAR(3)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    CONSTRAINT journal_entries_pk PRIMARY KEY CLUSTERED (posting_id, line),
    CONSTRAINT journal_entries_of_posting FOREIGN KEY (posting_id) REFERENCES dbo.ledger_postings (id),
    CONSTRAINT journal_entries_line CHECK (line >= 1),
    CONSTRAINT journal_entries_currency CHECK (LEN(currency) = 3),
    CONSTRAINT journal_entries_have_one_side CHECK ((debit_minor > 0 AND credit_minor = 0)
        OR (debit_minor = 0 AND credit_minor > 0))
);
GO

-- Not a number of the guards (51001 and up): who changes the journal meets a rule, not a competitor.
CREATE TRIGGER dbo.journal_entries_are_never_changed ON dbo.journal_entries AFTER UPDATE AS
BEGIN
    SET NOCOUNT ON;
    THROW 50001, 'the journal is append-only', 1;
END;
GO

CREATE TRIGGER dbo.journal_entries_are_never_deleted ON dbo.journal_entries AFTER DELETE AS
BEGIN
    SET NOCOUNT ON;
    THROW 50001, 'the journal is append-only', 1;
END;
GO
