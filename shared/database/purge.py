"""What has had its time, deleted in small steps: oldest first, by the index over its time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from shared.database.rows import time_text
from shared.database.sale_attempts import purge
from shared.database.statements import First
from shared.database.unit_of_work import Engine, Query, Statement


class _Kind(NamedTuple):
    """A table, the column of its time, and what else must hold of what is forgotten."""

    table: str
    time: str
    also: str = "1 = 1"


# What was never sent stays in the outbox, however old: it is still owed.
_KINDS: Final[Mapping[str, _Kind]] = {
    "nonces": _Kind("nonces", "seen_at"),
    "inbox": _Kind("inbox", "done_at"),
    "outbox": _Kind("outbox", "sent_at", "sent_at IS NOT NULL"),
    "instruments": _Kind(
        "instruments",
        "kept_at",
        "payment_id IN (SELECT id FROM payments WHERE instrument_kept = 0)",
    ),
}


class SqlPurging:
    """Fits `use_cases.ports.Purging`. `key_names` are those of the fingerprints that can still be made."""

    def __init__(self, engine: Engine, *, first: First, key_names: Sequence[str]) -> None:
        self._engine, self._first, self._key_names = engine, first, key_names

    async def forget(self, kind: str, before: datetime, limit: int) -> int:
        """Delete about `limit` rows that are older than `before`; how many they were."""
        table, time, also = _KINDS[kind]
        old = f"FROM {table} WHERE {time} < ? AND {also}"
        oldest = self._first(limit, f"{time} AS due {old} ORDER BY {time}")
        [[[count, latest]]] = await self._engine.read(
            [Query(f"SELECT COUNT(*), MAX(due) FROM ({oldest}) AS oldest", (time_text(before),))]  # noqa: S608
        )
        if count:
            sql = f"DELETE FROM {table} WHERE {time} <= ? AND {also}"  # noqa: S608
            await self._engine.run([Statement(sql, (latest,), rows=None, lengthy=True)])
        return int(count)

    async def forget_attempts(self, now: datetime) -> None:
        """Declines that no network's rule asks about any more."""
        await self._engine.run(purge(now, self._key_names))
