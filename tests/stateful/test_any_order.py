"""
Whatever is done to the house, in any order: nobody is charged twice, nothing is lost, and in the end both books agree.

A machine of hypothesis asks, repeats, reports, breaks Chase, moves the clock, kills and restarts; after every step the
invariants of truth.py must hold. At the end all is driven to rest, and asked for once more. A larger run:
PROVE_EXAMPLES=500 make prove-stateful. A failure is told as the shortest run of steps that leads to it.
"""

import os
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
from tests.stateful.asked import checked
from tests.stateful.asking import SLOW_MS, Asking, Mishap, when_there_are
from tests.stateful.merchants import BILLERS, MERCHANTS, METHODS
from tests.stateful.rest import at_rest
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
# What the next calls meet; mostly nothing. Three in a row outlast every attempt that is made at once.
mishaps = st.sampled_from((None,) * 16 + tuple((fault, times) for fault in FAULTS for times in (1, 3)))


class AnyOrder(Asking, RuleBasedStateMachine):
    ground: Ground

    @initialize(on_not_found=st.sampled_from(("manual", "resend_same_request_id", "fail")))
    def open(self, on_not_found: str) -> None:
        self.begin(World(self.ground, MERCHANTS=MERCHANTS, ON_NOT_FOUND=on_not_found))
        # One of each kind to begin with: captured by Chase, captured at once, and authorized.
        self.ask(self.a_sale(BILLERS[0], 7, "card", SALE_MINOR[1]), self.a_sale(BILLERS[1], 7, "ach", SALE_MINOR[1]))
        self.let_chase_capture()
        self.ask(self.a_sale(BILLERS[1], 8, "card", SALE_MINOR[1]))

    # What callers do.

    @rule(
        biller=st.sampled_from(BILLERS),
        bill=bills,
        method=methods,
        amount=st.sampled_from(SALE_MINOR),
        mishap=mishaps,
    )
    def sell(self, biller: str, bill: int, method: str, amount: int, mishap: Mishap) -> None:
        self.befall("payment", mishap)
        self.ask(self.a_sale(biller, bill, method, amount))

    @rule(bill=bills, amount=st.sampled_from(SALE_MINOR[:2]), times=st.integers(2, 3))
    def sell_one_bill_under_several_keys_at_once(self, bill: int, amount: int, times: int) -> None:
        self.ask(*(self.a_sale(BILLERS[0], bill, "card", amount) for _ in range(times)))

    @rule(bill=bills, method=methods, amount=st.sampled_from(SALE_MINOR), times=st.integers(2, 3))
    def sell_under_one_key_at_once(self, bill: int, method: str, amount: int, times: int) -> None:
        self.ask(*[self.a_sale(BILLERS[1], bill, method, amount)] * times)

    @rule(bill=bills, method=methods, slow=st.booleans())
    def sell_and_not_wait(self, bill: int, method: str, slow: bool) -> None:
        self.leave(self.a_sale(BILLERS[0], bill, method, SALE_MINOR[0]), "payment" if slow else None)

    @rule(which=any_one, if_captured=st.sampled_from(("reject", "refund")), mishap=mishaps, fits=usually)
    @when_there_are("payments")
    def void(self, which: int, if_captured: str, mishap: Mishap, fits: bool) -> None:
        self.befall("void", mishap)
        self.ask(self.a_void(which, if_captured, fits))

    @rule(
        which=any_one,
        amount=st.sampled_from(REFUND_MINOR),
        if_not_captured=st.sampled_from(("reject", "void")),
        mishap=mishaps,
        fits=usually,
    )
    @when_there_are("payments")
    def refund(self, which: int, amount: int | None, if_not_captured: str, mishap: Mishap, fits: bool) -> None:
        self.befall("refund", mishap)
        self.ask(self.a_refund(which, amount, if_not_captured, fits))

    @rule(which=any_one, amounts=st.lists(st.sampled_from(REFUND_MINOR), min_size=2, max_size=3), void=st.booleans())
    @when_there_are("payments")
    def give_back_several_times_at_once(self, which: int, amounts: list[int | None], void: bool) -> None:
        calls = [self.a_refund(which, amount, "reject", fits=True) for amount in amounts]
        self.ask(*calls, *([self.a_void(which, "reject", fits=False)] if void else []))

    @rule(which=any_one, slow=st.booleans())
    @when_there_are("payments")
    def refund_and_not_wait(self, which: int, slow: bool) -> None:
        self.leave(self.a_refund(which, 60_00, "void", fits=True), "refund" if slow else None)

    @rule(which=any_one, times=few)
    @when_there_are("asked")
    def repeat(self, which: int, times: int) -> None:
        self.ask(*[self.asked[which % len(self.asked)]] * times)

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
        payment = self.one_of(which, [each for each in self.payments if each.captured_minor])
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
        before = len(self.as_it_is(payment_id).history)
        [answer] = self.world.call(self.world.house.report(payment_id, event, version=1, evidence=evidence))
        assert answer.status == 200
        assert self.world.moving or len(self.as_it_is(payment_id).history) == before

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
        self.befall(verb, (Fault.DROP_AFTER_PROCESSING, 1))
        if verb == "payment":
            self.ask(self.a_sale(BILLERS[0], bill, "card", SALE_MINOR[1]))
        else:
            self.ask(self.a_void(which, "reject", True) if verb == "void" else self.a_refund(which, 1, "reject", True))
        self.the_books_hold()
        self.resolve(which=which, mistaken=mistaken)

    @rule(which=any_one)
    @when_there_are("payments")
    def look(self, which: int) -> None:
        [answer] = self.world.call(self.world.house.get(f"/payments/{self.one_of(which).id}?refresh=true"))
        checked("GetPayment", answer)

    # What befalls the house.

    @rule(operation=st.sampled_from(FAULTY), fault=st.sampled_from(FAULTS), times=few)
    def break_chase(self, operation: str, fault: Fault, times: int) -> None:
        self.world.house.simulator.fault(operation, fault, times, delay_ms=SLOW_MS if fault is Fault.DELAY else 0)

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


SMALL: Final = settings(max_examples=10, stateful_step_count=20, derandomize=True, database=None)
LARGE: Final = settings(max_examples=EXAMPLES or 1, stateful_step_count=40, print_blob=True)


def test_in_any_order_nobody_is_charged_twice_and_nothing_is_lost() -> None:
    AnyOrder.ground = Ground()
    profile = settings(
        LARGE if EXAMPLES else SMALL,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, *((Phase.shrink,) if EXAMPLES else ())),
    )
    try:
        run_state_machine_as_test(AnyOrder, settings=profile)
    finally:
        AnyOrder.ground.close()
