-- Tries that were declined, for the networks' retry limits: a keyed fingerprint of the instrument, never the instrument.
-- `blocks` is what the network's answer blocks from then on. Predicates of filtered indexes are literals on purpose.

CREATE TABLE dbo.sale_attempts (
    operation_id NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    fingerprint  NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    key_name     NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    network      NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    biller_id    NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    merchant_id  NVARCHAR(12)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    reference    NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    amount_minor BIGINT        NOT NULL,
    currency     NVARCHAR(3)   COLLATE Latin1_General_100_BIN2 NOT NULL,
    initiator    NVARCHAR(10)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    at           DATETIME2(3)  NOT NULL,
    code         NVARCHAR(50)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    network_code NVARCHAR(4)   COLLATE Latin1_General_100_BIN2 NULL,
    advice       NVARCHAR(4)   COLLATE Latin1_General_100_BIN2 NULL,
    counted      TINYINT       NOT NULL,
    blocks       NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    CONSTRAINT sale_attempts_pk PRIMARY KEY CLUSTERED (operation_id),
    CONSTRAINT sale_attempts_amount CHECK (amount_minor BETWEEN 1 AND 99999999999),
    CONSTRAINT sale_attempts_currency CHECK (LEN(currency) = 3),
    CONSTRAINT sale_attempts_initiator CHECK (initiator IN (N'payer', N'biller')),
    CONSTRAINT sale_attempts_counted CHECK (counted IN (0, 1)),
    CONSTRAINT sale_attempts_blocks CHECK (blocks IN (N'nothing', N'authorization', N'merchant', N'instrument'))
);

-- What a sale asks about its instrument, in commit 1.
CREATE NONCLUSTERED INDEX sale_attempts_instrument ON dbo.sale_attempts (fingerprint, at);
-- What the purge looks for: the old ones that block nothing, and those whose key is gone.
CREATE NONCLUSTERED INDEX sale_attempts_passing ON dbo.sale_attempts (at) WHERE blocks = N'nothing';
CREATE NONCLUSTERED INDEX sale_attempts_blocking ON dbo.sale_attempts (at)
    WHERE blocks IN (N'authorization', N'merchant', N'instrument');

-- What a payment was tried with, by which its decline is remembered, however late that is found out.
ALTER TABLE dbo.payments ADD
    instrument_fingerprint NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NULL,
    instrument_key         NVARCHAR(64) COLLATE Latin1_General_100_BIN2 NULL,
    initiator              NVARCHAR(10) COLLATE Latin1_General_100_BIN2 NULL;
GO

ALTER TABLE dbo.payments ADD CONSTRAINT payments_initiator CHECK (initiator IN (N'payer', N'biller'));
