"""Every write that Chase takes, so that what is true of all of them is tested on all of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.local.chase_bodies import a_refund, a_verification
from tests.local.chase_calls import Answered, Merchant, a_payment


@dataclass(frozen=True)
class AWrite:
    """
    `operation` is whose faults it meets; `needs` the payment that must be there; `send` the write about it, `otherwise`
    the same with another body. It is `found_as` a request-id among its `kind`.
    """

    operation: str
    needs: dict[str, Any] | None
    send: Callable[[Merchant, str, str], Awaitable[Answered]]
    otherwise: Callable[[Merchant, str, str], Awaitable[Answered]]
    kind: str
    found_as: str

    async def begin(self, merchant: Merchant) -> str:
        """The transaction id of the payment that it is about."""
        if self.needs is None:
            return ""
        return (await merchant.pay("the-payment", self.needs)).body["transactionId"]


WRITES = {
    "payment": AWrite(
        "payment",
        None,
        lambda merchant, _, request_id: merchant.pay(request_id),
        lambda merchant, _, request_id: merchant.pay(request_id, a_payment(amount=1)),
        "payments",
        "request-1",
    ),
    "void": AWrite(
        "void",
        a_payment(),
        lambda merchant, payment_id, request_id: merchant.void(payment_id, request_id),
        lambda merchant, payment_id, request_id: merchant.void(payment_id[::-1], request_id),
        "payments",
        "the-payment",
    ),
    "capture": AWrite(
        "void",
        a_payment(),
        lambda merchant, payment_id, request_id: merchant.capture(payment_id, request_id),
        lambda merchant, payment_id, request_id: merchant.capture(payment_id, request_id, {"amount": 1}),
        "captures",
        "request-1",
    ),
    "refund": AWrite(
        "refund",
        a_payment(captureMethod="NOW"),
        lambda merchant, payment_id, request_id: merchant.post("refunds", request_id, a_refund(payment_id, 100)),
        lambda merchant, payment_id, request_id: merchant.post("refunds", request_id, a_refund(payment_id, 101)),
        "refunds",
        "request-1",
    ),
    "verification": AWrite(
        "payment",
        None,
        lambda merchant, _, request_id: merchant.post("verifications", request_id, a_verification()),
        lambda merchant, _, request_id: merchant.post("verifications", request_id, a_verification(currency="CAD")),
        "verifications",
        "request-1",
    ),
}
