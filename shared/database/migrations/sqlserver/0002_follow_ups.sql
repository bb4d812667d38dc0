-- What follows a sale: voids and refunds that are asked for, or that give back what Chase should not have taken.

-- When we send a queued operation again (its caller does where this is NULL); why it is there, on whose word.
ALTER TABLE dbo.operations ADD
    send_at DATETIME2(3)  NULL,
    purpose NVARCHAR(40)  COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT operations_purpose_default DEFAULT N'requested',
    actor   NVARCHAR(128) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT operations_actor_default DEFAULT N'',
    reason  NVARCHAR(255) COLLATE Latin1_General_100_BIN2 NULL;
GO

ALTER TABLE dbo.operations ADD CONSTRAINT operations_purpose_known
    CHECK (purpose IN (N'requested', N'undo_partial_approval', N'undo_late_charge'));

-- A bank debit is refunded no earlier; and whether a ciphertext of the instrument waits to be sent.
ALTER TABLE dbo.payments ADD
    refundable_from DATETIME2(3) NULL,
    instrument_kept TINYINT      NOT NULL CONSTRAINT payments_instrument_kept_default DEFAULT 0;
GO

ALTER TABLE dbo.payments ADD CONSTRAINT payments_instrument_kept CHECK (instrument_kept IN (0, 1));

-- One operation at a time that has not ended, a waiting one included: it may go out at any moment.
DROP INDEX operations_in_flight ON dbo.operations;
CREATE UNIQUE NONCLUSTERED INDEX operations_unresolved ON dbo.operations (payment_id)
    WHERE state IN (N'queued', N'submitted', N'unknown');
-- Chase is asked about operations in other states too: whether an authorization was captured, whether what was given
-- up is there after all. Who is asked about no more has no time here.
DROP INDEX operations_inquiry_due ON dbo.operations;
CREATE NONCLUSTERED INDEX operations_inquiry_due ON dbo.operations (inquire_at) WHERE inquire_at IS NOT NULL;
-- What waits to be sent, by when: reconciliation looks for what its message did not bring out.
CREATE NONCLUSTERED INDEX operations_send_due ON dbo.operations (send_at) WHERE send_at IS NOT NULL;

-- Authorizations from before: their captures are asked about like all others.
UPDATE dbo.operations SET inquire_at = (SELECT captures_at FROM dbo.payments WHERE payments.id = operations.payment_id)
WHERE kind = N'sale' AND state = N'succeeded' AND payment_id IN (SELECT id FROM dbo.payments WHERE state = N'authorized');
