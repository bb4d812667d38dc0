-- Shadow: what is to be mirrored to Chase's tests, in order; what the existing processor answered; how the two compare.
-- A request here holds Chase's public test instruments and a payer that does not exist: they were put in its place
-- before it was stored.

CREATE TABLE dbo.shadow_operations (
    id           NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    payment_id   NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    sequence     BIGINT        NOT NULL,
    kind         NVARCHAR(10)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    biller_id    NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    method       NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    reference    NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    amount_minor BIGINT        NULL,
    actor        NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    reason       NVARCHAR(255) COLLATE Latin1_General_100_BIN2 NULL,
    request      NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NULL,
    control      NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NULL,
    state        NVARCHAR(10)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    created_at   DATETIME2(3)  NOT NULL,
    comparison   NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NULL,
    severity     BIGINT        NULL,
    compared_at  DATETIME2(3)  NULL,
    compare_at   DATETIME2(3)  NULL,
    CONSTRAINT shadow_operations_pk PRIMARY KEY CLUSTERED (id),
    CONSTRAINT shadow_operations_of_payment FOREIGN KEY (payment_id) REFERENCES dbo.payments (id),
    CONSTRAINT shadow_operations_sequence CHECK (sequence >= 1),
    CONSTRAINT shadow_operations_kind_known CHECK (kind IN (N'sale', N'void', N'refund')),
    CONSTRAINT shadow_operations_amount CHECK (amount_minor BETWEEN 1 AND 99999999999),
    CONSTRAINT shadow_operations_request CHECK (request IS NULL OR ISJSON(request) = 1),
    CONSTRAINT shadow_operations_control CHECK (control IS NULL OR ISJSON(control) = 1),
    CONSTRAINT shadow_operations_state_known CHECK (state IN (N'waiting', N'done')),
    CONSTRAINT shadow_operations_comparison CHECK (comparison IS NULL OR ISJSON(comparison) = 1)
);

-- One place in a payment's order each; what waits, to be counted and gated; what is due to be compared again.
CREATE UNIQUE NONCLUSTERED INDEX shadow_operations_order ON dbo.shadow_operations (payment_id, sequence);
CREATE NONCLUSTERED INDEX shadow_operations_waiting ON dbo.shadow_operations (created_at) WHERE state = N'waiting';
CREATE NONCLUSTERED INDEX shadow_operations_compare ON dbo.shadow_operations (compare_at)
    WHERE compare_at IS NOT NULL;
CREATE NONCLUSTERED INDEX shadow_operations_time ON dbo.shadow_operations (created_at);

-- What was eligible and left no row: over the backlog bound. Counted by each process every few seconds.
CREATE TABLE dbo.shadow_losses (
    id        NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    day       NVARCHAR(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    biller_id NVARCHAR(40) COLLATE Latin1_General_100_BIN2 NOT NULL,
    method    NVARCHAR(20) COLLATE Latin1_General_100_BIN2 NOT NULL,
    kind      NVARCHAR(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    lost      BIGINT       NOT NULL,
    CONSTRAINT shadow_losses_pk PRIMARY KEY CLUSTERED (id),
    CONSTRAINT shadow_losses_lost CHECK (lost >= 1)
);

CREATE NONCLUSTERED INDEX shadow_losses_day ON dbo.shadow_losses (day);
