"""The demonstration of the rollout, against the fake service: what it proves, and that it can say no."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ctp.example import WEEKS
from local.demo_rollout.demo import run
from local.demo_rollout.world import NO_BILL, Charges
from tests.ctp.fake_http import served
from tests.ctp.fake_service import Clock, FakeService

# What the faults that can be ordered at Chase come to, as the service tells them.
FATES = {
    "drop_before_processing": "unknown_not_charged",
    "drop_after_processing": "unknown_charged",
    "delay": "approved",
    "http_500": "unknown_not_charged",
    "http_503": "unknown_not_charged",
    "http_504": "unknown_not_charged",
    "malformed_json": "unknown_charged",
    "refuse_connection": "not_reached",
}
BILLS = 60
# Stands for the first bill that Chase charged: which one it is hangs on the faults.
BY_CHASE = "by Chase"


class FakeWorld:
    """The fake service as the demonstration's world. `lies` replace what Chase's books say."""

    def __init__(self, api_url: str, service: FakeService, clock: Clock) -> None:
        self.api_url, self.service, self.clock = api_url, service, clock
        self.ordered: list[str] = []
        self.weeks: list[tuple[str, int]] = []
        self.lies: dict[str, list[int]] = {}
        service.authorization = "Bearer a-token"
        service.fate = lambda: FATES[self.ordered.pop(0)] if self.ordered else "approved"

    def token(self) -> str:
        return "a-token"

    def set_rollout(self, mode: str, percentage: int, reason: str) -> None:
        self.weeks.append((mode, percentage))
        self.service.mode, self.service.percentage, self.service.otherwise = mode, percentage, "shadow"

    def order_fault(self, fault: str) -> None:
        self.ordered.append(fault)

    def advance(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.service.resolve()

    def charges(self, references: Sequence[str]) -> Charges:
        charged = {reference: [12599] * self.service.charges(reference) for reference in references}
        by_chase = next((reference for reference, amounts in charged.items() if amounts), "")
        told = {by_chase if name == BY_CHASE else name: amounts for name, amounts in self.lies.items()}
        return {**charged, **told}


@pytest.fixture
def world() -> Iterator[FakeWorld]:
    clock = Clock()
    service = FakeService(clock.now)
    with served(service) as url:
        yield FakeWorld(url, service, clock)


def demonstrated(world: FakeWorld, folder: Path, bills: int = BILLS) -> tuple[int, list[str]]:
    """Its exit code, and what it said."""
    said: list[str] = []
    return run(world, bills, folder / "attempts.sqlite3", said.append, patience_s=0.05), said


def test_every_bill_is_charged_once_and_it_says_by_whom(world: FakeWorld, tmp_path: Path) -> None:
    code, said = demonstrated(world, tmp_path)

    assert code == 0
    told = "\n".join(said)
    assert world.weeks == list(WEEKS)
    assert sum("charged once, by" in line for line in said) == BILLS
    assert {"charged once, by chase", "charged once, by existing"} <= {
        f"charged once, by {who}" for who in ("chase", "existing") if f"charged once, by {who}" in told
    }
    assert said[-1] == f"{BILLS} of {BILLS} bills were charged exactly once."
    assert "Faults at Chase: " in said[0]
    assert not said[0].endswith(": 0")
    assert "sent" in told


LIES = [
    ({"DEMO-00000": [12599]}, "WRONG: charged, Chase charged [12599], existing [12599]"),
    ({BY_CHASE: []}, "WRONG: charged, Chase charged [], existing []"),
    ({BY_CHASE: [1]}, "WRONG: charged, Chase charged [1], existing []"),
    ({BY_CHASE: [12599, 12599]}, "WRONG: charged, Chase charged [12599, 12599], existing []"),
    ({NO_BILL: [12599]}, f"A charge of no bill: {NO_BILL}"),
]


@pytest.mark.parametrize(("lies", "line"), LIES)
def test_a_bill_that_was_not_charged_once_is_told_and_fails(
    world: FakeWorld, tmp_path: Path, lies: dict[str, list[int]], line: str
) -> None:
    world.lies = lies
    world.order_fault = lambda fault: None  # type: ignore[method-assign]  # only the lie

    code, said = demonstrated(world, tmp_path)

    assert code == 1
    assert line in "\n".join(said)


def test_a_bill_that_stays_open_is_told_with_its_reason_and_fails(world: FakeWorld, tmp_path: Path) -> None:
    world.service.fate = lambda: "unknown_charged"
    world.advance = lambda seconds: None  # type: ignore[method-assign]  # nobody ever resolves it

    code, said = demonstrated(world, tmp_path, bills=12)

    assert code == 1
    (line, *_) = [line for line in said if "OPEN" in line]
    assert line.endswith("202 unknown")
