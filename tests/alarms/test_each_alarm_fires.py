"""Each alarm stands once its condition is there, in the running service, and not before: by its own query."""

import pytest

from infra.scripts.alarm_query import alarms
from tests.alarms.conditions import CONDITIONS
from tests.alarms.conftest import OpenPlant


@pytest.mark.parametrize("name", alarms())
async def test_stands_when_its_condition_is_there_and_not_before(name: str, opened_plant: OpenPlant) -> None:
    condition = CONDITIONS[name]
    async with opened_plant(**condition.settings) as plant:
        await plant.healthy()
        before = plant.judge(name)

        await condition.causes(plant)
        after = plant.judge(name)

    assert (before.stands, after.stands) == (False, True), (before.rows, after.rows)


def test_every_alarm_has_a_condition() -> None:
    assert set(CONDITIONS) == set(alarms())


async def test_an_alarm_ends_when_its_condition_does(opened_plant: OpenPlant) -> None:
    async with opened_plant() as plant:
        await plant.healthy()
        await CONDITIONS["dead-letters"].causes(plant)
        first = plant.judge("dead-letters")
        await plant.minutes(2)
        meanwhile = plant.judge("dead-letters")
        await plant.minutes(15)

        assert plant.judge("dead-letters").stands is False
        assert meanwhile.since == first.since is not None


async def test_silence_of_the_timers_is_no_good_news(opened_plant: OpenPlant) -> None:
    async with opened_plant() as plant:
        await plant.healthy()
        await plant.minutes(16)

        assert {"unknown-too-old", "outbox-age"} <= set(plant.alarms.standing())
