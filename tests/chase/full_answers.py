"""Chase's answers in full, one per operation, after the published schema and examples; and those of its gateways."""

SALE_ID = "9f186d77-52f6-4c5d-8f0a-6f1e2d3c4b5a"
CAPTURE_ID = "0b2c7f1e-1d2e-4a5b-9c8d-7e6f5a4b3c2d"
REFUND_ID = "397c0de1-0000-4aaa-8bbb-5c6d7e8f9a0b"

MERCHANT = {
    "merchantId": "998482157630",
    "merchantSoftware": {"companyName": "JPMC", "productName": "IC Chase Payment Processing", "version": "1"},
    "merchantCategoryCode": "4900",
}
NETWORK_RESPONSE = {
    "addressVerificationResult": "ADDRESS_POSTALCODE_MATCH",
    "addressVerificationResultCode": "Y",
    "cardVerificationResult": "MATCH",
    "cardVerificationResultCode": "M",
    "networkTransactionId": "014072692161152",
    "networkResponseCode": "00",
    "additionalData": {
        "retrievalReferenceNumber": "626012345678",
        "systemTraceAuditNumber": "123456",
        "authorizationResponseCategory": "A - Approved",
    },
}
CARD = {
    "cardType": "VI",
    "cardTypeName": "VISA",
    "maskedAccountNumber": "411234XXXXXX4113",
    "expiry": {"month": 5, "year": 2029},
    "cardTypeIndicators": {
        "issuanceCountryCode": "USA",
        "isDurbinRegulated": False,
        "cardProductTypes": ["CREDIT"],
        "cardTypeCategory": "CLASSIC",
    },
    "networkResponse": NETWORK_RESPONSE,
}
ACH = {
    "maskedAccountNumber": "XXXXXX1156",
    "unmaskedAccountNumber": "0888271156",
    "accountType": "CHECKING",
    "financialInstitutionRoutingNumber": "122000247",
}


def _payment(state: str, authorization: str, request: str, **changed: object) -> dict[str, object]:
    payment = {
        "transactionId": SALE_ID,
        "requestId": "40902d7b-6f0e-5d6f-9d5e-0b6c3a1f2e4d",
        "transactionState": state,
        "responseStatus": "SUCCESS",
        "responseCode": "APPROVED",
        "responseMessage": "Transaction approved by Issuer",
        "paymentMethodType": {"card": CARD},
        "captureMethod": "DELAYED",
        "captureTime": "2026-11-23T14:00:00.000Z",
        "isVoid": False,
        "initiatorType": "CARDHOLDER",
        "accountOnFile": "NOT_STORED",
        "transactionDate": "2026-11-23T12:00:00.000Z",
        "approvalCode": "tst021",
        "hostMessage": "Approved",
        "hostReferenceId": "xf1kGP1Q9zajkzcQ7SIpA6",
        "amount": 12599,
        "currency": "USD",
        "remainingAuthAmount": 12599,
        "remainingRefundableAmount": 0,
        "totalAuthorizedAmount": 12599,
        "partialAuthorization": False,
        "merchantOrderNumber": "0193561a7c4d00112233445566778899",
        "statementDescriptor": "CITY WATER*BILL",
        "merchant": MERCHANT,
        "transactionProcessor": "JPMC",
        "paymentRequest": {
            "paymentRequestId": SALE_ID,
            "paymentRequestStatus": request,
            "authorizations": [
                {
                    "authorizationId": SALE_ID,
                    "amount": 12599,
                    "transactionStatusCode": authorization,
                    "authorizationType": "INITIAL",
                }
            ],
        },
    }
    return {**payment, **changed}


A_DELAYED_SALE = _payment("AUTHORIZED", "AUTHORIZED", "PENDING")
A_SALE_NOW = _payment(
    "CLOSED", "CAPTURED", "CLOSED", captureMethod="NOW", remainingAuthAmount=0, remainingRefundableAmount=12599
)
AN_ACH_SALE = {**A_SALE_NOW, "paymentMethodType": {"ach": ACH}, "responseCode": "ACCEPTED", "approvalCode": ""}
AN_APPLE_PAY_SALE = {**A_DELAYED_SALE, "paymentMethodType": {"applepay": {"latLong": "1,1", **CARD}}}
A_GOOGLE_PAY_SALE = {**A_DELAYED_SALE, "paymentMethodType": {"googlepay": {"latLong": "1,1", **CARD}}}
A_DECLINED_SALE = _payment(
    "DECLINED",
    "DECLINED",
    "CLOSED",
    responseStatus="DENIED",
    responseCode="INSUFFICIENT_FUNDS",
    responseMessage="Transaction declined by Issuer",
    hostMessage="Declined",
    approvalCode="",
    remainingAuthAmount=0,
)
A_SALE_TO_AUTHENTICATE = _payment(
    "PENDING",
    "PENDING",
    "PENDING",
    responseStatus="PENDING",
    responseCode="PERFORM_AUTHENTICATION",
    responseMessage="Authentication required",
)
A_VOID = _payment("VOIDED", "VOIDED", "CANCELLED", isVoid=True, remainingAuthAmount=0)
A_FULL_CAPTURE = {
    **A_SALE_NOW,
    "responseCode": "ACCEPTED",
    "responseMessage": "Transaction accepted",
}
A_PARTIAL_CAPTURE = {**A_SALE_NOW, "transactionId": CAPTURE_ID, "amount": 1000}
A_SETTLED_PAYMENT = {**A_SALE_NOW, "transactionState": "COMPLETED"}

A_REFUND = {
    "transactionId": REFUND_ID,
    "requestId": "5b1f9e57-0d6e-5a3b-8f57-7f7a2ed1b9c0",
    "transactionState": "AUTHORIZED",
    "responseStatus": "SUCCESS",
    "responseCode": "APPROVED",
    "responseMessage": "Transaction approved by Issuer",
    "transactionReferenceId": SALE_ID,
    "paymentMethodType": {"card": CARD},
    "amount": 12599,
    "currency": "USD",
    "remainingRefundableAmount": 0,
    "approvalCode": "tst434",
    "hostMessage": "Approved",
    "hostReferenceId": "3rUFJXMtTXlmVw9wWZCPdP",
    "transactionDate": "2026-11-23T16:00:00.000Z",
    "merchantOrderNumber": "0193561a7c4d00112233445566778899",
    "merchant": MERCHANT,
    "paymentRequest": {
        "paymentRequestId": SALE_ID,
        "paymentRequestStatus": "CLOSED",
        "refunds": [{"refundId": REFUND_ID, "amount": 12599, "transactionStatusCode": "CLOSED"}],
    },
}
A_PARTIAL_REFUND = {**A_REFUND, "amount": 900, "remainingRefundableAmount": 11699}
A_DECLINED_REFUND = {
    **A_REFUND,
    "transactionState": "DECLINED",
    "responseStatus": "DENIED",
    "responseCode": "DO_NOT_HONOR",
    "responseMessage": "Transaction declined by Issuer",
}

A_VERIFICATION = {
    "transactionId": "5a1d3c0e-7c1f-4b8e-9d55-0c7f2e9b6a11",
    "requestId": "own",
    "responseStatus": "SUCCESS",
    "responseCode": "APPROVED",
    "responseMessage": "Transaction approved by Issuer",
    "hostMessage": "Validated",
    "currency": "USD",
    "approvalCode": "tst000",
    "transactionDate": "2026-11-23T12:00:00.000Z",
    "merchant": MERCHANT,
    "paymentMethodType": {
        "card": {
            **CARD,
            "networkResponse": {
                **NETWORK_RESPONSE,
                "addressVerificationResult": "NOT_VERIFIED",
                "cardVerificationResult": "NO_MATCH",
                "networkTransactionId": "014072692161153",
            },
        }
    },
}
AN_ACH_VERIFICATION = {**A_VERIFICATION, "paymentMethodType": {"ach": ACH}, "responseCode": "ACCEPTED"}

AN_ERROR = {
    "responseStatus": "ERROR",
    "responseCode": "VALIDATION_ERROR",
    "responseMessage": "Request contains validation error",
    "validationErrors": [{"code": "INVALID", "message": "must not be null", "entity": "amount"}],
    "information": {"code": "400", "message": "Bad request"},
}
A_GATEWAYS_401 = {"error": "invalid_token", "error_description": "Invalid issuer"}
