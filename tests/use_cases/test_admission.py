"""Who may begin a sale now, and who is turned away before anything of it is read."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from shared.payments.errors import Overloaded
from shared.payments.state_machine import State
from shared.use_cases.admission import Admission
from tests.use_cases.workshop import Workshop, a_call


class Clock:
    now_s = 1000.0

    def boot_s(self) -> float:
        return self.now_s


def admission(*, in_flight_max: int = 100, queue_age_max_s: float = 1.0, clock: Clock | None = None) -> Admission:
    clock = clock or Clock()
    return Admission(in_flight_max=in_flight_max, queue_age_max_s=queue_age_max_s, boot_s=clock.boot_s)


class Sales:
    """Calls that hold a place until they may end."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.begun: list[int] = []
        self.may_end = asyncio.Event()

    async def sale(self, number: int) -> None:
        async with self._admission.place():
            self.begun.append(number)
            await self.may_end.wait()

    def come(self, count: int) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self.sale(number)) for number in range(count)]


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def _refused(work: Awaitable[None]) -> Overloaded:
    with pytest.raises(Overloaded) as refused:
        await work
    return refused.value


class TestABound:
    async def test_of_sales_at_work_turns_the_next_one_away_and_says_when_to_come_again(self) -> None:
        sales = Sales(admission(in_flight_max=3))
        at_work = sales.come(3)
        await _until(lambda: len(sales.begun) == 3)

        refused = await _refused(sales.sale(99))

        assert refused.retry_after_s == 1
        sales.may_end.set()
        await asyncio.gather(*at_work)

    async def test_counts_those_that_wait_for_their_turn_and_refuses_without_waiting_for_them(self) -> None:
        sales = Sales(admission(in_flight_max=30))
        at_work = sales.come(30)
        await asyncio.sleep(0)

        await _refused(sales.sale(99))

        assert len(sales.begun) < 30
        sales.may_end.set()
        await asyncio.gather(*at_work)

    async def test_has_room_again_once_a_sale_has_ended_however_it_ended(self) -> None:
        bounded = admission(in_flight_max=1)
        with pytest.raises(LookupError):
            async with bounded.place():
                raise LookupError

        async with bounded.place():
            await _refused(Sales(bounded).sale(99))

    async def test_counts_a_sale_that_goes_on_without_its_caller(self, workshop: Workshop) -> None:
        workshop.chase.hold = asyncio.Event()
        bounded = admission(in_flight_max=1)
        sale = workshop.sale(answer_within_s=0.3, admission=bounded)
        async with bounded.place():
            answered = await sale.take(a_call())

        await _refused(Sales(bounded).sale(99))

        assert answered.payment.state is State.SUBMITTED
        workshop.chase.hold.set()
        await workshop.outside.tasks.close(5)
        async with bounded.place():
            pass

    async def test_counts_a_sale_whose_caller_hung_up(self, workshop: Workshop) -> None:
        workshop.chase.hold = asyncio.Event()
        bounded = admission(in_flight_max=1)

        async def call() -> None:
            async with bounded.place():
                await workshop.sale(admission=bounded).take(a_call())

        caller = asyncio.create_task(call())
        await _until(lambda: len(workshop.chase.sold) == 1)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)

        await _refused(Sales(bounded).sale(99))

        workshop.chase.hold.set()


class TestTheQueue:
    async def test_is_served_in_the_order_of_coming(self) -> None:
        sales = Sales(admission())
        at_work = sales.come(40)
        await _until(lambda: len(sales.begun) == 40)

        assert sales.begun == list(range(40))
        sales.may_end.set()
        await asyncio.gather(*at_work)

    async def test_takes_nobody_more_once_its_first_has_waited_too_long(self) -> None:
        clock = Clock()
        sales = Sales(admission(queue_age_max_s=0.5, clock=clock))
        at_work = sales.come(50)
        await asyncio.sleep(0)
        clock.now_s += 0.51

        await _refused(sales.sale(99))

        # Those who were let in are served all the same.
        await _until(lambda: len(sales.begun) == 50)
        sales.may_end.set()
        await asyncio.gather(*at_work)

    async def test_passes_over_who_hung_up_while_waiting(self) -> None:
        sales = Sales(admission(in_flight_max=2))
        first, second = sales.come(2)
        await asyncio.sleep(0)
        first.cancel()
        await _until(lambda: sales.begun == [1])

        sales.may_end.set()
        await asyncio.gather(first, second, return_exceptions=True)
        async with asyncio.timeout(5):
            await sales.sale(3)
        assert sales.begun == [1, 3]
