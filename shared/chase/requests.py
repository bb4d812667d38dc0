"""Each operation as the request that Chase gets: where it goes, under which ids, with what body."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.chase.sending import Message
from shared.chase.wire import addressing
from shared.chase.wire.follow_ups import capture_body, refund_body, void_body
from shared.chase.wire.sale import sale_body
from shared.chase.wire.verification import verification_body
from shared.payments.money import Money
from shared.payments.payment import Operation, Payment
from shared.payments.requests import Ach, Card, Merchant, Payer, SaleRequest
from shared.payments.secret import Secret


@dataclass(frozen=True, slots=True)
class Request:
    """What Chase is asked, before there is a token for it. `about` is the id that our log knows it by."""

    method: str
    path: str
    merchant_id: str
    about: str
    request_id: str | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)

    def message(self, base_url: str, token: Secret) -> Message:
        """The request as it goes out under that token."""
        headers = addressing.headers(token, self.merchant_id, self.request_id)
        return Message(self.method, base_url + self.path, headers, self.query, self.body)


def sale(request: SaleRequest, payment: Payment, merchant: Merchant) -> Request:
    body = sale_body(request, payment, merchant)
    return _write("POST", addressing.PAYMENTS, merchant, payment.sale.request_id, body)


def void(payment: Payment, operation: Operation, merchant: Merchant) -> Request:
    path = addressing.payment(transaction_id(payment))
    return _write("PATCH", path, merchant, operation.request_id, void_body())


def capture(payment: Payment, operation: Operation, merchant: Merchant, amount: Money | None) -> Request:
    path = addressing.captures(transaction_id(payment))
    return _write("POST", path, merchant, operation.request_id, capture_body(amount))


def refund(payment: Payment, operation: Operation, merchant: Merchant, *, full: bool) -> Request:
    body = refund_body(transaction_id(payment), None if full else operation.amount)
    return _write("POST", addressing.REFUNDS, merchant, operation.request_id, body)


def verification(
    instrument: Card | Ach, payer: Payer, merchant: Merchant, *, currency: str, request_id: str
) -> Request:
    body = verification_body(instrument, payer, merchant, currency)
    return _write("POST", addressing.VERIFICATIONS, merchant, request_id, body)


def find(collection: str, merchant: Merchant, *, sought: str, parameter: str, own: str) -> Request:
    """Look in `collection` for what was sent under request-id `sought`; the look-up itself goes under `own`."""
    return Request("GET", collection, merchant.merchant_id, sought, own, {parameter: sought})


def get(path: str, transaction_id: str, merchant: Merchant) -> Request:
    """Look up by Chase's own id, for which no request-id is listed."""
    return Request("GET", path, merchant.merchant_id, transaction_id)


def transaction_id(payment: Payment) -> str:
    """Chase's id of what was sold. Raises ValueError if there is none: nothing can follow such a sale."""
    if payment.sale.transaction_id is None:
        raise ValueError(f"{payment.id}: Chase has named no transaction for its sale")
    return payment.sale.transaction_id


def _write(method: str, path: str, merchant: Merchant, request_id: str, body: bytes) -> Request:
    return Request(method, path, merchant.merchant_id, request_id, request_id, body=body)
