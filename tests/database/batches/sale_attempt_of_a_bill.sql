SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
UPDATE sale_attempt_gates SET passage = passage + 1 WHERE gate = ?;
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
INSERT INTO sale_attempts (operation_id, fingerprint, key_name, network, biller_id, merchant_id, reference, amount_minor, currency, initiator, at, status, counted, blocks)
SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
WHERE NOT EXISTS (SELECT 1 FROM sale_attempts WHERE fingerprint IN (?) AND (blocks = 'instrument' OR (blocks IN ('merchant', 'authorization') AND (merchant_id = ? OR biller_id = ?))))
AND (SELECT COUNT(*) FROM sale_attempts WHERE fingerprint IN (?) AND at > ? AND (counted = 1 OR (status = 'in_flight' AND at > ?)) AND biller_id = ? AND reference = ? AND amount_minor = ? AND currency = ?) < ?;
IF @@ROWCOUNT <> 1 THROW 51002, 'guard', 1;
COMMIT;
