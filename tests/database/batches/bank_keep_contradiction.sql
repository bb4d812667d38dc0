SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO bank_facts (id, file_sha256, digest, kind, reference, transaction_id, order_number, merchant_id, code, reason, amount_minor, currency, occurred_at, status, attempts, due_at, set_aside_at, set_aside_reason) SELECT ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM bank_facts WHERE id = ?);
COMMIT;
