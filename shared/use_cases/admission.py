"""
Who may begin a sale now: so many at work, so many in one turn of the loop, and nobody behind too old a queue.

All sales of a process share one thread. Were all that come in one instant begun in one turn, whatever came next would
wait for all of them: the answers of Chase, and a refusal, which costs next to nothing.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from shared.payments.errors import Overloaded

# What begins takes about half a millisecond each, while refusals and answers wait. Fewer cost: flushes are shared less.
_BEGUN_IN_A_TURN: Final = 16
_RETRY_AFTER_S: Final = 1


class Admission:
    """
    Bounds the sales at work, those that wait for their turn among them (`in_flight_max`), and the queue's age.

    `boot_s` is the Clock's, and tells how long the first of the queue has waited. `refused` is told of each refusal.
    """

    def __init__(
        self,
        *,
        in_flight_max: int,
        queue_age_max_s: float,
        boot_s: Callable[[], float],
        refused: Callable[[], None] = lambda: None,
    ) -> None:
        self._in_flight_max, self._queue_age_max_s, self._boot_s = in_flight_max, queue_age_max_s, boot_s
        self._refused = refused
        self.in_flight = 0
        self._queue: deque[tuple[float, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place, from a sale's turn until its answer. Raises Overloaded, at once, where there is none."""
        now_s = self._boot_s()
        too_old = bool(self._queue) and now_s - self._queue[0][0] > self._queue_age_max_s
        if too_old or self.in_flight >= self._in_flight_max:
            self._refused()
            said = "nothing was stored or sent: repeat it with the same Idempotency-Key"
            raise Overloaded(said, retry_after_s=_RETRY_AFTER_S)
        self.in_flight += 1
        try:
            await self._turn(now_s)
            yield
        finally:
            self.in_flight -= 1

    def outlived_by(self, sale: asyncio.Task[Any]) -> None:
        """Its caller has an answer, or hung up, and it goes on: it keeps a place until it ends."""
        self.in_flight += 1
        sale.add_done_callback(self._landed)

    async def _turn(self, now_s: float) -> None:
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._queue.append((now_s, turn))
        if len(self._queue) == 1:
            loop.call_soon(self._give_turns, loop)
        await turn

    def _give_turns(self, loop: asyncio.AbstractEventLoop) -> None:
        for _ in range(min(_BEGUN_IN_A_TURN, len(self._queue))):
            _, turn = self._queue.popleft()
            if not turn.done():  # else its caller hung up
                turn.set_result(None)
        if self._queue:
            loop.call_soon(self._give_turns, loop)

    def _landed(self, _sale: object) -> None:
        self.in_flight -= 1
