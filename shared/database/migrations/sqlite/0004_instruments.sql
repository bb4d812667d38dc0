-- The instrument of a sale that waits with us while Chase is down: sealed (AES-GCM), and gone when the payment ends.
-- Only bank accounts and tokens: never a card number, a CVV or a wallet's bundle.

CREATE TABLE instruments (
    payment_id TEXT NOT NULL PRIMARY KEY REFERENCES payments (id),
    key_name   TEXT NOT NULL,
    sealed     TEXT NOT NULL,
    kept_at    TEXT NOT NULL
) WITHOUT ROWID;
