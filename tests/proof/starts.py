"""The states that a payment is in before a route is tried: each made by the service itself, once, and then copied."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from shared.payments.inquiry import OnNotFound
from shared.payments.updates import UpdateEvent
from shared.use_cases.sale import SaleCall
from tests.builders import a_sale_request
from tests.proof import routes
from tests.proof.chase_desk import Fault
from tests.proof.crashing import Gate
from tests.proof.routes import HALF_APPROVED_MINOR, PART_MINOR, Step
from tests.proof.service import FINGERPRINTS, Process
from tests.proof.world import World, make_world, open_world

# Past the capture time that the simulator gives (2 h), and the inquiry that confirms it.
CAPTURED_AFTER_S: Final = 7200 + 121
# What was given up is asked about again after ten minutes.
_ASKED_AGAIN_AFTER_S: Final = 601
# A submitted operation belongs to nobody after 90 s.
_ABANDONED_AFTER_S: Final = 91

Start = Callable[[World], Awaitable[None]]


async def done(world: World, *steps: Step, fault: Fault = Fault.NONE, away: bool = False) -> None:
    """`steps`, asked of one process that then ends; `fault` is met by the first that moves money."""
    world.chase.meet(fault)
    world.bus.is_away = away
    process = Process(world, Gate(), on_not_found=OnNotFound.MANUAL)
    for step in steps:
        alive = await process.run(step(process))
        assert alive, "nothing dies here"
        assert not process.raised + process.refused, process.raised + process.refused
    await process.bury()
    world.bus.is_away = False
    world.chase.meet(Fault.NONE)


def _sold(kind: str = "card", *, fault: Fault = Fault.NONE, amount_minor: int | None = None) -> Start:
    async def start(world: World) -> None:
        await done(world, routes.sale(kind, amount_minor=amount_minor), fault=fault)

    return start


def _then(before: Start, *steps: Step, after_s: float = 0, fault: Fault = Fault.NONE, away: bool = False) -> Start:
    async def start(world: World) -> None:
        await before(world)
        world.clock.move_to(world.clock.now() + timedelta(seconds=after_s))
        await done(world, *steps, fault=fault, away=away)

    return start


def _died(before: Start, step: Step, at: str) -> Start:
    """The process of `step` died as soon as it had made the port call `at`."""

    async def start(world: World) -> None:
        await before(world)
        process = Process(world, Gate.that_dies_after(at))
        assert not await process.run(step(process)), f"{at} was never called"
        await process.bury()
        world.clock.move_to(world.clock.now() + timedelta(seconds=_ABANDONED_AFTER_S))

    return start


async def _empty(_: World) -> None:
    return None


_AUTHORIZED: Final = _sold()
_CAPTURED: Final = _then(_AUTHORIZED, routes.reconciliation, after_s=CAPTURED_AFTER_S)
_PART: Final = routes.refund("refund-0", amount_minor=PART_MINOR)
_LOST: Final = _sold(fault=Fault.DROP_AFTER_PROCESSING)
_NEVER_ARRIVED: Final = _sold(fault=Fault.DROP_BEFORE_PROCESSING)
_CALLED_NOT_FOUND: Final = _then(_LOST, routes.report(UpdateEvent.RESOLVED_NOT_FOUND))
_QUEUED_REFUND: Final = _then(_CAPTURED, _PART, fault=Fault.NOT_SENT)
_DUE_S: Final = 3
# What did not get through is sent again after 10 s at most; its message is its first owner's for 30 s.
_REQUEUED_AFTER_S: Final = 41

STARTS: Final[Mapping[str, Start]] = {
    "none": _empty,
    "authorized": _AUTHORIZED,
    "capture_due": _then(_AUTHORIZED, after_s=CAPTURED_AFTER_S),
    "captured": _CAPTURED,
    "captured_ach": _sold("ach"),
    "settled": _then(_CAPTURED, routes.report(UpdateEvent.SETTLED)),
    "charged_back": _then(_CAPTURED, routes.report(UpdateEvent.CHARGED_BACK, amountMinor=PART_MINOR)),
    "partially_refunded": _then(_CAPTURED, _PART),
    "unknown_sale": _then(_LOST, after_s=_DUE_S),
    "unknown_sale.not_there": _then(_NEVER_ARRIVED, after_s=_DUE_S),
    "unknown_refund": _then(_then(_CAPTURED, _PART, fault=Fault.DROP_AFTER_PROCESSING), after_s=_DUE_S),
    "unknown_refund.not_there": _then(_then(_CAPTURED, _PART, fault=Fault.DROP_BEFORE_PROCESSING), after_s=_DUE_S),
    "unknown_void": _then(_then(_AUTHORIZED, routes.void("void-0"), fault=Fault.DROP_AFTER_PROCESSING), after_s=_DUE_S),
    "unknown_void.not_there": _then(
        _then(_AUTHORIZED, routes.void("void-0"), fault=Fault.DROP_BEFORE_PROCESSING), after_s=_DUE_S
    ),
    "unknown_void.overtaken": _then(
        _then(_AUTHORIZED, routes.void("void-0"), fault=Fault.DROP_BEFORE_PROCESSING), after_s=CAPTURED_AFTER_S
    ),
    "received": _sold(fault=Fault.NOT_SENT),
    "queued_sale": _sold("queued", fault=Fault.NOT_SENT),
    "queued_refund": _QUEUED_REFUND,
    "queued_void": _then(_AUTHORIZED, routes.void("void-0"), fault=Fault.NOT_SENT),
    "partial_approval": _then(_empty, routes.sale("card", amount_minor=HALF_APPROVED_MINOR), away=True),
    "late_charge": _then(_CALLED_NOT_FOUND, routes.reconciliation, after_s=_ASKED_AGAIN_AFTER_S, away=True),
    "late_charge.captured": _then(_CALLED_NOT_FOUND, routes.reconciliation, after_s=CAPTURED_AFTER_S, away=True),
    # Its message was sent, read and done long ago.
    "long_ago": _then(
        _then(_QUEUED_REFUND, routes.outbox_sweep, routes.chase_retry, after_s=_REQUEUED_AFTER_S),
        after_s=40 * 86400,
    ),
    "abandoned_sale": _died(_empty, routes.sale(), "chase.sale"),
    "abandoned_void": _died(_AUTHORIZED, routes.void("void-0"), "chase.void"),
    "abandoned_refund": _died(_CAPTURED, _PART, "chase.refund"),
}


async def build(name: str, folder: Path) -> None:
    """The world of the start `name`, beside two payments that vouch for the look-ups."""
    make_world(folder)
    with open_world(folder) as world:
        await done(world, _known("known-1"), _known("known-2"), _refunded)
        await STARTS[name](world)
        world.telemetry.alarms.clear()
        world.save()


def _known(reference: str) -> Step:
    """A payment that Chase has captured at once."""

    async def take(process: Process) -> None:
        request = a_sale_request(biller_id="city-water", reference=reference, method=routes.ach())
        call = SaleCall(request, "ctp", reference, FINGERPRINTS.of(reference.encode()))
        await process.sale.take(call)

    return take


async def _refunded(process: Process) -> None:
    await routes.refund("known-refund", of="known-2")(process)
