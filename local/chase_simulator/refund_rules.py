"""What POST /refunds takes: a reference to the payment, and an amount unless it is all that is left."""

from collections.abc import Iterator, Mapping
from typing import Final

from local.chase_simulator.payment_rules import AMOUNT_MAX, MERCHANT
from local.chase_simulator.validation import Problem, integer, record, text

# Chase also takes a card here, for a refund of nothing in particular: this simulator does not.
_REFERENCE: Final = record({"transactionReference": record({"transactionReferenceId": text(4, 40)})})

_REFUND: Final = record(
    {"merchant": MERCHANT, "paymentMethodType": _REFERENCE},
    {
        "amount": integer(1, AMOUNT_MAX),
        "currency": text(3, 3, r"[A-Z]{3}"),
        "merchantOrderNumber": text(1, 40, r"[A-Za-z0-9 .-]*"),
        "statementDescriptor": text(4, 100),
    },
)


def refund_problems(body: Mapping[str, object]) -> Iterator[Problem]:
    """Each thing wrong with a refund request; an amount says of which currency it is."""
    yield from _REFUND(body, "")
    if "amount" in body and "currency" not in body:
        yield Problem("REQUIRED", "is required with an amount", "currency")
