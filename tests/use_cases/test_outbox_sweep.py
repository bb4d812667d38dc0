"""The sweep publishes what a crash, or a broker that was away, left in the outbox; and what has fallen due."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared.payments.messages import Message
from shared.payments.outcome import NotSent
from shared.use_cases.outbox_sweep import Swept
from tests.builders import NOW, approved
from tests.use_cases.conftest import Built
from tests.use_cases.workshop import Workshop, a_void

NOT_SENT = NotSent("NOT_CONNECTED", "refused")
LEASE = timedelta(seconds=30)


async def left_in_the_outbox(workshop: Workshop, number: int = 1) -> None:
    """A message that is due, and whose process died before it was published."""
    workshop.broker.is_away = True
    for n in range(number):
        workshop.chase.sales.append(approved(100))
        await workshop.sold(f"attempt-{n}", reference=f"INV-{n}")
    workshop.broker.is_away = False


async def test_what_was_left_is_published_once_its_lease_is_over(workshop: Workshop) -> None:
    await left_in_the_outbox(workshop)

    early = await workshop.outbox_sweep.run_once()
    workshop.clock._offset = LEASE + timedelta(milliseconds=1)
    late = await workshop.outbox_sweep.run_once()
    again = await workshop.outbox_sweep.run_once()

    assert (early, late, again) == (Swept(), Swept(published=1), Swept())
    assert len(workshop.broker.taken) == 1


async def test_what_has_fallen_due_is_published_at_its_time(workshop: Workshop) -> None:
    workshop.chase.voids = [NOT_SENT]
    await workshop.void.void(a_void(await workshop.sold()))

    early = await workshop.outbox_sweep.run_once()
    workshop.clock._offset = timedelta(seconds=10)
    due = await workshop.outbox_sweep.run_once()

    assert (early.published, due.published) == (0, 1)


async def test_a_broker_that_is_away_ends_the_run_and_the_next_sweep_takes_them(workshop: Workshop) -> None:
    await left_in_the_outbox(workshop, 3)
    workshop.broker.is_away = True
    workshop.clock._offset = timedelta(seconds=31)

    away = await workshop.outbox_sweep.run_once()
    workshop.broker.is_away = False
    workshop.clock._offset = timedelta(seconds=61, milliseconds=1)
    back = await workshop.outbox_sweep.run_once()

    assert (away, back) == (Swept(left=3), Swept(published=3))


async def test_a_sweep_that_died_leaves_what_it_took_to_the_next(workshop: Workshop) -> None:
    await left_in_the_outbox(workshop)
    at = NOW + timedelta(seconds=31)
    await workshop.outside.messages.take_due(at, 10, claim="a sweep that dies", until=at + timedelta(seconds=30))

    workshop.clock._offset = timedelta(seconds=61)
    early = await workshop.outbox_sweep.run_once()
    workshop.clock._offset = timedelta(seconds=61, milliseconds=1)
    late = await workshop.outbox_sweep.run_once()

    assert (early.published, late.published) == (0, 1)


async def test_two_sweeps_at_once_publish_each_message_once(built: Built) -> None:
    one, other = built(), built()
    await left_in_the_outbox(one, 8)
    for workshop in (one, other):
        workshop.clock._offset = timedelta(seconds=31)

    swept = await asyncio.gather(one.outbox_sweep.run_once(), other.outbox_sweep.run_once())

    taken = [message.id for message in (*one.broker.taken, *other.broker.taken)]
    assert sum(run.published for run in swept) == len(taken) == len(set(taken)) == 8


async def test_begins_nothing_new_once_its_time_is_up(workshop: Workshop) -> None:
    rounds = 0

    async def slow(messages: Sequence[Message]) -> bool:
        nonlocal rounds
        rounds += 1
        await workshop.clock.advance(13)
        return True

    async def always_due(*_: Any, **__: Any) -> list[Message]:
        return workshop.broker.taken[:1]

    await workshop.undo_waiting(approved(100))
    while not workshop.broker.taken:
        await asyncio.sleep(0)
    workshop.outside.messages.take_due = always_due  # type: ignore[method-assign]
    workshop.outbox_sweep._publishing.now = slow  # type: ignore[method-assign]

    swept = await workshop.outbox_sweep.run_once()

    assert (rounds, swept.published) == (4, 4)


async def test_tells_how_old_the_oldest_message_is(workshop: Workshop) -> None:
    await workshop.outbox_sweep.run_once()
    await left_in_the_outbox(workshop)
    workshop.clock._offset = timedelta(seconds=29)
    await workshop.outbox_sweep.run_once()

    ages = [told["ageS"] for name, told in workshop.telemetry.events if name == "outbox.age"]

    assert ages == [0.0, 29.0]
