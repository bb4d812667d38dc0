-- What the bank said: its files, each once by its content, and the facts in them, each once by the bank's reference.
-- Rows are kept for ever: a file or a fact that comes again years later must still be known.

CREATE TABLE dbo.bank_files (
    sha256      NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    name        NVARCHAR(120) COLLATE Latin1_General_100_BIN2 NOT NULL,
    kind        NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NULL,
    lines       BIGINT        NULL,
    total_minor BIGINT        NULL,
    outcome     NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    reason      NVARCHAR(400) COLLATE Latin1_General_100_BIN2 NULL,
    seen_at     DATETIME2(3)  NOT NULL,
    imported_at DATETIME2(3)  NULL,
    CONSTRAINT bank_files_pk PRIMARY KEY CLUSTERED (sha256),
    CONSTRAINT bank_files_sha256 CHECK (LEN(sha256) = 64),
    CONSTRAINT bank_files_kind_known CHECK (kind IN (N'settlement', N'returns')),
    CONSTRAINT bank_files_outcome_known CHECK (outcome IN (N'importing', N'imported', N'refused'))
);

CREATE TABLE dbo.bank_facts (
    id             NVARCHAR(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    file_sha256    NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    digest         NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    kind           NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    reference      NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    transaction_id NVARCHAR(100) COLLATE Latin1_General_100_BIN2 NULL,
    order_number   NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NULL,
    merchant_id    NVARCHAR(12)  COLLATE Latin1_General_100_BIN2 NULL,
    code           NVARCHAR(3)   COLLATE Latin1_General_100_BIN2 NULL,
    reason         NVARCHAR(60)  COLLATE Latin1_General_100_BIN2 NULL,
    amount_minor   BIGINT        NOT NULL,
    currency       NVARCHAR(3)   COLLATE Latin1_General_100_BIN2 NOT NULL,
    occurred_at    DATETIME2(3)  NOT NULL,
    status         NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    attempts       BIGINT        NOT NULL,
    due_at         DATETIME2(3)  NOT NULL,
    payment_id     NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NULL,
    applied_at     DATETIME2(3)  NULL,
    set_aside_at   DATETIME2(3)  NULL,
    set_aside_reason NVARCHAR(400) COLLATE Latin1_General_100_BIN2 NULL,
    CONSTRAINT bank_facts_pk PRIMARY KEY CLUSTERED (id),
    CONSTRAINT bank_facts_of_file FOREIGN KEY (file_sha256) REFERENCES dbo.bank_files (sha256),
    CONSTRAINT bank_facts_of_payment FOREIGN KEY (payment_id) REFERENCES dbo.payments (id),
    CONSTRAINT bank_facts_kind_known CHECK (kind IN (N'settlement', N'return', N'chargeback', N'chargeback_reversal')),
    CONSTRAINT bank_facts_amount CHECK (amount_minor BETWEEN 1 AND 99999999999),
    CONSTRAINT bank_facts_currency CHECK (LEN(currency) = 3),
    CONSTRAINT bank_facts_status_known CHECK (status IN (N'pending', N'applied', N'set_aside')),
    CONSTRAINT bank_facts_attempts CHECK (attempts >= 0),
    CONSTRAINT bank_facts_applied CHECK (
        status <> N'applied' OR (applied_at IS NOT NULL AND payment_id IS NOT NULL)),
    CONSTRAINT bank_facts_set_aside CHECK (status <> N'set_aside' OR set_aside_reason IS NOT NULL)
);

-- What is to be applied, and what waits for a person: small, because applied facts are in neither.
CREATE NONCLUSTERED INDEX bank_facts_pending ON dbo.bank_facts (occurred_at, id) WHERE status = N'pending';
CREATE NONCLUSTERED INDEX bank_facts_for_a_person ON dbo.bank_facts (set_aside_at, id) WHERE status = N'set_aside';
-- A fact names its payment by Chase's id of the sale; written once a sale, when its outcome is.
CREATE NONCLUSTERED INDEX operations_sale_transaction ON dbo.operations (transaction_id, payment_id)
    WHERE kind = N'sale' AND state IN (N'succeeded', N'unknown');
-- Captured, and no settlement heard of.
CREATE NONCLUSTERED INDEX payments_unsettled ON dbo.payments (settled_at, created_at)
    WHERE mode = N'live' AND state IN (N'captured', N'partially_refunded', N'refunded');
