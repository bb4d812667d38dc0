"""What each route and function does here: one thing asked of a process, as a caller, the bus or a timer asks it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from shared.payments.requests import AccountType, Ach, AchAuthorization, SaleRequest
from shared.payments.secret import Secret
from shared.payments.updates import Update, UpdateEvent
from shared.use_cases.refund import RefundCall
from shared.use_cases.sale import SaleCall
from shared.use_cases.update_state import UpdateCall
from shared.use_cases.void import VoidCall
from tests.builders import NOW, a_sale_request
from tests.proof.chase_desk import Fault
from tests.proof.service import FINGERPRINTS, Process

# No amount of a reason code, refunds included; what declines; what is approved by half.
AMOUNT_MINOR: Final = 2_000_01
PART_MINOR: Final = 600_01
DECLINED_MINOR: Final = 521_00
HALF_APPROVED_MINOR: Final = 777_00

BILL: Final = "INV-1"
_FIRST_INQUIRY_S: Final = 2

Step = Callable[[Process], Awaitable[None]]
"""One thing that somebody asks of the process."""


def ach() -> Ach:
    """Chase's sample bank account."""
    return Ach("122000247", Secret("0888271156"), AccountType.CHECKING, AchAuthorization.WEB)


def sale_request(kind: str, amount_minor: int) -> SaleRequest:
    """Of a card; `ach`, whose bill waits with its caller; `queued`, whose instrument waits with us."""
    biller = "city-power" if kind == "queued" else "city-water"
    instrument = {} if kind == "card" else {"method": ach()}
    return a_sale_request(amount_minor, biller_id=biller, reference=BILL, **instrument)


def sale(kind: str = "card", key: str = "sale-1", amount_minor: int | None = None) -> Step:
    async def take(process: Process) -> None:
        amount = amount_minor or process.world.facts.get("amountMinor", AMOUNT_MINOR)
        process.world.facts["amountMinor"] = amount
        request = sale_request(process.world.facts.setdefault("kind", kind), amount)
        body = FINGERPRINTS.of(f"{request.reference}:{amount}".encode())
        await process.sale.take(SaleCall(request, "ctp", key, body))

    return take


def follow_up(kind: type[Any], key: str, of: str = BILL, **changed: Any) -> Step:
    """A void or a refund of the payment of that bill."""

    async def ask(process: Process) -> None:
        body = FINGERPRINTS.of(f"{kind.__name__}:{changed}".encode())
        about: dict[str, Any] = {"payment_id": process.world.payment_id(of), "billers": None, "caller": "ctp"}
        call = kind(**about, idempotency_key=key, body=body, reason="the payer asked for it", **changed)
        await (process.void.void(call) if kind is VoidCall else process.refund.refund(call))

    return ask


def void(key: str = "void-1", *, or_refund: bool = False) -> Step:
    return follow_up(VoidCall, key, or_refund=or_refund)


def refund(key: str = "refund-1", *, of: str = BILL, amount_minor: int | None = None, or_void: bool = False) -> Step:
    return follow_up(RefundCall, key, of, amount_minor=amount_minor, or_void=or_void)


def report(event: UpdateEvent, **evidence: Any) -> Step:
    """What the bank did, or a person found out; a resolution is about the operation that is unknown."""

    async def tell(process: Process) -> None:
        payment_id = process.world.payment_id(BILL)
        unknown = process.world.rows("SELECT id FROM operations WHERE payment_id = ? AND state = 'unknown'", payment_id)
        if event.value.startswith("resolved"):
            # Its reporter names it again, whatever has become of it meanwhile.
            process.world.facts.setdefault("unknown", unknown[0][0] if unknown else "op_none")
        about = process.world.facts.get("unknown")
        update = Update(event, "so says the bank", evidence, NOW + timedelta(seconds=1), about)
        call = UpdateCall(payment_id=payment_id, billers=None, caller="operator", update=update, version=None)
        await process.update_state.update(call)

    return tell


async def chase_retry(process: Process) -> None:
    await process.consume_due()


async def outbox_sweep(process: Process) -> None:
    await process.outbox_sweep.run_once()


async def reconciliation(process: Process) -> None:
    await process.reconciliation.run_once()


async def purge(process: Process) -> None:
    await process.purge.run_once()


async def sale_followed(process: Process) -> None:
    """The process lives on after a lost answer, and makes the first inquiry itself."""
    await sale("card")(process)
    await asyncio.sleep(0)  # its task goes to sleep first
    process.clock.move_to(process.clock.now() + timedelta(seconds=_FIRST_INQUIRY_S))


_U: Final = UpdateEvent
ROUTES: Final[Mapping[str, Step]] = {
    "sale.card": sale("card"),
    "sale.ach": sale("ach"),
    "sale.queued": sale("queued"),
    "sale.partial": sale("card", amount_minor=HALF_APPROVED_MINOR),
    "sale.second_key": sale("card", key="sale-2"),
    "sale.followed": sale_followed,
    "void": void(),
    "void.or_refund": void(or_refund=True),
    "refund.part": refund(amount_minor=PART_MINOR),
    "refund.full": refund(),
    "refund.or_void": refund(or_void=True),
    "update.settled": report(_U.SETTLED),
    "update.returned": report(_U.RETURNED, amountMinor=AMOUNT_MINOR, code="R01"),
    "update.charged_back": report(_U.CHARGED_BACK, amountMinor=PART_MINOR),
    "update.reversed": report(_U.CHARGEBACK_REVERSED, amountMinor=PART_MINOR),
    "update.succeeded": report(_U.RESOLVED_SUCCEEDED, transactionState="AUTHORIZED"),
    "update.declined": report(_U.RESOLVED_DECLINED),
    "update.not_found": report(_U.RESOLVED_NOT_FOUND),
    # Whatever the bus delivers: `chase-retry`, `ledger-posting`.
    "chase_retry": chase_retry,
    "outbox_sweep": outbox_sweep,
    "reconciliation": reconciliation,
    "purge": purge,
}

# The amount that a route asks for where its issuer is to decline.
_DECLINED: Final[Mapping[str, Step]] = {
    "sale.card": sale("card", amount_minor=DECLINED_MINOR),
    "sale.ach": sale("ach", amount_minor=DECLINED_MINOR),
    "sale.queued": sale("queued", amount_minor=DECLINED_MINOR),
    "refund.part": refund(amount_minor=DECLINED_MINOR),
}


def step_of(route: str, fault: Fault) -> Step:
    return _DECLINED[route] if fault is Fault.DECLINE and route in _DECLINED else ROUTES[route]


def repeats(route: str, fault: Fault) -> Step | None:
    """What its caller does who has heard nothing: the same again, under the same key. None for what nobody calls."""
    is_called = route.startswith(("sale", "void", "refund", "update"))
    if route == "sale.followed":
        return sale("card")
    return step_of(route, fault) if is_called else None
