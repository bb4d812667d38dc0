SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
UPDATE bank_files SET outcome = 'imported', imported_at = ? WHERE sha256 = ? AND outcome = 'importing';
COMMIT;
