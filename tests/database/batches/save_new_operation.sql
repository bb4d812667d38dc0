SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO operations (id, payment_id, kind, amount_minor, currency, request_id, created_at, purpose, actor, reason, state, claimed_at, attempts, outcome, transaction_id, unknown_since, inquiries, empties, inquire_at, send_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, ?, NULL, ?, ?, ?, NULL);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
UPDATE payments SET version = ?, state = ?, captured_minor = ?, capture_confirmed = ?, refunded_minor = ?, refund_reserved_minor = ?, returned_minor = ?, charged_back_minor = ?, captures_at = ?, settled_at = NULL, updated_at = ?, instrument_kept = ?, history_length = ?, history_head = ?, head_key = ? WHERE id = ? AND version = ?;
IF @@ROWCOUNT <> 1 THROW 51002, 'guard', 1;
COMMIT;
