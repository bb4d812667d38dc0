BEGIN TRANSACTION;
CREATE TABLE clock (
    only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
    offset_ms INTEGER NOT NULL
);
INSERT INTO "clock" VALUES(1,3600000);
CREATE TABLE tokens (
    digest      TEXT PRIMARY KEY,
    client_id   TEXT NOT NULL,
    environment TEXT NOT NULL,
    expires_at  TEXT NOT NULL
);
CREATE TABLE transactions (
    position              INTEGER PRIMARY KEY,
    transaction_id        TEXT NOT NULL UNIQUE,
    request_id            TEXT NOT NULL,
    merchant_id           TEXT NOT NULL,
    environment           TEXT NOT NULL CHECK (environment IN ('live', 'test')),
    fingerprint           TEXT NOT NULL,
    approved              INTEGER NOT NULL,
    state                 TEXT NOT NULL,
    amount                INTEGER NOT NULL,
    currency              TEXT NOT NULL,
    merchant_order_number TEXT,
    recorded_at           TEXT NOT NULL,
    captures_at           TEXT,
    first_answer          TEXT NOT NULL,
    captured              INTEGER NOT NULL,
    refunded              INTEGER NOT NULL,
    voided                INTEGER NOT NULL,
    UNIQUE (merchant_id, request_id)
);
INSERT INTO "transactions" VALUES(1,'5ff23033-852f-4757-a2c0-48085151ae68','request-1','998482157630','test','8957e7af67d728ba9305f35893fcf8e7d1f5dbd50c5cc37e987566e95f949494',1,'CLOSED',12599,'USD',NULL,'2026-11-23T12:00:00+00:00','2026-11-23T12:00:00+00:00','{"transactionId": "5ff23033-852f-4757-a2c0-48085151ae68", "requestId": "request-1", "responseStatus": "SUCCESS", "responseCode": "APPROVED", "responseMessage": "Transaction approved by Issuer", "hostMessage": "Approved", "hostReferenceId": "xdA1ObuxZpM5CShCmEgpnP", "paymentMethodType": {"card": {"cardType": "VI", "cardTypeName": "VISA", "maskedAccountNumber": "411234XXXXXX4113", "cardTypeIndicators": {"issuanceCountryCode": "USA", "isDurbinRegulated": false}, "networkResponse": {"addressVerificationResult": "NOT_REQUESTED", "cardVerificationResult": "NOT_PRESENT", "networkTransactionId": "870076489444968", "networkResponseCode": "00", "additionalData": {"retrievalReferenceNumber": "076489444968", "systemTraceAuditNumber": "444968"}}}}, "captureMethod": "NOW", "initiatorType": "CARDHOLDER", "accountOnFile": "NOT_STORED", "amount": 12599, "currency": "USD", "merchant": {"merchantId": "998482157630", "merchantSoftware": {"companyName": "JPMC", "productName": "Bill Payments"}}, "approvalCode": "tst968", "partialAuthorization": false, "totalAuthorizedAmount": 12599, "transactionDate": "2026-11-23T12:00:00.000Z", "captureTime": "2026-11-23T12:00:00.000Z", "transactionState": "CLOSED", "isVoid": false, "remainingAuthAmount": 0, "remainingRefundableAmount": 12599, "paymentRequest": {"paymentRequestId": "5ff23033-852f-4757-a2c0-48085151ae68", "paymentRequestStatus": "CLOSED", "authorizations": [{"authorizationId": "5ff23033-852f-4757-a2c0-48085151ae68", "amount": 12599, "transactionStatusCode": "CAPTURED", "authorizationType": "INITIAL"}], "captures": [{"captureId": "5ff23033-852f-4757-a2c0-48085151ae68", "amount": 12599, "transactionStatusCode": "CLOSED", "captureRemainingRefundableAmount": 12599}]}}',12599,0,0);
INSERT INTO "transactions" VALUES(2,'e729f3f2-b9dd-4599-b72a-89889642dae5','request-2','998482157630','test','92e24f1e99a043917ab465dad5b982074f4842043bc89e0980af90235bbf9a91',0,'DECLINED',52100,'USD',NULL,'2026-11-23T12:00:00+00:00',NULL,'{"transactionId": "e729f3f2-b9dd-4599-b72a-89889642dae5", "requestId": "request-2", "responseStatus": "DENIED", "responseCode": "INSUFFICIENT_FUNDS", "responseMessage": "Transaction declined by Issuer", "hostMessage": "Insufficient funds", "hostReferenceId": "Qzjt1AI1xME0Ont7EvQfiR", "paymentMethodType": {"card": {"cardType": "VI", "cardTypeName": "VISA", "maskedAccountNumber": "411234XXXXXX4113", "cardTypeIndicators": {"issuanceCountryCode": "USA", "isDurbinRegulated": false}, "networkResponse": {"addressVerificationResult": "NOT_REQUESTED", "cardVerificationResult": "NOT_PRESENT", "networkTransactionId": "243016423987941", "networkResponseCode": "51", "additionalData": {"retrievalReferenceNumber": "016423987941", "systemTraceAuditNumber": "987941"}}}}, "captureMethod": "DELAYED", "initiatorType": "CARDHOLDER", "accountOnFile": "NOT_STORED", "amount": 52100, "currency": "USD", "merchant": {"merchantId": "998482157630", "merchantSoftware": {"companyName": "JPMC", "productName": "Bill Payments"}}, "transactionDate": "2026-11-23T12:00:00.000Z", "transactionState": "DECLINED", "isVoid": false}',0,0,0);
COMMIT;
