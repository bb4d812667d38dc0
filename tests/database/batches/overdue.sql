SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;
BEGIN TRAN;
SELECT id, mode, processor, caller, idempotency_key, biller_id, merchant_id, reference, amount_minor, currency, method_type, method_brand, method_last4, metadata, created_at, refundable_from, version, state, captured_minor, capture_confirmed, refunded_minor, refund_reserved_minor, returned_minor, charged_back_minor, captures_at, settled_at, updated_at, instrument_kept FROM payments WHERE id IN (SELECT TOP (50) 
payment_id AS id FROM operations WHERE send_at <= ?
AND EXISTS (SELECT 1 FROM payments WHERE payments.id = operations.payment_id AND mode = 'live') ORDER BY send_at
);
SELECT id, payment_id, kind, amount_minor, currency, request_id, created_at, purpose, actor, reason, state, claimed_at, attempts, outcome, transaction_id, unknown_since, inquiries, empties, inquire_at, send_at FROM operations WHERE payment_id IN (SELECT TOP (50) 
payment_id AS id FROM operations WHERE send_at <= ?
AND EXISTS (SELECT 1 FROM payments WHERE payments.id = operations.payment_id AND mode = 'live') ORDER BY send_at
) ORDER BY id;
SELECT payment_id, sequence, event, from_state, to_state, actor, at, operation_id, detail, mac, mac_key FROM history WHERE payment_id IN (SELECT TOP (50) 
payment_id AS id FROM operations WHERE send_at <= ?
AND EXISTS (SELECT 1 FROM payments WHERE payments.id = operations.payment_id AND mode = 'live') ORDER BY send_at
) ORDER BY payment_id, sequence;
COMMIT;
