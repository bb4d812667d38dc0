SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
UPDATE operations SET inquiries = ?, empties = ?, inquire_at = ?
WHERE id = ? AND state = ? AND inquiries = ? AND empties = ? AND inquire_at IS NOT NULL;
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
COMMIT;
