-- Payments, their operations and history, the keys they were asked for under, and the nonces of signed writes.
-- Amounts are minor units. Times are UTC. Predicates of filtered indexes are literals on purpose.
-- NVARCHAR throughout: pyodbc binds text as NVARCHAR, and a VARCHAR column would be converted row by row to compare.
-- BIN2: `=` is exact, and ids sort by time. Lengths are those of the contract (docs/openapi.yaml).

CREATE TABLE dbo.payments (
    id                    NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    version               BIGINT        NOT NULL,
    state                 NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    mode                  NVARCHAR(10)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    processor             NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    caller                NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    idempotency_key       NVARCHAR(255) COLLATE Latin1_General_100_BIN2 NOT NULL,
    biller_id             NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    merchant_id           NVARCHAR(12)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    reference             NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    amount_minor          BIGINT        NOT NULL,
    currency              NVARCHAR(3)   COLLATE Latin1_General_100_BIN2 NOT NULL,
    captured_minor        BIGINT        NOT NULL,
    capture_confirmed     TINYINT       NOT NULL,
    refunded_minor        BIGINT        NOT NULL,
    refund_reserved_minor BIGINT        NOT NULL,
    returned_minor        BIGINT        NOT NULL,
    charged_back_minor    BIGINT        NOT NULL,
    captures_at           DATETIME2(3)  NULL,
    settled_at            DATETIME2(3)  NULL,
    method_type           NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    method_brand          NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NULL,
    method_last4          NVARCHAR(4)   COLLATE Latin1_General_100_BIN2 NULL,
    metadata              NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NOT NULL,
    created_at            DATETIME2(3)  NOT NULL,
    updated_at            DATETIME2(3)  NOT NULL,
    CONSTRAINT payments_pk PRIMARY KEY CLUSTERED (id),
    CONSTRAINT payments_version CHECK (version >= 1),
    CONSTRAINT payments_state_known CHECK (state IN (N'received', N'submitted', N'unknown', N'declined', N'failed',
        N'authorized', N'captured', N'settled', N'partially_refunded', N'refunded', N'voided',
        N'returned', N'charged_back')),
    CONSTRAINT payments_mode_known CHECK (mode IN (N'live', N'shadow')),
    CONSTRAINT payments_amount CHECK (amount_minor BETWEEN 1 AND 99999999999),
    CONSTRAINT payments_currency CHECK (LEN(currency) = 3),
    CONSTRAINT payments_captured CHECK (captured_minor BETWEEN 0 AND amount_minor),
    CONSTRAINT payments_capture_confirmed CHECK (capture_confirmed IN (0, 1)),
    CONSTRAINT payments_refunded CHECK (refunded_minor >= 0),
    CONSTRAINT payments_refund_reserved CHECK (refund_reserved_minor >= 0),
    CONSTRAINT payments_returned CHECK (returned_minor >= 0),
    CONSTRAINT payments_charged_back CHECK (charged_back_minor >= 0),
    CONSTRAINT payments_last4 CHECK (LEN(method_last4) = 4),
    CONSTRAINT payments_metadata CHECK (ISJSON(metadata) = 1),
    CONSTRAINT refunds_within_capture CHECK (refunded_minor + refund_reserved_minor <= captured_minor)
);

-- A bill has one open live payment at most.
CREATE UNIQUE NONCLUSTERED INDEX payments_open_bill ON dbo.payments (biller_id, reference)
    WHERE mode = N'live' AND state IN (N'received', N'submitted', N'unknown');
-- FindPayments by reference and by state; the positive control takes a merchant's newest of a state.
CREATE NONCLUSTERED INDEX payments_reference ON dbo.payments (reference, id);
CREATE NONCLUSTERED INDEX payments_state ON dbo.payments (state, id);
CREATE NONCLUSTERED INDEX payments_merchant ON dbo.payments (merchant_id, state, id);

CREATE TABLE dbo.operations (
    id             NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    payment_id     NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    kind           NVARCHAR(10)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    state          NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    amount_minor   BIGINT        NOT NULL,
    currency       NVARCHAR(3)   COLLATE Latin1_General_100_BIN2 NOT NULL,
    request_id     NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    created_at     DATETIME2(3)  NOT NULL,
    claimed_at     DATETIME2(3)  NOT NULL,
    attempts       BIGINT        NOT NULL,
    outcome        NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NULL,
    transaction_id NVARCHAR(100) COLLATE Latin1_General_100_BIN2 NULL,
    unknown_since  DATETIME2(3)  NULL,
    inquiries      BIGINT        NOT NULL,
    empties        BIGINT        NOT NULL,
    inquire_at     DATETIME2(3)  NULL,
    CONSTRAINT operations_pk PRIMARY KEY CLUSTERED (id),
    CONSTRAINT operations_of_payment FOREIGN KEY (payment_id) REFERENCES dbo.payments (id),
    CONSTRAINT operations_kind_known CHECK (kind IN (N'sale', N'void', N'refund')),
    CONSTRAINT operations_state_known CHECK (state IN (N'queued', N'submitted', N'succeeded', N'declined', N'failed',
        N'unknown')),
    CONSTRAINT operations_amount CHECK (amount_minor BETWEEN 1 AND 99999999999),
    CONSTRAINT operations_attempts CHECK (attempts >= 1),
    CONSTRAINT operations_outcome CHECK (ISJSON(outcome) = 1)
);

CREATE NONCLUSTERED INDEX operations_payment ON dbo.operations (payment_id, id);
-- One operation in flight per payment.
CREATE UNIQUE NONCLUSTERED INDEX operations_in_flight ON dbo.operations (payment_id)
    WHERE state IN (N'submitted', N'unknown');
-- What reconciliation looks for: small, because finished operations are not in them.
CREATE NONCLUSTERED INDEX operations_abandoned ON dbo.operations (claimed_at) WHERE state = N'submitted';
CREATE NONCLUSTERED INDEX operations_inquiry_due ON dbo.operations (inquire_at) WHERE state = N'unknown';

-- Append-only: what happened to a payment, in order.
CREATE TABLE dbo.history (
    payment_id   NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    sequence     BIGINT        NOT NULL,
    event        NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    from_state   NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    to_state     NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    actor        NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    at           DATETIME2(3)  NOT NULL,
    operation_id NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NULL,
    detail       NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NULL,
    CONSTRAINT history_detail CHECK (detail IS NULL OR ISJSON(detail) = 1),
    CONSTRAINT history_pk PRIMARY KEY CLUSTERED (payment_id, sequence),
    CONSTRAINT history_of_payment FOREIGN KEY (payment_id) REFERENCES dbo.payments (id),
    CONSTRAINT history_sequence_positive CHECK (sequence >= 1)
);

-- A key stands for the payment begun under it, or for the refusal because another payment was open.
-- Keys come in any order: the clustered index is over the time, so that it grows at its end.
CREATE TABLE dbo.idempotency_keys (
    caller          NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    idempotency_key NVARCHAR(255) COLLATE Latin1_General_100_BIN2 NOT NULL,
    fingerprint_key NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    fingerprint     NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    payment_id      NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NULL,
    operation_id    NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NULL,
    refused_for     NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NULL,
    created_at      DATETIME2(3)  NOT NULL,
    CONSTRAINT idempotency_keys_pk PRIMARY KEY NONCLUSTERED (caller, idempotency_key),
    CONSTRAINT idempotency_keys_stand_for_one CHECK (
        (payment_id IS NULL AND refused_for IS NOT NULL) OR (payment_id IS NOT NULL AND refused_for IS NULL))
);
CREATE CLUSTERED INDEX idempotency_keys_by_time ON dbo.idempotency_keys (created_at);

-- Nonces of signed writes: accepted once. One is of use for 600 s (the clock tolerance, either way), then purged.
CREATE TABLE dbo.nonces (
    key_id  NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    nonce   NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    seen_at DATETIME2(3) NOT NULL,
    CONSTRAINT nonces_pk PRIMARY KEY NONCLUSTERED (key_id, nonce)
);
CREATE CLUSTERED INDEX nonces_by_time ON dbo.nonces (seen_at);
GO

-- Not a number of the guards (51001 and up): who changes history meets a rule, not a competitor.
CREATE TRIGGER dbo.history_is_never_changed ON dbo.history AFTER UPDATE AS
BEGIN
    SET NOCOUNT ON;
    THROW 50001, 'history is append-only', 1;
END;
GO

CREATE TRIGGER dbo.history_is_never_deleted ON dbo.history AFTER DELETE AS
BEGIN
    SET NOCOUNT ON;
    THROW 50001, 'history is append-only', 1;
END;
GO
