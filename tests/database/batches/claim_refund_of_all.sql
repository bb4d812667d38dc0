SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
BEGIN TRAN;
INSERT INTO idempotency_keys (
    caller, idempotency_key, fingerprint_key, fingerprint, payment_id, operation_id, created_at
) VALUES (?, ?, ?, ?, ?, ?, ?);
IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;
UPDATE payments SET version = version + 1, updated_at = ?, refund_reserved_minor = refund_reserved_minor + captured_minor - returned_minor - charged_back_minor - refunded_minor - refund_reserved_minor
WHERE id = ? AND mode = 'live' AND state IN ('captured', 'partially_refunded', 'settled')
AND (refundable_from IS NULL OR refundable_from <= ?) AND captured_minor - returned_minor - charged_back_minor - refunded_minor - refund_reserved_minor > 0;
IF @@ROWCOUNT <> 1 THROW 51002, 'guard', 1;
INSERT INTO operations (
    id, payment_id, kind, amount_minor, currency, request_id, created_at, purpose, actor, reason,
    state, claimed_at, attempts, outcome, inquiries, empties
)
SELECT ?, id, ?, refund_reserved_minor, currency, ?, ?, 'requested', ?, ?, ?, ?, 1, ?, 0, 0 FROM payments WHERE id = ?;
IF @@ROWCOUNT <> 1 THROW 51003, 'guard', 1;
SELECT id, mode, processor, caller, idempotency_key, biller_id, merchant_id, reference, amount_minor, currency, method_type, method_brand, method_last4, metadata, created_at, refundable_from, version, state, captured_minor, capture_confirmed, refunded_minor, refund_reserved_minor, returned_minor, charged_back_minor, captures_at, settled_at, updated_at, instrument_kept FROM payments WHERE id IN (?);
SELECT id, payment_id, kind, amount_minor, currency, request_id, created_at, purpose, actor, reason, state, claimed_at, attempts, outcome, transaction_id, unknown_since, inquiries, empties, inquire_at, send_at FROM operations WHERE payment_id IN (?) ORDER BY id;
SELECT payment_id, sequence, event, from_state, to_state, actor, at, operation_id, detail, mac, mac_key FROM history WHERE payment_id IN (?) ORDER BY payment_id, sequence;
COMMIT;
