"""The weeks of a rollout, with faults all the way, and what became of each bill."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ctp import Attempt, BearerAuth, Bill, PaymentService, RequestsTransport
from ctp.example import WEEKS, ExampleCtp, ExistingStub
from ctp.transport import Transport
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
# What is open after the last week: the clock is moved past inquiries and expiries until nothing is.
_MOVES_MAX: Final = 40
_MOVE_S: Final = 120
_SEED: Final = 5
# How the bills are spread over the weeks: a share of 1 % or 10 % shows among many only.
_SHARES: Final = (1, 1, 1, 2, 3, 4)

Say = Callable[[str], None]


def run(
    world: World,
    bills: int,
    file: Path,
    say: Say = print,
    *,
    patience_s: float = 1.0,
    moved: Callable[[], None] = lambda: None,
) -> int:
    """
    Collect `bills` bills over all weeks, tell of each, and return 0 if every one was charged exactly once, else 1.

    `file` is CTP's attempt store; CTP is started anew each week. `patience_s` is for one bill. `moved` is called after
    each move of the clock. Raises WorldError.
    """
    transport = RequestsTransport()
    try:
        demonstration = _Demonstration(world, transport, file, patience_s)
        for number, (mode, percentage) in enumerate(WEEKS, start=1):
            demonstration.week(number, mode, percentage, _bills_of(number, bills))
        attempts, reports = demonstration.finish(moved)
    finally:
        transport.close()
    say(demonstration.faults())
    chase = world.charges(sorted(attempt.bill.reference for _, attempt in attempts))
    judged = verdicts(attempts, chase, demonstration.existing.books)
    return _told(judged, strays(judged, chase, demonstration.existing.books), reports, say)


class _Demonstration:
    def __init__(self, world: World, transport: Transport, file: Path, patience_s: float) -> None:
        self._world, self._file, self._patience_s = world, file, patience_s
        self._rng, self.existing = random.Random(_SEED), ExistingStub()
        self._lossy = LossyTransport(transport, self._rng, _LOST)
        self._service = PaymentService(self._lossy, world.api_url, BearerAuth(world.token))
        self._ordered: Counter[str] = Counter()
        self._collected: list[tuple[str, Bill]] = []

    def week(self, number: int, mode: str, percentage: int, bills: Iterable[Bill]) -> None:
        """One week's bills, each once, through whatever goes wrong; what is open at its end is left to the next."""
        self._world.set_rollout(mode, percentage, f"week {number} of the demonstration")
        with self._ctp() as ctp:
            for bill in bills:
                # As many as there are live sales to meet them: piled up, they would look like Chase being down.
                if mode == "live" and self._rng.randrange(100 * _FAULT_EVERY) < percentage:
                    self._order(self._rng.choice(FAULTS))
                list(ctp.collect([bill], self._patience_s))
                self._collected.append((f"{mode} {percentage} %", bill))

    def finish(self, moved: Callable[[], None]) -> tuple[list[tuple[str, Attempt]], Mapping[str, int]]:
        """Every bill's last attempt, with its week, and the reports of shadow by what became of them."""
        with self._ctp() as ctp:
            for _ in range(_MOVES_MAX):
                if ctp.is_done():
                    break
                self._world.advance(_MOVE_S)
                moved()
            # A charged bill is only looked up; one that ended without a charge is collected anew.
            ended = list(ctp.collect((bill for _, bill in self._collected), self._patience_s))
            weeks = (week for week, _ in self._collected)
            return list(zip(weeks, ended, strict=True)), ctp.reports()

    def faults(self) -> str:
        lost = f"calls lost between CTP and the service: {self._lossy.lost}"
        return f"Faults at Chase: {_counted(self._ordered) or 'none'}; {lost}"

    def _order(self, fault: str) -> None:
        self._world.order_fault(fault)
        self._ordered[fault] += 1

    @contextmanager
    def _ctp(self) -> Iterator[ExampleCtp]:
        """CTP's next life, on what the last one wrote down."""
        ctp = ExampleCtp(self._file, self._service, self.existing)
        try:
            yield ctp
        finally:
            ctp.close()


def _bills_of(week: int, bills: int) -> Iterator[Bill]:
    """This week's share of all bills; the last week has what is left over."""
    first = sum(_share(number, bills) for number in range(1, week))
    last = bills if week == len(WEEKS) else first + _share(week, bills)
    for number in range(first, last):
        yield Bill("city-water", f"DEMO-{number:05d}", "card", 12599, "USD")


def _share(week: int, bills: int) -> int:
    return bills * _SHARES[week - 1] // sum(_SHARES)


def _told(judged: list[Verdict], stray: list[str], reports: Mapping[str, int], say: Say) -> int:
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


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
