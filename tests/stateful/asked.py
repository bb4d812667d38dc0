"""What callers ask for, so that it can be asked again word for word; and what they may hear of it."""

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.contract import departures
from tests.house import Answer, House

# Every answer that the contract has for these calls, by status and, of problems, code. Nothing else may be heard.
_OF_A_KEY: Final = frozenset({(409, "idempotency-in-progress"), (422, "idempotency-key-reused")})
ANSWERS: Final[Mapping[str, frozenset[tuple[int, str | None]]]] = {
    "Sale": _OF_A_KEY
    | {
        (201, None),
        (202, None),
        (402, None),
        (409, "payment-unresolved"),
        (502, "payment-failed"),
        (503, "processor-unavailable"),
    },
    "Void": _OF_A_KEY | {(201, None), (202, None), (402, None), (409, "invalid-state")},
    "Refund": _OF_A_KEY
    | {(201, None), (202, None), (402, None), (409, "invalid-state"), (422, "refund-exceeds-balance")},
    "UpdatePaymentState": frozenset({(200, None), (409, "invalid-state"), (412, "stale-version")}),
    "GetPayment": frozenset({(200, None)}),
}

# What a key may tell once it has told that: only what is not known yet becomes something else.
_NOT_YET: Final = frozenset({202, 503})


@dataclass(eq=False)
class Asked:
    """
    One request, and everything its caller was told of it: status and payment, in order.

    `about` is the payment of a void, refund or report; None of a sale.
    """

    function: str
    key: str
    body: Mapping[str, Any]
    about: str | None = None
    told: list[tuple[int, str | None]] = field(default_factory=list)

    def call(self, house: House, **changed: Any) -> Coroutine[Any, Any, Answer]:
        body = {**self.body, **changed}
        if self.function == "Sale":
            return house.sale(self.key, **body)
        assert self.about is not None
        verb = {"Void": house.void, "Refund": house.refund}[self.function]
        return verb(self.about, self.key, **body)

    def heard(self, answer: Answer, *, of_another_body: bool = False, late: bool = False) -> None:
        """
        Check `answer` against the contract and against what this key told before.

        `late`: it may have been given before others that were heard since.
        """
        checked(self.function, answer)
        body = answer.body
        if of_another_body:
            assert (answer.status, body["code"]) == (422, "idempotency-key-reused"), answer
            return
        assert body.get("code") != "idempotency-key-reused", answer
        if body.get("code") in ("idempotency-in-progress", "invalid-state", "refund-exceeds-balance"):
            # Told of the moment: nothing was begun under the key, or another call is at it.
            return
        self._remember(int(answer.status), _payment_of(body), late)

    def _remember(self, status: int, payment_id: str | None, late: bool) -> None:
        if self.told:
            before, known_id = self.told[-1]
            assert payment_id == known_id, f"{self.key} stood for {known_id}, and now for {payment_id}"
            if late:
                return
            if self.function == "Sale":
                assert before in _NOT_YET or status == before, f"{self.key} was told {before}, and now {status}"
        self.told.append((status, payment_id))

    @property
    def payment_id(self) -> str | None:
        return self.told[-1][1] if self.told else None


def checked(function: str, answer: Answer) -> None:
    """That the contract has such an answer, in this form."""
    code = answer.body.get("code") if answer.headers["content-type"].startswith("application/problem") else None
    assert (int(answer.status), code) in ANSWERS[function], (function, answer)
    assert (found := departures(answer, function)) == [], (found, answer)


def _payment_of(body: Mapping[str, Any]) -> str | None:
    """The payment that an answer is about, whatever its form."""
    found = body.get("id") or body.get("paymentId") or body.get("payment", {}).get("id")
    return None if found is None else str(found)
