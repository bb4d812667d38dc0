SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO idempotency_keys (caller, idempotency_key, fingerprint_key, fingerprint, payment_id, operation_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
INSERT INTO payments (id, mode, processor, caller, idempotency_key, biller_id, merchant_id, reference, amount_minor, currency, method_type, method_brand, method_last4, metadata, created_at, refundable_from, version, state, captured_minor, capture_confirmed, refunded_minor, refund_reserved_minor, returned_minor, charged_back_minor, captures_at, settled_at, updated_at, instrument_kept, history_length, history_head, head_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?, ?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51002, 'guard', 1;
INSERT INTO operations (id, payment_id, kind, amount_minor, currency, request_id, created_at, purpose, actor, reason, state, claimed_at, attempts, outcome, transaction_id, unknown_since, inquiries, empties, inquire_at, send_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, NULL, NULL, ?, ?, NULL, NULL);
IF @@ROWCOUNT <> 1 THROW 51003, 'guard', 1;
INSERT INTO history (payment_id, sequence, event, from_state, to_state, actor, at, operation_id, detail, mac, mac_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51004, 'guard', 1;
UPDATE payments SET instrument_fingerprint = ?, instrument_key = ?, initiator = ?
WHERE id = ?
AND NOT EXISTS (SELECT 1 FROM sale_attempts WHERE fingerprint IN (?) AND (blocks = 'instrument' OR (blocks IN ('merchant') AND (merchant_id = ? OR biller_id = ?))))
AND (SELECT COUNT(*) FROM sale_attempts WHERE fingerprint IN (?) AND at > ? AND counted = 1 AND initiator = ? AND merchant_id = ? AND amount_minor = ? AND currency = ?) < ?
AND (SELECT COUNT(*) FROM sale_attempts WHERE fingerprint IN (?) AND at > ? AND counted = 1) < ?
AND (SELECT COUNT(*) FROM sale_attempts WHERE fingerprint IN (?) AND at > ? AND counted = 1 AND merchant_id = ? AND amount_minor = ? AND currency = ?) < ?;
IF @@ROWCOUNT <> 1 THROW 51005, 'guard', 1;
COMMIT;
