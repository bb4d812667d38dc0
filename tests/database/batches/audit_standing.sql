SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT id FROM payments WHERE id IN (?, ?);
SELECT payment_id, mac FROM history WHERE (payment_id = ? AND sequence = ?) OR (payment_id = ? AND sequence = ?);
COMMIT;
