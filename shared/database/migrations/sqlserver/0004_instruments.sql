-- The instrument of a sale that waits with us while Chase is down: sealed (AES-GCM), and gone when the payment ends.
-- Only bank accounts and tokens: never a card number, a CVV or a wallet's bundle.

CREATE TABLE dbo.instruments (
    payment_id NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    key_name   NVARCHAR(64)  COLLATE Latin1_General_100_BIN2 NOT NULL,
    sealed     NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2 NOT NULL,
    kept_at    DATETIME2(3)  NOT NULL,
    CONSTRAINT instruments_pk PRIMARY KEY CLUSTERED (payment_id),
    CONSTRAINT instruments_of_payment FOREIGN KEY (payment_id) REFERENCES dbo.payments (id)
);
