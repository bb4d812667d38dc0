SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
DELETE FROM sale_attempts WHERE operation_id = ?;
INSERT INTO sale_attempts (
    operation_id, fingerprint, key_name, network, biller_id, merchant_id, reference, amount_minor, currency, initiator,
    at, code, network_code, advice, counted, blocks
)
SELECT ?, instrument_fingerprint, instrument_key, ?, biller_id, merchant_id, reference, amount_minor, currency,
    initiator, ?, ?, NULL, NULL, ?, ?
FROM payments WHERE id = ? AND instrument_fingerprint IS NOT NULL;
COMMIT;
