-- The rollout: every version of its document, the switches that a sale's own commit asks for, and what was decided.

CREATE TABLE dbo.rollout_versions (
    version  BIGINT        NOT NULL,
    document NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NOT NULL,
    actor    NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    reason   NVARCHAR(255) COLLATE Latin1_General_100_BIN2 NOT NULL,
    forced   TINYINT       NOT NULL,
    at       DATETIME2(3)  NOT NULL,
    CONSTRAINT rollout_versions_pk PRIMARY KEY CLUSTERED (version),
    CONSTRAINT rollout_versions_version CHECK (version >= 1),
    CONSTRAINT rollout_versions_document CHECK (ISJSON(document) = 1),
    CONSTRAINT rollout_versions_forced CHECK (forced IN (0, 1))
);
GO

CREATE TRIGGER dbo.rollout_versions_are_never_changed ON dbo.rollout_versions AFTER UPDATE AS
BEGIN
    SET NOCOUNT ON;
    THROW 50001, 'versions are append-only', 1;
END;
GO

CREATE TRIGGER dbo.rollout_versions_are_never_deleted ON dbo.rollout_versions AFTER DELETE AS
BEGIN
    SET NOCOUNT ON;
    THROW 50001, 'versions are append-only', 1;
END;
GO

-- One row: what the newest version switches. A duplicate of a sale that wakes late meets it in its own commit.
CREATE TABLE dbo.rollout_switches (
    only_row    TINYINT NOT NULL,
    version     BIGINT  NOT NULL,
    kill_switch TINYINT NOT NULL,
    hold_all    TINYINT NOT NULL,
    CONSTRAINT rollout_switches_pk PRIMARY KEY CLUSTERED (only_row),
    CONSTRAINT rollout_switches_only_row CHECK (only_row = 1),
    CONSTRAINT rollout_switches_kill CHECK (kill_switch IN (0, 1)),
    CONSTRAINT rollout_switches_hold CHECK (hold_all IN (0, 1))
);
INSERT INTO dbo.rollout_switches (only_row, version, kill_switch, hold_all) VALUES (1, 0, 0, 0);

-- A decision is made once per attempt and stored for ever, `off` too. Selling under it and closing it write the same
-- row: of the two, the second sees the first. Attempts come in any order: rows lie by time.
CREATE TABLE dbo.decisions (
    caller         NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL,
    attempt        NVARCHAR(255) COLLATE Latin1_General_100_BIN2 NOT NULL,
    biller_id      NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    method         NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    reference      NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    mode           NVARCHAR(10)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    config_version BIGINT        NOT NULL,
    why            NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    decided_at     DATETIME2(3)  NOT NULL,
    expires_at     DATETIME2(3)  NULL,
    sold_at        DATETIME2(3)  NULL,
    CONSTRAINT decisions_pk PRIMARY KEY NONCLUSTERED (caller, attempt),
    CONSTRAINT decisions_mode_known CHECK (mode IN (N'live', N'shadow', N'off'))
);
CREATE CLUSTERED INDEX decisions_by_time ON dbo.decisions (decided_at);

-- The existing processor's arm, and ours, by the day on which they were dealt.
CREATE NONCLUSTERED INDEX decisions_arm ON dbo.decisions (biller_id, method, decided_at);
