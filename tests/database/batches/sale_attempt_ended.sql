SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
UPDATE sale_attempts SET status = ?, code = ?, network_code = NULL, advice = NULL, counted = ?, blocks = ?
WHERE operation_id = ?;
COMMIT;
