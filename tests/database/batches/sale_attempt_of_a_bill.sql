SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
UPDATE payments SET instrument_fingerprint = ?, instrument_key = ?, initiator = ?
WHERE id = ?
AND NOT EXISTS (SELECT 1 FROM sale_attempts WHERE fingerprint IN (?, ?) AND (blocks = 'instrument' OR (blocks IN ('merchant', 'authorization') AND (merchant_id = ? OR biller_id = ?))))
AND (SELECT COUNT(*) FROM sale_attempts WHERE fingerprint IN (?, ?) AND at > ? AND counted = 1 AND biller_id = ? AND reference = ? AND amount_minor = ? AND currency = ?) < ?;
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
COMMIT;
