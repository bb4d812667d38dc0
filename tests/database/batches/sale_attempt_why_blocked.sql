SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT biller_id, merchant_id, reference, amount_minor, currency, initiator, at, code, counted, blocks FROM sale_attempts
WHERE fingerprint IN (?, ?) AND (at > ? OR blocks <> 'nothing') ORDER BY at, operation_id;
COMMIT;
