"""Waits until nothing is on its way any more, and holds the ledger against Chase's books."""

import asyncio
import json
from collections.abc import Mapping
from typing import Final

from local.environment import MERCHANTS
from local.ledger_check.comparison import Comparison, compared
from local.ledger_check.reading import booked, kept_payments
from shared.database.rows import time_text
from shared.database.unit_of_work import Query
from tests.house import House

# Far more than any message takes: only a message that nobody sends ends it.
WITHIN_S: Final = 10.0
# `county-tax` has Chase capture at once; `city-water` two hours later.
NOW_AND_DELAYED: Final = json.dumps({**MERCHANTS, "county-tax": {**MERCHANTS["county-tax"], "capture_method": "NOW"}})
CAPTURED_AT_ONCE: Final[Mapping[str, str]] = {"billerId": "county-tax"}
_OUTBOX: Final = (
    "SELECT COUNT(*), COALESCE(SUM(CASE WHEN sent_at IS NULL AND due_at <= ? THEN 1 ELSE 0 END), 0) FROM outbox"
)
_POSTINGS: Final = "SELECT kind, amount_minor FROM ledger_postings WHERE payment_id = ? ORDER BY at, kind"


async def at_rest(house: House) -> None:
    """
    Every message that is due was sent, and no consumer is at work; nor did one leave another message behind.

    The clock stands meanwhile: moved, it would end the time that a call in flight has.
    """
    known = -1
    async with asyncio.timeout(WITHIN_S):
        while True:
            now = time_text(house.clock.now())
            [[[messages, unsent]]] = await house.services.database.read([Query(_OUTBOX, (now,))])
            if messages == known and not unsent:
                return
            known = messages
            if unsent:
                await house.services.outbox_sweep.run_once()
            await house.bus.idle()


async def chase_captures(house: House) -> None:
    """Chase captures what it holds, and the timer hears of it."""
    await house.clock.advance(2 * 3600 + 121)
    await house.services.reconciliation.run_once()
    await at_rest(house)


async def told(house: House, payment_id: str) -> list[tuple[str, int]]:
    """The payment's postings, kind and amount, in the order in which they happened."""
    [rows] = await house.services.database.read([Query(_POSTINGS, (payment_id,))])
    return [(kind, amount_minor) for kind, amount_minor in rows]


async def against_chases_books(house: House, *, embedded: bool = True) -> Comparison:
    assert house.settings.sqlite_path is not None
    payments = await kept_payments(house.settings.sqlite_path)
    return compared(payments, booked(house.books()), now=house.clock.now(), embedded=embedded)


async def everything_is_posted(house: House) -> bool:
    [rows] = await house.services.database.read([Query("SELECT id FROM ledger_postings WHERE posted_at IS NULL")])
    return not rows
