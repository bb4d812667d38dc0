"""The document as it stands: read again within seconds; unreadable, the last good one, then off, with an alarm."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.database.unit_of_work import DatabaseUnavailable
from shared.payments.errors import ChangedMeanwhile, InvalidRequest, StaleVersion
from shared.payments.idempotency import Nonce
from shared.shadow.document import ALL_OFF, Mode, RolloutVersion
from shared.use_cases.change_rollout import ChangeRollout, RolloutChange
from shared.use_cases.current_rollout import REFRESH_S, WAITED_FOR_AFTER_S, CurrentRollout
from tests.use_cases.rollout_desk import RolloutDesk
from tests.use_cases.workshop import LIVE, Workshop


class FickleStore:
    """The store; away while `is_away`, and somebody else writes first while `is_beaten`."""

    def __init__(self, workshop: Workshop) -> None:
        self._store, self.is_away, self.is_beaten, self.asked = workshop.rollout, False, False, 0

    async def versions(self, limit: int) -> Sequence[RolloutVersion]:
        self.asked += 1
        if self.is_away:
            raise DatabaseUnavailable("away")
        return await self._store.versions(limit)

    async def add_version(self, version: RolloutVersion, nonce: Nonce | None) -> None:
        if self.is_beaten:
            raise ChangedMeanwhile("version")
        await self._store.add_version(version, nonce)


@pytest.fixture
def store(workshop: Workshop) -> FickleStore:
    return FickleStore(workshop)


def current(workshop: Workshop, store: FickleStore) -> CurrentRollout:
    return CurrentRollout(workshop.outside, store, initial=LIVE)  # type: ignore[arg-type]  # what it asks is there


async def test_is_what_it_was_begun_with_until_something_is_written(workshop: Workshop, store: FickleStore) -> None:
    version = await current(workshop, store).current()

    assert (version.version, version.document) == (0, LIVE)


async def test_is_asked_for_once_in_some_seconds_and_then_takes_effect(workshop: Workshop, store: FickleStore) -> None:
    rollout = current(workshop, store)
    await rollout.current()
    await RolloutDesk(workshop).governed(Mode.OFF)
    assert (await rollout.current()).version == 0
    assert store.asked == 1

    await workshop.clock.advance(REFRESH_S)
    # Nobody waits for it: these two hear the old one, and one look brings the new.
    assert {(await rollout.current()).version for _ in range(2)} == {0}
    async with asyncio.timeout(5):
        while (await rollout.current()).version == 0:
            await asyncio.sleep(0.001)
    assert store.asked == 2


async def test_is_waited_for_where_nobody_asked_for_long(workshop: Workshop, store: FickleStore) -> None:
    rollout = current(workshop, store)
    await rollout.current()
    await RolloutDesk(workshop).governed(Mode.OFF)
    await workshop.clock.advance(WAITED_FOR_AFTER_S)

    assert (await rollout.current()).version == 1


async def test_that_this_process_wrote_is_not_forgotten_for_one_that_was_read_before(
    workshop: Workshop, store: FickleStore
) -> None:
    rollout = current(workshop, store)
    rollout.written(RolloutVersion(7, ALL_OFF, workshop.clock.now(), "operator", "a test"))
    await workshop.clock.advance(WAITED_FOR_AFTER_S)

    assert (await rollout.current()).version == 7


async def test_stays_the_last_good_one_while_it_cannot_be_read(workshop: Workshop, store: FickleStore) -> None:
    rollout = current(workshop, store)
    await rollout.current()
    store.is_away = True
    await workshop.clock.advance(WAITED_FOR_AFTER_S)

    assert (await rollout.current()).document == LIVE
    assert workshop.telemetry.alarms == [
        ("rollout.unreadable", {"error": "DatabaseUnavailable", "lastGood": 0}),
    ]


async def test_is_off_where_it_was_never_read_and_is_asked_for_again_at_once(
    workshop: Workshop, store: FickleStore
) -> None:
    rollout, store.is_away = current(workshop, store), True

    assert (await rollout.current()).document == ALL_OFF
    assert not await rollout.holds_all()
    assert workshop.alarms() == ["rollout.unreadable"] * 2

    store.is_away = False
    assert (await rollout.current()).document == LIVE


async def test_that_somebody_else_writes_first_is_told_as_stale(workshop: Workshop, store: FickleStore) -> None:
    rollout, store.is_beaten = current(workshop, store), True

    async def judged() -> dict[object, object]:
        return {}

    change = ChangeRollout(
        workshop.outside,
        store,  # type: ignore[arg-type]  # what it asks is there
        rollout,
        judged,  # type: ignore[arg-type]
        shadow_billers=(),
    )

    with pytest.raises(StaleVersion):
        await change.change(RolloutChange(document=ALL_OFF, version=0, actor="operator", reason="off", forced=True))


async def test_a_decision_for_a_biller_that_nobody_knows_is_refused(workshop: Workshop) -> None:
    with pytest.raises(InvalidRequest):
        await RolloutDesk(workshop).decided(biller_id="nobody")
