-- The seals of the history, the head of each payment's chain, and our copies of the daily anchors.
-- Rows older than this have no seal: the verifier tells each. All seals are hex of 32 bytes.
-- NULL without a default: the columns come as metadata alone, and the append-only history is not written.

ALTER TABLE dbo.history ADD
    mac     NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NULL,
    mac_key NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NULL;

ALTER TABLE dbo.payments ADD
    history_length BIGINT       NULL,
    history_head   NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NULL,
    head_key       NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NULL;

-- What an anchor covers: the payments touched since the one before.
CREATE NONCLUSTERED INDEX payments_updated ON dbo.payments (updated_at, id);

CREATE TABLE dbo.audit_anchors (
    day      NVARCHAR(10) COLLATE Latin1_General_100_BIN2 NOT NULL,
    payments BIGINT       NOT NULL,
    entries  BIGINT       NOT NULL,
    root     NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    root_key NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    made_at  DATETIME2(3) NOT NULL,
    CONSTRAINT audit_anchors_pk PRIMARY KEY CLUSTERED (day),
    CONSTRAINT audit_anchors_payments CHECK (payments >= 0),
    CONSTRAINT audit_anchors_entries CHECK (entries >= 0)
);
GO

CREATE TRIGGER dbo.audit_anchors_are_never_changed ON dbo.audit_anchors AFTER UPDATE AS
BEGIN
    SET NOCOUNT ON;
    THROW 50001, 'audit_anchors is append-only', 1;
END;
GO

CREATE TRIGGER dbo.audit_anchors_are_never_deleted ON dbo.audit_anchors AFTER DELETE AS
BEGIN
    SET NOCOUNT ON;
    THROW 50001, 'audit_anchors is append-only', 1;
END;
GO
