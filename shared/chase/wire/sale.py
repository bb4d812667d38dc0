"""The body of a sale."""

from typing import Final

from shared.chase.wire.encoding import encoded
from shared.chase.wire.instruments import payment_method
from shared.chase.wire.parties import account_holder, merchant_fields
from shared.payments.ids import merchant_order_number
from shared.payments.payment import Payment
from shared.payments.requests import Ach, Initiator, Merchant, SaleRequest

_INITIATOR: Final = {Initiator.PAYER: "CARDHOLDER", Initiator.BILLER: "MERCHANT"}
# A sale that the biller initiates is refused unless the instrument is on file.
_ON_FILE: Final = {Initiator.PAYER: "NOT_STORED", Initiator.BILLER: "STORED"}


def sale_body(request: SaleRequest, payment: Payment, merchant: Merchant) -> bytes:
    """The sale as Chase takes it. Amounts are minor units; fields that we have no value for are left out."""
    descriptor = request.statement_descriptor or merchant.statement_descriptor
    is_ach = isinstance(request.method, Ach)
    # Required for ACH by those who use it; a card's network has the descriptor and asks for no more.
    bought = (merchant.soft_merchant_name or descriptor) if is_ach else None
    # Nothing holds money on a bank account: a debit is taken or it is not, whatever the biller does with cards.
    delayed = merchant.capture_delay and not is_ach
    return encoded(
        {
            "captureMethod": "DELAYED" if delayed else "NOW",
            "amount": request.amount.amount_minor,
            "currency": request.amount.currency,
            "merchantOrderNumber": merchant_order_number(payment.id),
            "statementDescriptor": descriptor,
            "initiatorType": _INITIATOR[request.initiator],
            "accountOnFile": _ON_FILE[request.initiator],
            "isAmountFinal": True,
            "partialAuthorizationSupport": "NOT_SUPPORTED",
            "merchant": merchant_fields(merchant, purchase_description=bought),
            "accountHolder": account_holder(request.payer),
            "paymentMetadataList": [
                {"metadataAttribute": name, "metadataAttributeValue": value} for name, value in request.metadata.items()
            ],
            "paymentMethodType": payment_method(request.method),
        }
    )
