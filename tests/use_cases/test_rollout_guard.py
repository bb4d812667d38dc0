"""Live sales that go wrong go back to the existing processor; nothing ever goes up."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.database.unit_of_work import Statement
from shared.payments.idempotency import Nonce
from shared.payments.operations import OperationState
from shared.payments.outcome import Unknown
from shared.shadow.document import Mode, RolloutVersion
from shared.use_cases.rollout_guard import RolloutGuard
from tests.builders import NOW, approved
from tests.shadow.at_rest import live_sale
from tests.shadow.scenes import a_document, a_rule
from tests.use_cases.evidence_desk import Desk, open_desk

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LIVE = a_document(
    a_rule(mode=Mode.LIVE, percentage=25, otherwise=Mode.SHADOW),
    a_rule(biller_id="county-tax", mode=Mode.LIVE, percentage=5),
)
FAILURES = "5 integration failures among 6 live sales in 5 minutes"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path / "payments.sqlite3") as desk:
        yield desk


def failing(at: datetime = NOW - MINUTE, biller_id: str = "city-water", first: int = 1) -> list[Sequence[Statement]]:
    """Five that nobody knows the end of, and one that was approved."""
    lost = Unknown("READ_TIMEOUT", "no answer")
    numbers = range(first, first + 5)
    return [
        *(live_sale(n, lost, OperationState.UNKNOWN, at=at, biller_id=biller_id) for n in numbers),
        live_sale(first + 5, approved(), OperationState.SUCCEEDED, at=at, biller_id=biller_id),
    ]


async def newest(desk: Desk) -> RolloutVersion:
    [version] = await desk.store.versions(1)
    return version


async def test_sends_back_who_fails_and_leaves_the_others(desk: Desk) -> None:
    await desk.write(LIVE, NOW - DAY)
    await desk.keep(*failing())

    [demotion] = await desk.guard.run_once()

    written = await newest(desk)
    rule = written.document.rule_for("city-water", "card")
    assert rule is not None
    assert (rule.mode, rule.percentage) == (Mode.SHADOW, 100)
    assert written.document.rule_for("county-tax", "card") == LIVE.rule_for("county-tax", "card")
    assert (written.version, written.actor, written.forced) == (2, "rollout_guard", False)
    assert written.reason == f"city-water card: {FAILURES}"
    assert demotion.because == FAILURES


async def test_tells_a_person(desk: Desk) -> None:
    await desk.write(LIVE, NOW - DAY)
    await desk.keep(*failing())

    await desk.guard.run_once()

    assert desk.workshop.telemetry.alarms == [
        ("rollout.demoted", {"billerId": "city-water", "method": "card", "because": FAILURES, "version": 2})
    ]


async def test_takes_effect_in_this_process_at_once(desk: Desk) -> None:
    await desk.write(LIVE, NOW - DAY)
    await desk.keep(*failing())
    current = desk.current
    await current.current()

    await RolloutGuard(desk.workshop.outside, current, desk.store, desk.evidence).run_once()

    assert (await current.current()).version == 2


async def test_does_nothing_twice(desk: Desk) -> None:
    await desk.write(LIVE, NOW - DAY)
    await desk.keep(*failing())

    await desk.guard.run_once()

    assert await desk.guard.run_once() == ()
    assert (await newest(desk)).version == 2


async def test_leaves_who_is_well(desk: Desk) -> None:
    await desk.write(LIVE, NOW - DAY)
    await desk.keep(live_sale(1, approved(), OperationState.SUCCEEDED, at=NOW - MINUTE))

    assert await desk.guard.run_once() == ()
    assert (await newest(desk)).version == 1


async def test_judges_nobody_by_failures_from_before_the_step(desk: Desk) -> None:
    await desk.write(LIVE, NOW - DAY)
    await desk.keep(*failing(at=NOW - 2 * MINUTE))
    again = a_document(a_rule(mode=Mode.LIVE, percentage=5, otherwise=Mode.SHADOW), *LIVE.rules[1:])
    await desk.write(again, NOW - MINUTE)

    assert await desk.guard.run_once() == ()


async def test_asks_nothing_where_nobody_is_live(desk: Desk) -> None:
    await desk.write(a_document(a_rule(mode=Mode.SHADOW, percentage=100)), NOW - DAY)
    before = desk.engine.round_trips

    assert await desk.guard.run_once() == ()
    assert desk.engine.round_trips == before + 1


async def test_leaves_alone_what_no_operator_has_written(desk: Desk) -> None:
    desk.initial = a_document(a_rule(biller_id="*", method="*", mode=Mode.LIVE, percentage=100))
    await desk.keep(*failing())

    assert await desk.guard.run_once() == ()
    assert await desk.store.versions(1) == []


async def test_lets_a_version_that_came_meanwhile_win_and_looks_again(desk: Desk) -> None:
    await desk.write(LIVE, NOW - DAY)
    await desk.keep(*failing())
    store, add = desk.store, desk.store.add_version

    class Overtaken(type(store)):  # type: ignore[misc]
        async def add_version(self, version: RolloutVersion, nonce: Nonce | None) -> None:
            await add(RolloutVersion(2, LIVE, NOW, "olga", "a moment before"), None)
            await add(version, nonce)

    store.__class__ = Overtaken
    overtaken = await desk.guard.run_once()
    store.__class__ = Overtaken.__mro__[1]

    assert overtaken == ()
    assert desk.workshop.alarms() == []
    assert [demotion.biller_id for demotion in await desk.guard.run_once()] == ["city-water"]
    assert (await newest(desk)).version == 3


async def test_keeps_a_reason_that_fits_however_many_go_back(desk: Desk) -> None:
    rules = [a_rule(biller_id=biller_id, method="*", mode=Mode.LIVE) for biller_id in ("city-water", "county-tax")]
    await desk.write(a_document(*rules), NOW - DAY)
    for number, biller_id in enumerate(("city-water", "county-tax")):
        for at, method in enumerate(("card", "ach", "applePay", "googlePay")):
            first = 1 + 6 * (4 * number + at)
            await desk.keep(*failing(biller_id=biller_id, first=first))
            # The builder sells by card alone.
            await desk.keep([_by(method, n) for n in range(first, first + 6)])

    found = await desk.guard.run_once()

    reason = (await newest(desk)).reason
    assert len(found) == 8
    assert len(reason) == 255
    assert reason.endswith("...")
    assert len(desk.workshop.alarms()) == 8


def _by(method: str, number: int) -> Statement:
    return Statement("UPDATE payments SET method_type = ? WHERE id = ?", (method, f"pay_{number:032x}"))
