"""
What one payment leaves behind, for docs/scale.md: `python -m benchmarks.footprint [payments]`.

The service in this process, on SQLite, the stub at 0 ms. One payment: its decision asked for, then sold at a merchant
whose sales are captured at once, published, posted to the embedded journal. Round trips and commits are the engine's
own count, events are lines on the service's logger, bytes are the growth of the database with its indexes: none depends
on the machine. A sale that is captured later costs one look at Chase and one commit more.
"""

import asyncio
import json
import logging
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.bench import Bench
from benchmarks.house import House, open_house
from benchmarks.sizes import QUICK
from shared.payments.messages import Message, Queue

PAYMENTS: Final = 2_000
_WARM: Final = 50
_AT_ONCE: Final = 16
_BILLER: Final = "county-tax"
# Longer than a task takes that was begun after an answer.
_SETTLED_AFTER_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Footprint:
    """Of one payment, in the mean. `event_bytes` is the JSON of all its `events`, without what the platform adds."""

    round_trips: float
    commits: float
    messages: float
    events: float
    event_bytes: float
    database_bytes: float


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines = self.size = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += 1
        self.size += len(record.getMessage().encode())


@contextmanager
def _listening() -> Iterator[_Lines]:
    """To the service's own events, as a deployed service logs them."""
    logger, told = logging.getLogger("payments"), _Lines()
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(told)
    try:
        yield told
    finally:
        logger.removeHandler(told)
        logger.setLevel(level)


async def measured(folder: Path, bench: Bench, payments: int = PAYMENTS) -> Footprint:
    """Counts over `payments`, after a few that are not counted."""
    with bench.stub(folder) as stub:
        async with open_house(folder, stub) as house:
            await _all(house, folder, range(_WARM))
            with _listening() as told:
                before = _counts(house, told, folder)
                await _all(house, folder, range(_WARM, _WARM + payments))
                after = _counts(house, told, folder)
    return Footprint(*((late - early) / payments for early, late in zip(before, after, strict=True)))


async def _all(house: House, folder: Path, numbers: Sequence[int]) -> None:
    """Each number's payment, so many at once; then what was begun after their answers, and their postings."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> None:
        async with gate:
            await _decided(house, number)
            await house.sale(number, _BILLER)

    await asyncio.gather(*(one(number) for number in numbers))
    await asyncio.sleep(_SETTLED_AFTER_S)
    for message in _unposted(folder):
        await house.services.ledger_posting.consume(message)


async def _decided(house: House, number: int) -> None:
    """Of another attempt: on the laptop nobody is live by the document, and a sale asks for no decision."""
    asked = {
        "attempt": f"asked-{number:010d}",
        "billerId": _BILLER,
        "method": "card",
        "reference": f"ASKED-{number:010d}",
    }
    status, answer = await house.call("POST", "/rollout/decisions", json.dumps(asked).encode())
    if status != 200:
        raise RuntimeError(f"POST /rollout/decisions: {status} {answer}")


def _unposted(folder: Path) -> list[Message]:
    with closing(sqlite3.connect(next(folder.glob("*.sqlite3")))) as database:
        rows = database.execute("SELECT payment_id, id FROM ledger_postings WHERE posted_at IS NULL").fetchall()
    now = datetime.now(UTC)
    return [
        Message(Queue.LEDGER_POSTING, {"paymentId": payment, "postingId": posting}, now) for payment, posting in rows
    ]


def _counts(house: House, told: _Lines, folder: Path) -> tuple[float, ...]:
    database = house.services.database
    with closing(sqlite3.connect(next(folder.glob("*.sqlite3")))) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = file.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()
    return (database.round_trips, database.commits, house.publisher.published, told.lines, told.size, size)


def main(arguments: Sequence[str]) -> int:
    """Prints each figure."""
    payments = int(arguments[0]) if arguments else PAYMENTS
    bench = Bench(QUICK, None)
    with bench.folder() as folder:
        found = asyncio.run(measured(folder, bench, payments))
    for name, value in asdict(found).items():
        print(f"{name:16} {value:10,.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
