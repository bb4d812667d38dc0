"""Callers at work all at once: each bill under a key of its own, repeated until its outcome has been told."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp

from tests.builders import a_sale_body
from tests.journeys.process import Process

CALLERS = 32
# Amounts that the simulator declines: reason code x 100.
DECLINED_MINOR = (521_00, 530_00)

_OUTCOMES = {HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.PAYMENT_REQUIRED}
# Problems after which the same key is repeated later.
_LATER = {"idempotency-in-progress", "processor-unavailable"}


@dataclass
class Bill:
    """One bill, and everything its caller was told about it: status and payment id, in order."""

    number: int
    told: list[tuple[int, str]] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"attempt-{self.number}"

    @property
    def reference(self) -> str:
        return f"INV-{self.number}"

    @property
    def body(self) -> dict[str, Any]:
        is_declined = self.number % 10 == 7
        amount = DECLINED_MINOR[self.number % 2] if is_declined else 10_001 + 2 * self.number
        biller = ("city-water", "county-tax")[self.number % 2]
        return a_sale_body(reference=self.reference, billerId=biller, amountMinor=amount)


class Load:
    """CALLERS callers over `bills`. Begins with `start`; `put_off` are the bills whose key is to be repeated later."""

    def __init__(self, process: Process, bills: list[Bill]) -> None:
        self.put_off: list[Bill] = []
        self.answered = 0
        self._process = process
        self._waiting = deque(bills)
        self._callers: list[asyncio.Task[None]] = []
        self._progress = asyncio.Condition()

    def start(self) -> None:
        self._callers = [asyncio.create_task(self._call()) for _ in range(CALLERS)]

    async def until_answered(self, more: int) -> None:
        """Return at the moment when so many more outcomes have been told."""
        enough = self.answered + more
        async with self._progress:
            await self._progress.wait_for(lambda: self.answered >= enough or self._ended())
        if self.answered < enough:
            await self.end()
            raise AssertionError("the load ended before the moment to kill")

    async def end(self) -> None:
        """Every bill was asked for, and answered or put off."""
        await asyncio.gather(*self._callers)

    async def repeat(self) -> None:
        """What was put off, again."""
        bills, self.put_off = self.put_off, []
        self._waiting.extend(bills)
        self.start()
        await self.end()

    async def close(self) -> None:
        for caller in self._callers:
            caller.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)

    async def _call(self) -> None:
        try:
            while self._waiting:
                await self._ask(self._waiting.popleft())
        finally:
            await self._notify()

    async def _ask(self, bill: Bill) -> None:
        status, body = await self._answer(bill)
        if body.get("code") in _LATER:
            self.put_off.append(bill)
            return
        assert status in _OUTCOMES, (bill.key, status, body)
        bill.told.append((status, body["id"]))
        self.answered += 1
        await self._notify()

    async def _answer(self, bill: Bill) -> tuple[int, Any]:
        """As a good client: the same key again until there is an answer."""
        while True:
            await self._process.up.wait()
            kills = self._process.kills
            try:
                return await self._process.sale(bill.key, bill.body)
            except aiohttp.ClientError:
                assert kills < self._process.kills, "a connection failed while nobody killed the service"

    async def _notify(self) -> None:
        async with self._progress:
            self._progress.notify_all()

    def _ended(self) -> bool:
        return all(caller.done() for caller in self._callers)
