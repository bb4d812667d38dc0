-- Tries at instruments, for the networks' retry limits: a keyed fingerprint of the instrument, never the instrument.
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
    status       NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    code         NVARCHAR(50)  COLLATE Latin1_General_100_BIN2 NULL,
    network_code NVARCHAR(4)   COLLATE Latin1_General_100_BIN2 NULL,
    advice       NVARCHAR(4)   COLLATE Latin1_General_100_BIN2 NULL,
    counted      TINYINT       NOT NULL,
    blocks       NVARCHAR(20)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    CONSTRAINT sale_attempts_pk PRIMARY KEY CLUSTERED (operation_id),
    CONSTRAINT sale_attempts_amount CHECK (amount_minor BETWEEN 1 AND 99999999999),
    CONSTRAINT sale_attempts_currency CHECK (LEN(currency) = 3),
    CONSTRAINT sale_attempts_initiator CHECK (initiator IN (N'payer', N'biller')),
    CONSTRAINT sale_attempts_status CHECK (status IN (N'in_flight', N'approved', N'declined', N'not_sent',
        N'returned')),
    CONSTRAINT sale_attempts_counted CHECK (counted IN (0, 1)),
    CONSTRAINT sale_attempts_blocks CHECK (blocks IN (N'nothing', N'authorization', N'merchant', N'instrument'))
);

-- What a sale asks about its instrument, in commit 1.
CREATE NONCLUSTERED INDEX sale_attempts_instrument ON dbo.sale_attempts (fingerprint, at);
-- What the purge looks for: the old ones that block nothing, and those whose key is gone.
CREATE NONCLUSTERED INDEX sale_attempts_passing ON dbo.sale_attempts (at) WHERE blocks = N'nothing';
CREATE NONCLUSTERED INDEX sale_attempts_blocking ON dbo.sale_attempts (at)
    WHERE blocks IN (N'authorization', N'merchant', N'instrument');

-- Two sales of one instrument pass one gate, one after the other: the second counts what the first has written.
CREATE TABLE dbo.sale_attempt_gates (
    gate    BIGINT NOT NULL,
    passage BIGINT NOT NULL,
    CONSTRAINT sale_attempt_gates_pk PRIMARY KEY CLUSTERED (gate),
    CONSTRAINT sale_attempt_gates_known CHECK (gate BETWEEN 0 AND 255)
);

INSERT INTO dbo.sale_attempt_gates (gate, passage)
SELECT high.digit * 16 + low.digit, 0
FROM (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15)) AS high (digit)
CROSS JOIN (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15)) AS low (digit);
