SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
UPDATE operations SET state = ?, claimed_at = ?, attempts = ?, outcome = ?, transaction_id = ?, unknown_since = NULL, inquiries = ?, empties = ?, inquire_at = ?, send_at = NULL WHERE id = ? AND state = ?;
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
UPDATE payments SET version = ?, state = ?, captured_minor = ?, capture_confirmed = ?, refunded_minor = ?, refund_reserved_minor = ?, returned_minor = ?, charged_back_minor = ?, captures_at = ?, settled_at = NULL, updated_at = ?, instrument_kept = ?, history_length = ?, history_head = ?, head_key = ? WHERE id = ? AND version = ?;
IF @@ROWCOUNT <> 1 THROW 51002, 'guard', 1;
INSERT INTO history (payment_id, sequence, event, from_state, to_state, actor, at, operation_id, detail, mac, mac_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51003, 'guard', 1;
COMMIT;
