"""One contract, twice: the proof's Chase without sockets, and the real client against the real simulator's listener."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from local.chase_simulator import ChaseSimulator, Credential
from local.clock import ManualClock
from shared.chase.client import ChaseClient
from shared.chase.endpoint import ChaseEndpoint
from shared.payments.facts import with_operation
from shared.payments.ids import chase_request_id
from shared.payments.lifecycle import submitted_sale
from shared.payments.money import Money
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import Approved, Inquiry, NothingFound, NotSent, Outcome, Unknown
from shared.payments.payment import Operation, Payment
from shared.payments.requests import SaleRequest, kept_of
from shared.payments.retry import strategies
from shared.payments.secret import Secret
from shared.telemetry import RecordedTelemetry
from tests.builders import NOW
from tests.proof.chase_desk import ChaseDesk, Fault, arrivals_in
from tests.proof.routes import AMOUNT_MINOR, DECLINED_MINOR, HALF_APPROVED_MINOR, PART_MINOR, sale_request
from tests.proof.service import MERCHANTS
from tests.proof.world import ProofClock

MERCHANT = MERCHANTS["city-water"]
SECRET = Secret("the secret of this client")
LOST = (
    Fault.DROP_BEFORE_PROCESSING,
    Fault.DROP_AFTER_PROCESSING,
    Fault.HTTP_500,
    Fault.HTTP_409,
    Fault.MALFORMED_JSON,
)
PROCESSED = (Fault.DROP_AFTER_PROCESSING, Fault.MALFORMED_JSON)
ROUTE_OF = {OperationKind.SALE: "payment", OperationKind.VOID: "void", OperationKind.REFUND: "refund"}
# What each kind is tried on; a refund's money must have been taken.
SOLD_AS = {OperationKind.SALE: "card", OperationKind.VOID: "card", OperationKind.REFUND: "ach"}


@dataclass
class Counter:
    """A Chase, whichever it is, and how a test brings faults about, moves time, and reads."""

    chase: Any
    clock: Any
    moved_to: Any
    meets: Any
    books: Any
    arrived: Any

    async def asked(self, payment: Payment, operation: Operation, request: SaleRequest) -> Outcome:
        until_s = self.clock.boot_s() + 10
        match operation.kind:
            case OperationKind.SALE:
                outcome = await self.chase.sale(request, payment, MERCHANT, send_before_s=until_s)
            case OperationKind.VOID:
                outcome = await self.chase.void(payment, operation, MERCHANT, send_before_s=until_s)
            case OperationKind.REFUND:
                full = operation.amount == payment.amount
                outcome = await self.chase.refund(payment, operation, MERCHANT, full=full, send_before_s=until_s)
        return outcome

    async def sold(self, kind: str, amount_minor: int = AMOUNT_MINOR) -> tuple[Payment, SaleRequest, Outcome]:
        """A payment, its request, and what Chase said; with its transaction id where it said one."""
        payment, request = a_payment(kind, amount_minor)
        outcome = await self.asked(payment, payment.sale, request)
        if isinstance(outcome, Approved):
            sale = replace(payment.sale, transaction_id=outcome.transaction.transaction_id)
            payment = with_operation(payment, sale)
        return payment, request, outcome

    async def found(self, payment: Payment, operation: Operation) -> Inquiry:
        """As the service asks: a void by its payment, the others by their request-id."""
        if operation.kind is OperationKind.REFUND:
            answer = await self.chase.find_refund(operation.request_id, MERCHANT)
        elif operation.kind is OperationKind.VOID:
            answer = await self.chase.get_payment(str(payment.sale.transaction_id), MERCHANT)
        else:
            answer = await self.chase.find_sale(operation.request_id, MERCHANT)
        return answer


def a_payment(kind: str, amount_minor: int) -> tuple[Payment, SaleRequest]:
    request = sale_request(kind, amount_minor)
    identity = {"payment_id": f"pay_{1:032x}", "operation_id": f"op_{1:032x}", "caller": "ctp", "idempotency_key": "k"}
    return submitted_sale(request, kept_of(request.method), MERCHANT, now=NOW, **identity), request


def an_operation(kind: OperationKind, amount_minor: int, number: int = 2) -> Operation:
    name = f"op_{number:032x}"
    times = {"created_at": NOW, "claimed_at": NOW}
    return Operation(name, kind, OperationState.SUBMITTED, Money(amount_minor, "USD"), chase_request_id(name), **times)


@asynccontextmanager
async def without_sockets(folder: Path) -> AsyncIterator[Counter]:
    clock = ProofClock()
    desk = ChaseDesk(folder / "books.sqlite3", folder / "arrivals", clock)

    def books() -> Any:
        now = clock.now()
        return [each.as_of(now).entry(desk.books.refunds(each.transaction_id)) for each in desk.books.approved()]

    async def meets(_: OperationKind, fault: Fault) -> None:
        desk.meet(fault)

    async def moved_to(at: Any) -> None:
        clock.move_to(at)

    yield Counter(desk, clock, moved_to, meets, books, lambda: len(arrivals_in(folder / "arrivals")))
    desk.close()


@asynccontextmanager
async def over_sockets(folder: Path) -> AsyncIterator[Counter]:
    clock = ManualClock(NOW)
    credential = Credential("live", "proof", SECRET, frozenset({MERCHANT.merchant_id}))
    simulator = ChaseSimulator(books=folder / "b.sqlite3", clock=clock, ends_after_s=70, credentials=[credential])
    await simulator.start()
    endpoint = ChaseEndpoint(
        base_url=simulator.base_url,
        token_url=simulator.token_url,
        client_id="proof",
        client_secret=SECRET,
        scope="jpm:payments:sandbox",
        read_timeout_s=5.0,
    )

    async def at_once(_: float) -> None:
        return None

    client = ChaseClient(
        endpoint,
        strategies=strategies(),
        breaker_failures=100,
        breaker_cooldown_s=1,
        wait=at_once,
        rng=lambda: 1.0,
        boot_s=clock.boot_s,
        alarm=RecordedTelemetry().alarm,
    )
    await client.warm()

    async def meets(kind: OperationKind, fault: Fault) -> None:
        if fault is Fault.NOT_SENT:
            await simulator.refuse_connections(300)
            for _ in range(20):  # the client's own end of them notices
                await asyncio.sleep(0)
        elif fault is not Fault.NONE:
            simulator.fault(ROUTE_OF[kind], fault)
        else:
            await simulator.until_listening()

    async def moved_to(at: Any) -> None:
        await clock.advance((at - clock.now()).total_seconds())

    def arrived() -> int:
        return sum(simulator.calls[route] for route in ROUTE_OF.values())

    yield Counter(client, clock, moved_to, meets, simulator.books, arrived)
    await client.close()
    await simulator.stop()


@pytest.fixture(params=[without_sockets, over_sockets], ids=["desk", "sockets"])
async def counter(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Counter]:
    async with request.param(tmp_path) as made:
        yield made


def said(outcome: Outcome | Inquiry) -> tuple[Any, ...]:
    """What the service goes by."""
    if isinstance(outcome, Approved):
        transaction = outcome.transaction
        return ("Approved", transaction.state, transaction.amount.amount_minor, transaction.captures_at)
    return (type(outcome).__name__,)


CAPTURE = "2026-11-23 20:00:00+00:00"


class TestASale:
    @pytest.mark.parametrize(
        ("kind", "amount_minor", "expected"),
        [
            ("card", AMOUNT_MINOR, ("Approved", "AUTHORIZED", AMOUNT_MINOR)),
            ("card", DECLINED_MINOR, ("Declined",)),
            ("card", HALF_APPROVED_MINOR, ("Approved", "AUTHORIZED", HALF_APPROVED_MINOR // 2)),
            ("ach", AMOUNT_MINOR, ("Approved", "CLOSED", AMOUNT_MINOR)),
            ("ach", DECLINED_MINOR, ("Declined",)),
        ],
    )
    async def test_is_answered_by_its_amount_and_found_as_it_was_answered(
        self, counter: Counter, kind: str, amount_minor: int, expected: tuple[Any, ...]
    ) -> None:
        payment, _, outcome = await counter.sold(kind, amount_minor)

        found = await counter.found(payment, payment.sale)

        assert said(outcome)[:3] == said(found)[:3] == expected

    async def test_captures_itself_after_two_hours(self, counter: Counter) -> None:
        payment, _, outcome = await counter.sold("card")
        assert isinstance(outcome, Approved)
        assert str(outcome.transaction.captures_at) == CAPTURE

        await counter.moved_to(outcome.transaction.captures_at)

        assert said(await counter.found(payment, payment.sale))[1] == "CLOSED"
        assert counter.books()[0]["captured"] == AMOUNT_MINOR


@pytest.mark.parametrize("kind", OperationKind)
class TestWhatMovesMoney:
    async def ready(self, counter: Counter, kind: OperationKind) -> tuple[Payment, Operation, SaleRequest]:
        if kind is OperationKind.SALE:
            payment, request = a_payment("card", AMOUNT_MINOR)
            return payment, payment.sale, request
        payment, request, _ = await counter.sold(SOLD_AS[kind])
        amount_minor = PART_MINOR if kind is OperationKind.REFUND else AMOUNT_MINOR
        return payment, an_operation(kind, amount_minor), request

    @pytest.mark.parametrize("fault", LOST)
    async def test_is_unknown_whatever_is_lost_once_it_got_there(
        self, counter: Counter, kind: OperationKind, fault: Fault
    ) -> None:
        payment, operation, request = await self.ready(counter, kind)
        before = counter.arrived()
        await counter.meets(kind, fault)

        outcome = await counter.asked(payment, operation, request)

        assert isinstance(outcome, Unknown)
        assert counter.arrived() == before + 1
        found = await counter.found(payment, operation)
        if kind is OperationKind.VOID:
            assert said(found)[1] == ("VOIDED" if fault in PROCESSED else "AUTHORIZED")
        else:
            assert isinstance(found, Approved if fault in PROCESSED else NothingFound)

    async def test_that_never_left_is_not_sent_and_not_there(self, counter: Counter, kind: OperationKind) -> None:
        payment, operation, request = await self.ready(counter, kind)
        before = counter.arrived()
        await counter.meets(kind, Fault.NOT_SENT)

        outcome = await counter.asked(payment, operation, request)

        await counter.meets(kind, Fault.NONE)
        assert isinstance(outcome, NotSent)
        assert counter.arrived() == before

    async def test_past_its_deadline_is_not_sent(self, counter: Counter, kind: OperationKind) -> None:
        payment, operation, request = await self.ready(counter, kind)
        before = counter.arrived()
        counter.chase, chase = _Late(counter.chase), counter.chase

        outcome = await counter.asked(payment, operation, request)

        counter.chase = chase
        assert isinstance(outcome, NotSent)
        assert counter.arrived() == before

    async def test_a_second_time_under_one_request_id_is_refused_and_does_nothing(
        self, counter: Counter, kind: OperationKind
    ) -> None:
        payment, operation, request = await self.ready(counter, kind)
        first = await counter.asked(payment, operation, request)
        books = counter.books()

        second = await counter.asked(payment, operation, request)

        assert isinstance(first, Approved)
        assert isinstance(second, Unknown)
        assert counter.books() == books


class _Late:
    """The same Chase, reached when the deadline is over."""

    def __init__(self, chase: Any) -> None:
        self._chase = chase

    def __getattr__(self, name: str) -> Any:
        async def late(*values: Any, send_before_s: float, **named: Any) -> Any:
            return await getattr(self._chase, name)(*values, send_before_s=send_before_s - 10, **named)

        return late


class TestAVoid:
    async def test_is_refused_once_chase_has_captured(self, counter: Counter) -> None:
        payment, request, sold = await counter.sold("card")
        assert isinstance(sold, Approved)
        await counter.moved_to(sold.transaction.captures_at)

        outcome = await counter.asked(payment, an_operation(OperationKind.VOID, AMOUNT_MINOR), request)

        assert said(outcome) == ("Declined",)


class TestARefund:
    async def test_gives_back_parts_until_nothing_is_left(self, counter: Counter) -> None:
        payment, request, _ = await counter.sold("ach")
        parts = [PART_MINOR, PART_MINOR, PART_MINOR, PART_MINOR]

        outcomes = [
            said(await counter.asked(payment, an_operation(OperationKind.REFUND, part, number), request))[0]
            for number, part in enumerate(parts, start=2)
        ]

        assert outcomes == ["Approved", "Approved", "Approved", "Declined"]
        assert counter.books()[0]["refunded"] == 3 * PART_MINOR

    async def test_of_a_declining_amount_is_declined(self, counter: Counter) -> None:
        payment, request, _ = await counter.sold("ach")

        outcome = await counter.asked(payment, an_operation(OperationKind.REFUND, DECLINED_MINOR), request)

        assert said(outcome) == ("Declined",)
        assert counter.books()[0]["refunded"] == 0


async def test_the_books_of_both_read_alike(tmp_path: Path) -> None:
    lines = []
    for made in (without_sockets, over_sockets):
        folder = tmp_path / made.__name__
        folder.mkdir()
        async with made(folder) as counter:
            payment, request, _ = await counter.sold("ach")
            await counter.asked(payment, an_operation(OperationKind.REFUND, PART_MINOR), request)
            [line] = counter.books()
            lines.append({name: value for name, value in line.items() if name not in ("transactionId", "refunds")})

    assert lines[0] == lines[1]
