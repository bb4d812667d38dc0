-- What follows a sale: voids and refunds that are asked for, or that give back what Chase should not have taken.

-- When we send a queued operation again (its caller does where this is NULL); why it is there, on whose word.
ALTER TABLE operations ADD COLUMN send_at TEXT;
ALTER TABLE operations ADD COLUMN purpose TEXT NOT NULL DEFAULT 'requested'
    CHECK (purpose IN ('requested', 'undo_partial_approval', 'undo_late_charge'));
ALTER TABLE operations ADD COLUMN actor TEXT NOT NULL DEFAULT '';
ALTER TABLE operations ADD COLUMN reason TEXT;

-- A bank debit is refunded no earlier; and whether a ciphertext of the instrument waits to be sent.
ALTER TABLE payments ADD COLUMN refundable_from TEXT;
ALTER TABLE payments ADD COLUMN instrument_kept INTEGER NOT NULL DEFAULT 0 CHECK (instrument_kept IN (0, 1));

-- One operation at a time that has not ended, a waiting one included: it may go out at any moment.
DROP INDEX operations_in_flight;
CREATE UNIQUE INDEX operations_unresolved ON operations (payment_id)
    WHERE state IN ('queued', 'submitted', 'unknown');
-- Chase is asked about operations in other states too: whether an authorization was captured, whether what was given
-- up is there after all. Who is asked about no more has no time here.
DROP INDEX operations_inquiry_due;
CREATE INDEX operations_inquiry_due ON operations (inquire_at) WHERE inquire_at IS NOT NULL;
-- What waits to be sent, by when: reconciliation looks for what its message did not bring out.
CREATE INDEX operations_send_due ON operations (send_at) WHERE send_at IS NOT NULL;

-- Authorizations from before: their captures are asked about like all others.
UPDATE operations SET inquire_at = (SELECT captures_at FROM payments WHERE payments.id = operations.payment_id)
WHERE kind = 'sale' AND state = 'succeeded' AND payment_id IN (SELECT id FROM payments WHERE state = 'authorized');
