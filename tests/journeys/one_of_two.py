"""
One of several processes of the service that share a database: asks itself for everything it is told to, while its
timers run. Reads what to do from stdin, as JSON; tells on stdout what its callers heard.
"""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import function_app
from local.bus import Bus
from local.bus_publisher import BusPublisher
from local.clock import LocalClock, ManualClock
from local.host import Host
from local.host_signals import HostSignals
from local.keys import local_keys
from local.registered import registered
from shared import wiring
from shared.settings import Settings
from shared.telemetry import RecordedTelemetry
from shared.wiring.build import build
from tests.builders import NOW, an_ach_method
from tests.house import PREFIX, Answer, House

AT_A_TIME: Final = 16
WHOLE_MINOR: Final = 100_00
PART_MINOR: Final = 60_00
_TIMERS_EVERY_S: Final = 0.05
_AGAIN_AFTER_S: Final = 0.02
_TRIES_MAX: Final = 500
# Problems after which the same key is repeated.
_LATER: Final = frozenset({"idempotency-in-progress", "processor-unavailable"})

Ask = Callable[[], Coroutine[Any, Any, Answer]]


@asynccontextmanager
async def serving(environment: dict[str, str], data: Path) -> AsyncIterator[House]:
    """The service behind its doors, against somebody else's simulator."""
    clock, telemetry, settings = LocalClock(scale=0.01), RecordedTelemetry(), Settings.from_environment(environment)
    publisher = BusPublisher()
    services = build(settings, publisher=publisher, clock=clock, telemetry=telemetry)
    wiring.use(services)
    functions = registered(function_app.app, environment)
    bus = Bus(functions.bus, clock=clock)
    publisher.attach(bus)
    await bus.start()
    try:
        host, nobody = Host(functions.http, route_prefix=PREFIX), ManualClock(NOW)
        at_hand = (nobody, telemetry, publisher, HostSignals(clock.now), functions, host, bus, local_keys(data))
        yield House(services, None, *at_hand, settings, data)  # type: ignore[arg-type]  # no simulator of its own
    finally:
        await bus.stop()
        await services.close()


class Callers:
    """`told` is what each key was told last: status, problem code, payment."""

    def __init__(self, house: House, name: str) -> None:
        self._house, self._name = house, name
        self.told: dict[str, tuple[int, str | None, str | None]] = {}

    async def bill(self, number: int) -> None:
        """A debit that is sold and given back in part twice, which does not fit; or a card that is sold and voided."""
        if number % 2:
            payment_id = await self._sold(number)
            own = f"void-{number}-{self._name}"
            await asyncio.gather(*(self._void(payment_id, key) for key in (f"void-{number}", own)))
        else:
            payment_id = await self._sold(number, method=an_ach_method())
            await asyncio.gather(*(self._refund(payment_id, f"refund-{number}-{part}") for part in "ab"))

    async def _sold(self, number: int, **changed: Any) -> str:
        sale = {"reference": f"INV-{number}", "billerId": "county-tax", "amountMinor": WHOLE_MINOR, **changed}
        key = f"sale-{number}"
        return str(await self._until_told(key, lambda: self._house.sale(key, **sale)))

    async def _void(self, payment_id: str, key: str) -> None:
        await self._until_told(key, lambda: self._house.void(payment_id, key))

    async def _refund(self, payment_id: str, key: str) -> None:
        await self._until_told(key, lambda: self._house.refund(payment_id, key, amountMinor=PART_MINOR))

    async def _until_told(self, key: str, ask: Ask) -> str | None:
        for _ in range(_TRIES_MAX):
            answer = await ask()
            body, code = answer.body, answer.body.get("code")
            waits = answer.status == 202 or code in _LATER or (code == "invalid-state" and _helps(answer))
            if not waits:
                payment_id = body.get("id") or body.get("paymentId")
                self.told[key] = (int(answer.status), code, payment_id)
                return payment_id
            await asyncio.sleep(_AGAIN_AFTER_S)
        raise AssertionError(f"{key} was never told: {answer.status} {answer.text}")


def _helps(answer: Answer) -> bool:
    """Whether waiting does."""
    return "retry-after" in answer.headers


async def timers(house: House) -> None:
    while True:
        await house.services.reconciliation.run_once()
        await house.services.outbox_sweep.run_once()
        await asyncio.sleep(_TIMERS_EVERY_S)


async def main(order: dict[str, Any]) -> None:
    data = Path(order["data"])
    numbers = list(range(order["bills"]))
    random.Random(order["name"]).shuffle(numbers)
    async with serving(order["environment"], data) as house:
        callers, gate = Callers(house, order["name"]), asyncio.Semaphore(AT_A_TIME)

        async def one(number: int) -> None:
            async with gate:
                await callers.bill(number)

        at_work = asyncio.create_task(timers(house))
        await asyncio.gather(*(one(number) for number in numbers))
        await asyncio.sleep(2 * _TIMERS_EVERY_S)
        at_work.cancel()
        with suppress(asyncio.CancelledError):
            await at_work
        alarms = [name for name, _ in house.telemetry.alarms]
    print(json.dumps({"told": callers.told, "alarms": alarms}))  # noqa: T201 - its parent reads it


if __name__ == "__main__":
    asyncio.run(main(json.load(sys.stdin)))
