SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
UPDATE bank_files SET name = ?, kind = ?, lines = ?, total_minor = ?, outcome = 'importing', reason = NULL
WHERE sha256 = ? AND outcome = 'refused';
INSERT INTO bank_files (sha256, name, kind, lines, total_minor, outcome, seen_at) SELECT ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM bank_files WHERE sha256 = ?);
COMMIT;
