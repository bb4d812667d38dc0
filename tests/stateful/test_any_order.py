"""
Whatever is done to the house, in any order: nobody is charged twice, nothing is lost, and in the end both books agree.

A machine of hypothesis asks, repeats, reports, breaks Chase, moves the clock, kills and restarts; after every step the
invariants of truth.py must hold. At the end all is driven to rest, and asked for once more. A larger run:
PROVE_EXAMPLES=500 make prove-stateful. A failure is told as the shortest run of steps that leads to it.
"""

import functools
import itertools
import os
from collections.abc import Callable, Sequence
from typing import Any, Final

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from local.chase_simulator.faults import FAULTY, Fault
from shared.payments.next_step import allowed_actions
from shared.payments.payment import Operation, Payment
from tests.stateful.asked import Asked, checked
from tests.stateful.merchants import BILLERS, MERCHANTS, METHODS
from tests.stateful.rest import Word, at_rest, words
from tests.stateful.truth import Truth
from tests.stateful.world import Ground, World

EXAMPLES: Final = int(os.environ.get("PROVE_EXAMPLES") or 0)

# Approved; approved, with room for a refund of DECLINED_MINOR; declined; approved in part.
SALE_MINOR: Final = (100_01, 600_01, 521_00, 777_00)
REFUND_MINOR: Final = (None, 1, 60_00, 60_00, 521_00)
SECONDS: Final = (1, 2, 3, 10, 40, 60, 95, 130, 600, 3600, 7140, 7200, 7330, 86_400, 3 * 86_400)
FAULTS: Final = tuple(fault for fault in Fault if fault is not Fault.REFUSE_CONNECTION)
BANK_FACTS: Final = ("settled", "returned", "charged_back", "chargeback_reversed")

any_one = st.integers(0, 30)
few = st.integers(1, 3)
bills = st.integers(1, 6)
methods = st.sampled_from(sorted(METHODS))
usually = st.sampled_from((True, True, True, False))
# What the next call meets; mostly nothing.
mishaps = st.sampled_from((None,) * 8 + FAULTS)


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


class AnyOrder(RuleBasedStateMachine):
    ground: Ground

    @initialize(on_not_found=st.sampled_from(("manual", "resend_same_request_id", "fail")))
    def open(self, on_not_found: str) -> None:
        self.world = World(self.ground, MERCHANTS=MERCHANTS, ON_NOT_FOUND=on_not_found)
        self.truth = Truth()
        self.asked: list[Asked] = []
        self.reported: list[tuple[str, str, dict[str, Any]]] = []
        self.left: list[tuple[Asked, Any]] = []
        self.payments: list[Payment] = []
        self.numbers = itertools.count()
        # One of each kind to begin with: captured by Chase, captured at once, and authorized.
        self._ask(self._sale(BILLERS[0], 7, "card", SALE_MINOR[1]), self._sale(BILLERS[1], 7, "ach", SALE_MINOR[1]))
        self.let_chase_capture()
        self._ask(self._sale(BILLERS[1], 8, "card", SALE_MINOR[1]))

    # What callers do.

    @rule(
        biller=st.sampled_from(BILLERS),
        bill=bills,
        method=methods,
        amount=st.sampled_from(SALE_MINOR),
        mishap=mishaps,
    )
    def sell(self, biller: str, bill: int, method: str, amount: int, mishap: Fault | None) -> None:
        self._befalls("payment", mishap)
        self._ask(self._sale(biller, bill, method, amount))

    @rule(bill=bills, amount=st.sampled_from(SALE_MINOR[:2]), times=st.integers(2, 3))
    def sell_one_bill_under_several_keys_at_once(self, bill: int, amount: int, times: int) -> None:
        self._ask(*(self._sale(BILLERS[0], bill, "card", amount) for _ in range(times)))

    @rule(bill=bills, method=methods, amount=st.sampled_from(SALE_MINOR), times=st.integers(2, 3))
    def sell_under_one_key_at_once(self, bill: int, method: str, amount: int, times: int) -> None:
        self._ask(*[self._sale(BILLERS[1], bill, method, amount)] * times)

    @rule(bill=bills, method=methods, slow=st.booleans())
    def sell_and_not_wait(self, bill: int, method: str, slow: bool) -> None:
        self._leave(self._sale(BILLERS[0], bill, method, SALE_MINOR[0]), "payment" if slow else None)

    @rule(which=any_one, if_captured=st.sampled_from(("reject", "refund")), mishap=mishaps, fits=usually)
    @when_there_are("payments")
    def void(self, which: int, if_captured: str, mishap: Fault | None, fits: bool) -> None:
        self._befalls("void", mishap)
        self._ask(self._void(which, if_captured, fits))

    @rule(
        which=any_one,
        amount=st.sampled_from(REFUND_MINOR),
        if_not_captured=st.sampled_from(("reject", "void")),
        mishap=mishaps,
        fits=usually,
    )
    @when_there_are("payments")
    def refund(self, which: int, amount: int | None, if_not_captured: str, mishap: Fault | None, fits: bool) -> None:
        self._befalls("refund", mishap)
        self._ask(self._refund(which, amount, if_not_captured, fits))

    @rule(which=any_one, amounts=st.lists(st.sampled_from(REFUND_MINOR), min_size=2, max_size=3), void=st.booleans())
    @when_there_are("payments")
    def give_back_several_times_at_once(self, which: int, amounts: list[int | None], void: bool) -> None:
        calls = [self._refund(which, amount, "reject", fits=True) for amount in amounts]
        self._ask(*calls, *([self._void(which, "reject", fits=False)] if void else []))

    @rule(which=any_one, slow=st.booleans())
    @when_there_are("payments")
    def refund_and_not_wait(self, which: int, slow: bool) -> None:
        self._leave(self._refund(which, 60_00, "void", fits=True), "refund" if slow else None)

    @rule(which=any_one, times=few)
    @when_there_are("asked")
    def repeat(self, which: int, times: int) -> None:
        self._ask(*[self.asked[which % len(self.asked)]] * times)

    @rule(which=any_one)
    @when_there_are("begun")
    def repeat_with_another_body(self, which: int) -> None:
        asked = self.begun[which % len(self.begun)]
        changed = {"metadata": {"channel": "other"}} if asked.function == "Sale" else {"reason": "another reason"}
        [answer] = self.world.call(asked.call(self.world.house, **changed))
        asked.heard(answer, of_another_body=True)

    @rule()
    @when_there_are("left")
    def wait_for_all(self) -> None:
        self.world.settle()
        for asked, task in self.left:
            asked.heard(task.result(), late=True)
        self.left = []

    # What the bank and people report.

    @rule(which=any_one, event=st.sampled_from(BANK_FACTS), part=st.booleans(), current=usually)
    @when_there_are("payments_at_peace")
    def report(self, which: int, event: str, part: bool, current: bool) -> None:
        payment = self._of(which, [each for each in self.payments if each.captured_minor])
        evidence: dict[str, Any] = {"bankFact": f"fact-{next(self.numbers)}"}
        if event == "returned" or (part and event != "settled"):
            evidence["amountMinor"] = 10_00 if part else payment.amount.amount_minor
        if event == "returned":
            evidence["returnCode"] = "R01"
        before = (payment.version, payment.captured_minor)
        version = payment.version if current else max(1, payment.version - 1)
        [answer] = self.world.call(self.world.house.report(payment.id, event, version=version, evidence=evidence))
        checked("UpdatePaymentState", answer)
        if version != payment.version:
            assert answer.status == 412
        elif before[1] and event != "chargeback_reversed":
            assert answer.status == 200, "a fact from the bank was refused for a captured payment"
        if answer.status == 200:
            self.reported.append((payment.id, event, evidence))

    @rule(which=any_one)
    @when_there_are("reported")
    def report_again(self, which: int) -> None:
        payment_id, event, evidence = self.reported[which % len(self.reported)]
        before = len(self._now(payment_id).history)
        [answer] = self.world.call(self.world.house.report(payment_id, event, version=1, evidence=evidence))
        assert answer.status == 200
        assert self.world.moving or len(self._now(payment_id).history) == before

    @rule(which=any_one, mistaken=st.booleans())
    @when_there_are("unknown")
    def resolve(self, which: int, mistaken: bool) -> None:
        """A person looks at Chase's books, or is mistaken: says of what Chase knows that it does not."""
        unknown = self.unknown
        payment, operation, (event, evidence) = unknown[which % len(unknown)]
        if mistaken and event == "resolved_succeeded":
            event, evidence = "resolved_not_found", {}
            self.truth.doubted.add(payment.id)
        call = self.world.house.report(
            payment.id, event, version=payment.version, evidence=evidence, operationId=operation.id
        )
        [answer] = self.world.call(call)
        checked("UpdatePaymentState", answer)
        assert answer.status == 200

    @rule(verb=st.sampled_from(("payment", "void", "refund")), which=any_one, bill=bills, mistaken=st.booleans())
    @when_there_are("payments_at_peace")
    def lose_an_answer_and_have_a_person_look(self, verb: str, which: int, bill: int, mistaken: bool) -> None:
        self._befalls(verb, Fault.DROP_AFTER_PROCESSING)
        if verb == "payment":
            self._ask(self._sale(BILLERS[0], bill, "card", SALE_MINOR[1]))
        else:
            self._ask(self._void(which, "reject", True) if verb == "void" else self._refund(which, 1, "reject", True))
        self.the_books_hold()
        self.resolve(which=which, mistaken=mistaken)

    @rule(which=any_one)
    @when_there_are("payments")
    def look(self, which: int) -> None:
        [answer] = self.world.call(self.world.house.get(f"/payments/{self._of(which).id}?refresh=true"))
        checked("GetPayment", answer)

    # What befalls the house.

    @rule(operation=st.sampled_from(FAULTY), fault=st.sampled_from(FAULTS), times=few)
    def break_chase(self, operation: str, fault: Fault, times: int) -> None:
        self.world.house.simulator.fault(operation, fault, times, delay_ms=15 if fault is Fault.DELAY else 0)

    @rule()
    def forget_tokens(self) -> None:
        self.world.house.simulator.revoke_tokens()

    @rule()
    def cut_chase_off(self) -> None:
        self.world.do(self.world.house.simulator.refuse_connections(3_600_000))

    @rule()
    def mend_chase(self) -> None:
        self.world.mend()

    @rule(seconds=st.sampled_from(SECONDS))
    def wait(self, seconds: int) -> None:
        self.world.advance(seconds)

    @rule()
    def let_chase_capture(self) -> None:
        self.world.advance(7330)
        self.world.run_timer("reconciliation")

    @rule(timer=st.sampled_from(("reconciliation", "outbox_sweep", "purge")))
    def run_a_timer(self, timer: str) -> None:
        self.world.run_timer(timer)

    @rule(killed=st.booleans(), chase_finishes=st.booleans())
    def restart(self, killed: bool, chase_finishes: bool) -> None:
        self.world.restart(killed=killed, chase_finishes=chase_finishes)
        for asked, task in self.left:
            if not task.cancelled():
                asked.heard(task.result(), late=True)
        self.left = []

    @invariant()
    def the_books_hold(self) -> None:
        if not hasattr(self, "world"):
            return
        self.payments, books = self.world.seen()
        self.truth.always(self.payments, books)
        if not self.world.moving:
            self.truth.in_quiet(self.payments, books)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            if self.left:
                self.wait_for_all()
            at_rest(self.world, self.truth, self.asked)
        finally:
            self.world.close()

    def _sale(self, biller: str, bill: int, method: str, amount: int) -> Asked:
        body = {"billerId": biller, "reference": f"INV-{bill}", "amountMinor": amount, "method": METHODS[method]}
        return Asked("Sale", self._key("sale"), body)

    def _void(self, which: int, if_captured: str, fits: bool) -> Asked:
        payment = self._of(which, self._allowing("void") if fits else [])
        return Asked("Void", self._key("void"), {"ifCaptured": if_captured}, payment.id)

    def _refund(self, which: int, amount: int | None, if_not_captured: str, fits: bool) -> Asked:
        payment = self._of(which, self._allowing("refund") if fits else [])
        part = {} if amount is None else {"amountMinor": amount}
        return Asked("Refund", self._key("refund"), {**part, "ifNotCaptured": if_not_captured}, payment.id)

    def _allowing(self, action: str) -> list[Payment]:
        return [each for each in self.payments if action in allowed_actions(each, self.world.now())]

    def _befalls(self, operation: str, mishap: Fault | None) -> None:
        if mishap is not None:
            self.world.house.simulator.fault(operation, mishap, delay_ms=15 if mishap is Fault.DELAY else 0)

    def _key(self, verb: str) -> str:
        return f"{verb}-{next(self.numbers)}"

    def _of(self, which: int, rather: Sequence[Payment] = ()) -> Payment:
        """One of `rather`, if there are any; else one of all."""
        among = rather or self.payments
        return among[which % len(among)]

    def _now(self, payment_id: str) -> Payment:
        return next(each for each in self.world.seen()[0] if each.id == payment_id)

    @property
    def begun(self) -> list[Asked]:
        return [each for each in self.asked if each.told]

    @property
    def payments_at_peace(self) -> list[Payment]:
        return [] if self.left else self.payments

    @property
    def unknown(self) -> list[tuple[Payment, Operation, Word]]:
        return words(self.payments_at_peace, self.world.books())

    def _ask(self, *asked: Asked) -> None:
        self.asked += [each for each in dict.fromkeys(asked) if each not in self.asked]
        answers = self.world.call(*(each.call(self.world.house) for each in asked))
        for each, answer in zip(asked, answers, strict=True):
            each.heard(answer)

    def _leave(self, asked: Asked, slow: str | None) -> None:
        if slow is not None:
            self.world.house.simulator.fault(slow, Fault.DELAY, delay_ms=15)
        self.asked.append(asked)
        self.left.append((asked, self.world.begin(asked.call(self.world.house))))


SMALL: Final = settings(max_examples=12, stateful_step_count=20, derandomize=True, database=None)
LARGE: Final = settings(max_examples=EXAMPLES or 1, stateful_step_count=40, print_blob=True)


def test_in_any_order_nobody_is_charged_twice_and_nothing_is_lost() -> None:
    AnyOrder.ground = Ground()
    profile = settings(
        LARGE if EXAMPLES else SMALL,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, *((Phase.shrink,) if os.environ.get("PROVE_SHRINK") else ())),
    )
    try:
        run_state_machine_as_test(AnyOrder, settings=profile)
    finally:
        AnyOrder.ground.close()
