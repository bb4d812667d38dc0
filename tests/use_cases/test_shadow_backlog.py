"""How much waits in shadow, as far as this process knows; and what was lost for it."""

import asyncio

import pytest

from shared.database.unit_of_work import DatabaseUnavailable
from shared.payments.operations import OperationKind
from shared.shadow.evidence import Stratum
from shared.use_cases.shadow_backlog import COUNTED_EVERY_S
from tests.use_cases.shadow_desk import ShadowDesk
from tests.use_cases.workshop import Workshop

SALE = Stratum("city-water", "card", OperationKind.SALE)
VOID = Stratum("city-water", "card", OperationKind.VOID)


class IllStore:
    """Counts that fail, though losses are kept; or neither."""

    def __init__(self, workshop: Workshop, *, loses: bool) -> None:
        self._store, self.loses = workshop.outside.shadow, loses

    async def lose(self, *arguments: object) -> None:
        if not self.loses:
            raise DatabaseUnavailable("away")
        await self._store.lose(*arguments)  # type: ignore[arg-type]

    async def waiting(self) -> int:
        raise DatabaseUnavailable("away")


async def test_what_is_taken_here_counts_at_once_and_what_others_took_within_seconds(workshop: Workshop) -> None:
    backlog = workshop.shadow_backlog
    for _ in range(100):
        assert backlog.has_room()
        backlog.took()

    assert not backlog.has_room()
    await backlog.count()
    assert backlog.has_room()


async def test_the_database_is_not_asked_more_often_than_every_few_seconds(workshop: Workshop) -> None:
    backlog, trips = workshop.shadow_backlog, workshop.units()[0]
    for _ in range(50):
        backlog.has_room()
    await workshop.tasks.close(1.0)
    for _ in range(50):
        backlog.has_room()

    assert workshop.units()[0] == trips + 1
    await workshop.clock.advance(COUNTED_EVERY_S)
    backlog.has_room()
    await workshop.tasks.close(1.0)
    assert workshop.units()[0] == trips + 2


async def test_losses_are_kept_by_what_was_lost_though_nobody_calls_again(workshop: Workshop) -> None:
    for stratum in (SALE, VOID, SALE):
        workshop.shadow_backlog.lost(stratum)

    await asyncio.sleep(0)
    await workshop.clock.advance(COUNTED_EVERY_S)

    assert await ShadowDesk(workshop).losses() == 3
    assert ("shadow.lost", {"operations": 3}) in workshop.telemetry.events


async def test_losses_are_kept_when_the_process_ends(workshop: Workshop) -> None:
    workshop.shadow_backlog.lost(SALE)

    await workshop.tasks.close(1.0)
    await workshop.shadow_backlog.close()
    await workshop.shadow_backlog.close()

    assert await ShadowDesk(workshop).losses() == 1


@pytest.mark.parametrize("loses", [True, False], ids=["the count fails", "the losses fail"])
async def test_a_database_that_is_away_costs_no_loss_and_doubles_none(workshop: Workshop, loses: bool) -> None:
    backlog = workshop.shadow_backlog
    whole = backlog._store
    backlog._store = IllStore(workshop, loses=loses)  # type: ignore[assignment]
    backlog.lost(SALE)

    await backlog.count()
    backlog._store = whole
    await backlog.count()

    assert await ShadowDesk(workshop).losses() == 1
    assert "shadow.backlog_unknown" in workshop.events()
