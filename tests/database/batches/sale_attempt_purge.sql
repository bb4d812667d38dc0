SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
DELETE FROM sale_attempts WHERE at < ? AND blocks = 'nothing';
DELETE FROM sale_attempts
WHERE blocks IN ('authorization', 'merchant', 'instrument') AND at < ? AND key_name NOT IN (?, ?);
COMMIT;
