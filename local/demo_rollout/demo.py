"""The weeks of a rollout, with faults all the way, and what became of each bill."""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from ctp import Attempt, BearerAuth, Bill, PaymentService, RequestsTransport
from ctp.example import WEEKS, ExampleCtp, ExistingStub
from local.demo_rollout.lossy import LossyTransport
from local.demo_rollout.verdict import Verdict, strays, verdicts
from local.demo_rollout.world import World

FAULTS: Final = (
    *("drop_before_processing", "drop_after_processing", "delay", "http_500", "http_503", "http_504"),
    *("malformed_json", "refuse_connection"),
)
# One sale in so many meets a fault at Chase; so many calls in a hundred are lost between CTP and the service.
_FAULT_EVERY: Final = 9
_LOST: Final = 0.06
_PATIENCE_S: Final = 1.0
# What is open after the last week: the clock is moved past inquiries and expiries until nothing is.
_MOVES_MAX: Final = 40
_MOVE_S: Final = 120
_SEED: Final = 5

Say = Callable[[str], None]


def run(world: World, bills: int, file: Path, say: Say = print, moved: Callable[[], None] = lambda: None) -> int:
    """
    Collect `bills` bills over all weeks, tell of each, and return 0 if every one was charged exactly once, else 1.

    `file` is CTP's attempt store; CTP is started anew each week. `moved` is called after each move of the clock.
    Raises WorldError.
    """
    rng, existing = random.Random(_SEED), ExistingStub()
    transport = RequestsTransport()
    lossy = LossyTransport(transport, rng, _LOST)
    service = PaymentService(lossy, world.api_url, BearerAuth(world.token))
    faults: Counter[str] = Counter()
    collected: dict[str, tuple[str, Attempt]] = {}
    for number, (mode, percentage) in enumerate(WEEKS, start=1):
        world.set_rollout(mode, percentage, f"week {number} of the demonstration")
        ctp = ExampleCtp(file, service, existing)
        week = f"{mode} {percentage} %"
        for bill in _bills_of(number, bills):
            if mode == "live":
                _maybe_order(world, rng, faults)
            (attempt,) = ctp.collect([bill], _PATIENCE_S)
            collected[bill.reference] = (week, attempt)
        ctp.close()
    ctp = ExampleCtp(file, service, existing)
    _finish(world, ctp, moved)
    ended = [(week, _last(ctp, attempt)) for week, attempt in collected.values()]
    reports = ctp.reports()
    ctp.close()
    transport.close()
    chase = world.charges(sorted(collected))
    judged = verdicts(ended, chase, existing.books)
    say(f"Faults at Chase: {_counted(faults)}; calls lost between CTP and the service: {lossy.lost}")
    return _told(judged, strays(judged, chase, existing.books), reports, say)


def _bills_of(week: int, bills: int) -> Iterable[Bill]:
    """This week's share; the last week takes what is left over."""
    share = bills // len(WEEKS)
    first = (week - 1) * share
    last = bills if week == len(WEEKS) else first + share
    for number in range(first, last):
        yield Bill("city-water", f"DEMO-{number:05d}", "card", 12599, "USD")


def _maybe_order(world: World, rng: random.Random, faults: Counter[str]) -> None:
    if rng.randrange(_FAULT_EVERY) == 0:
        fault = rng.choice(FAULTS)
        world.order_fault(fault)
        faults[fault] += 1


def _finish(world: World, ctp: ExampleCtp, moved: Callable[[], None]) -> None:
    for _ in range(_MOVES_MAX):
        if ctp.tick():
            return
        world.advance(_MOVE_S)
        moved()


def _last(ctp: ExampleCtp, attempt: Attempt) -> Attempt:
    """A bill that ended without a charge, or is open, is collected again; a charged one is only looked up."""
    (last,) = ctp.collect([attempt.bill], _PATIENCE_S)
    return last


def _told(judged: list[Verdict], stray: list[str], reports: dict[str, int], say: Say) -> int:
    for verdict in judged:
        say(verdict.line())
    wrong = [verdict for verdict in judged if not verdict.charged_once]
    by = Counter(f"{verdict.week}, {verdict.attempt.processor}" for verdict in judged)
    for who, count in by.items():
        say(f"  {who}: {count}")
    say(f"Shadow reports: {_counted(reports) or 'none'}")
    for reference in stray:
        say(f"A charge of no bill: {reference}")
    say(f"{len(judged) - len(wrong)} of {len(judged)} bills were charged exactly once.")
    return 1 if wrong or stray or not judged else 0


def _counted(counts: "Counter[str] | dict[str, int]") -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
