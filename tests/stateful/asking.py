"""What the machine of test_any_order.py knows of its run, and how it asks for things."""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from local.chase_simulator.faults import Fault
from shared.payments.next_step import allowed_actions
from shared.payments.payment import Operation, Payment
from tests.stateful.asked import Asked
from tests.stateful.merchants import METHODS
from tests.stateful.rest import Word, words
from tests.stateful.truth import Truth
from tests.stateful.world import World

# Long enough that what comes next meets the call in flight.
SLOW_MS = 15

# What befalls the next calls, and how many of them; None: nothing.
Mishap = tuple[Fault, int] | None


def when_there_are(what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """
    A step that does nothing while there are none.

    What hypothesis chooses must not depend on it, as with a precondition: it takes real time, in real threads, to come
    about.
    """

    def guarded(step: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(step)
        def guard(self: Any, **drawn: Any) -> None:
            if getattr(self, what):
                step(self, **drawn)

        return guard

    return guarded


class Asking:
    """
    `asked` is all that was asked for, `left` what is in flight, `reported` what the bank said; `payments` is how they
    stood when last looked at.
    """

    world: World

    def begin(self, world: World) -> None:
        self.world, self.truth = world, Truth()
        self.asked: list[Asked] = []
        self.reported: list[tuple[str, str, dict[str, Any]]] = []
        self.left: list[tuple[Asked, Any]] = []
        self.payments: Sequence[Payment] = ()
        self.numbers = itertools.count()

    def a_sale(self, biller: str, bill: int, method: str, amount: int) -> Asked:
        body = {"billerId": biller, "reference": f"INV-{bill}", "amountMinor": amount, "method": METHODS[method]}
        return Asked("Sale", self._key("sale"), body)

    def a_void(self, which: int, if_captured: str, fits: bool) -> Asked:
        payment = self.one_of(which, self._allowing("void") if fits else [])
        return Asked("Void", self._key("void"), {"ifCaptured": if_captured}, payment.id)

    def a_refund(self, which: int, amount: int | None, if_not_captured: str, fits: bool) -> Asked:
        payment = self.one_of(which, self._allowing("refund") if fits else [])
        part = {} if amount is None else {"amountMinor": amount}
        return Asked("Refund", self._key("refund"), {**part, "ifNotCaptured": if_not_captured}, payment.id)

    def _allowing(self, action: str) -> list[Payment]:
        return [each for each in self.payments if action in allowed_actions(each, self.world.now())]

    def befall(self, operation: str, mishap: Mishap) -> None:
        if mishap is not None:
            fault, times = mishap
            self.world.house.simulator.fault(operation, fault, times, SLOW_MS if fault is Fault.DELAY else 0)

    def _key(self, verb: str) -> str:
        return f"{verb}-{next(self.numbers)}"

    def one_of(self, which: int, rather: Sequence[Payment] = ()) -> Payment:
        """One of `rather`, if there are any; else one of all."""
        among = rather or self.payments
        return among[which % len(among)]

    def as_it_is(self, payment_id: str) -> Payment:
        return next(each for each in self.world.seen()[0] if each.id == payment_id)

    @property
    def begun(self) -> list[Asked]:
        return [each for each in self.asked if each.told]

    @property
    def payments_at_peace(self) -> Sequence[Payment]:
        return () if self.left else self.payments

    @property
    def unknown(self) -> list[tuple[Payment, Operation, Word]]:
        return words(self.payments_at_peace, self.world.books())

    def ask(self, *asked: Asked) -> None:
        self.asked += [each for each in dict.fromkeys(asked) if each not in self.asked]
        answers = self.world.call(*(each.call(self.world.house) for each in asked))
        for each, answer in zip(asked, answers, strict=True):
            each.heard(answer)

    def leave(self, asked: Asked, slow: str | None) -> None:
        if slow is not None:
            self.world.house.simulator.fault(slow, Fault.DELAY, delay_ms=SLOW_MS)
        self.asked.append(asked)
        self.left.append((asked, self.world.begin(asked.call(self.world.house))))
