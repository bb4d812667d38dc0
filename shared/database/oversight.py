"""What timers ask of the database as a whole: how much is not known, and whether what is stored holds together."""

from datetime import UTC, datetime
from typing import Final

from shared.database.invariant_questions import INVARIANTS
from shared.database.unit_of_work import Engine, Query
from shared.payments.inquiry import Unknowns

# Live ones: what shadow does not know costs nobody anything, and is in its report.
_UNKNOWN: Final = Query("""
SELECT COUNT(*), MIN(unknown_since) FROM operations JOIN payments ON payments.id = operations.payment_id
WHERE operations.state = 'unknown' AND payments.mode = 'live'
""")
# What waits in a queue or aside has alarms of its own, and contradicts nothing.
_OF_MESSAGES: Final = "message-"


async def unknowns(engine: Engine) -> Unknowns:
    """How many outcomes are not known, and since when the oldest is not."""
    [[[count, since]]] = await engine.read([_UNKNOWN])
    return Unknowns(count, None if since is None else datetime.fromisoformat(since).replace(tzinfo=UTC))


class SqlInvariants:
    """Fits `use_cases.ports.Invariants`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        asked = (each for each in INVARIANTS if not each.note and not each.name.startswith(_OF_MESSAGES))
        self._asked = {each.name: each for each in asked}

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(self._asked)

    async def offenders(self, rule: str, now: datetime) -> int:
        """How many payments contradict `rule`. One question, one snapshot: each has the time-out of its own."""
        [rows] = await self._engine.read([self._asked[rule].query(now)])
        return len(rows)
