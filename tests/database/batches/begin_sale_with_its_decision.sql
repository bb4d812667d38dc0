SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO nonces (key_id, nonce, seen_at) VALUES (?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
INSERT INTO idempotency_keys (caller, idempotency_key, fingerprint_key, fingerprint, payment_id, operation_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51002, 'guard', 1;
INSERT INTO decisions (caller, attempt, biller_id, method, reference, mode, config_version, why, decided_at, expires_at, sold_at) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
WHERE NOT EXISTS (SELECT 1 FROM rollout_switches WHERE kill_switch = 1);
IF @@ROWCOUNT <> 1 THROW 51003, 'guard', 1;
INSERT INTO payments (id, mode, processor, caller, idempotency_key, biller_id, merchant_id, reference, amount_minor, currency, method_type, method_brand, method_last4, metadata, created_at, refundable_from, version, state, captured_minor, capture_confirmed, refunded_minor, refund_reserved_minor, returned_minor, charged_back_minor, captures_at, settled_at, updated_at, instrument_kept, history_length, history_head, head_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?, ?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51004, 'guard', 1;
INSERT INTO operations (id, payment_id, kind, amount_minor, currency, request_id, created_at, purpose, actor, reason, state, claimed_at, attempts, outcome, transaction_id, unknown_since, inquiries, empties, inquire_at, send_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, NULL, NULL, ?, ?, NULL, NULL);
IF @@ROWCOUNT <> 1 THROW 51005, 'guard', 1;
INSERT INTO history (payment_id, sequence, event, from_state, to_state, actor, at, operation_id, detail, mac, mac_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51006, 'guard', 1;
COMMIT;
