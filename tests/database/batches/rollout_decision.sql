SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT caller, attempt, biller_id, method, reference, mode, config_version, why, decided_at, expires_at FROM decisions WHERE caller = ? AND attempt = ?;
COMMIT;
