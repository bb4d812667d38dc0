SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
UPDATE operations SET inquiries = ?, empties = ?, inquire_at = ?
WHERE id = ? AND state = 'unknown' AND inquiries = ? AND empties = ?;
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
COMMIT;
