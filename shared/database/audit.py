"""What the verifier and the anchor read, in pages along an index; and our copies of the anchors."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from shared.database.rows import time_text
from shared.database.statements import First
from shared.database.unit_of_work import Engine, Query, Row, Statement, UniqueViolation, Value
from shared.payments.anchor import Anchor, Leaf, Standing, Touched
from shared.payments.audit import SEALED
from shared.payments.audit_verification import Head, SealedPayment, SealedRow

_HEADS: Final = "SELECT id, history_length, history_head, head_key, updated_at FROM payments WHERE id IN ({ids})"
_ROWS: Final = f"SELECT {', '.join(SEALED)}, mac, mac_key FROM history WHERE payment_id IN ({{ids}})"  # noqa: S608
_BY_ID: Final = "id FROM payments WHERE id > ? ORDER BY id"
_FROM_THE_START: Final = "id FROM payments WHERE updated_at >= ? AND updated_at < ? ORDER BY updated_at, id"
_FURTHER: Final = """\
id FROM payments WHERE updated_at >= ? AND updated_at < ? AND (updated_at > ? OR id > ?) ORDER BY updated_at, id"""
_ORPHANS: Final = """\
payment_id FROM history WHERE payment_id > ?
AND NOT EXISTS (SELECT 1 FROM payments WHERE payments.id = history.payment_id)
GROUP BY payment_id ORDER BY payment_id
"""
_ANCHORS: Final = Query("SELECT day, payments, entries, root, root_key FROM audit_anchors ORDER BY day")
_ADD_ANCHOR: Final = """
INSERT INTO audit_anchors (day, payments, entries, root, root_key, made_at) VALUES (?, ?, ?, ?, ?, ?)
"""


class SqlAuditTrail:
    """Fits `use_cases.audit_ports.AuditTrail`; each call is one round trip."""

    def __init__(self, engine: Engine, *, first: First) -> None:
        self._engine, self._first = engine, first

    async def payments(self, after: str, limit: int) -> Sequence[SealedPayment]:
        rows = await self._page(self._first(limit, _BY_ID), (after,))
        return sorted((payment for payment, _ in rows), key=lambda payment: payment.id)

    async def touched(self, page: Touched, limit: int) -> tuple[Sequence[SealedPayment], Touched | None]:
        since, before = time_text(page.since), time_text(page.before)
        if page.after is None:
            found = await self._page(self._first(limit, _FROM_THE_START), (since, before))
        else:
            # From the last one's time on: those of the same time by their id.
            at, last = page.after
            found = await self._page(self._first(limit, _FURTHER), (at, before, at, last))
        found = sorted(found, key=lambda each: (each[1], each[0].id))
        payments = [payment for payment, _ in found]
        if len(found) < limit:
            return payments, None
        return payments, Touched(page.since, page.before, (found[-1][1], found[-1][0].id))

    async def orphans(self, after: str, limit: int) -> Sequence[str]:
        [rows] = await self._engine.read([Query(self._first(limit, _ORPHANS), (after,))])
        return [str(payment_id) for (payment_id,) in rows]

    async def standing(self, leaves: Sequence[Leaf]) -> Mapping[str, Standing]:
        if not leaves:
            return {}
        ids = tuple(leaf.payment_id for leaf in leaves)
        places = tuple(value for leaf in leaves for value in (leaf.payment_id, leaf.length))
        either = " OR ".join(["(payment_id = ? AND sequence = ?)"] * len(leaves))
        payments, rows = await self._engine.read(
            [
                Query(f"SELECT id FROM payments WHERE id IN ({', '.join('?' * len(ids))})", ids),  # noqa: S608 - marks
                Query(f"SELECT payment_id, mac FROM history WHERE {either}", places),  # noqa: S608 - marks
            ]
        )
        there = {payment_id for (payment_id,) in payments}
        macs = {payment_id: mac for payment_id, mac in rows}
        return {each: Standing(each in there, each in macs, macs.get(each)) for each in ids}

    async def anchors(self) -> Sequence[Anchor]:
        [rows] = await self._engine.read([_ANCHORS])
        return [Anchor(date.fromisoformat(day), *rest) for day, *rest in rows]

    async def add_anchor(self, anchor: Anchor, made_at: datetime) -> None:
        values = (anchor.day.isoformat(), anchor.payments, anchor.entries, anchor.root, anchor.key, time_text(made_at))
        try:
            await self._engine.run([Statement(_ADD_ANCHOR, values)])
        except UniqueViolation:
            return  # another instance was first, with the same: both read it from the store

    async def _page(self, ids: str, values: tuple[Value, ...]) -> list[tuple[SealedPayment, str]]:
        """Payments and the times of their last change, all from one snapshot."""
        rows_of: dict[str, list[Row]] = defaultdict(list)
        ordered = f"{_ROWS.format(ids=ids)} ORDER BY payment_id, sequence"
        heads, rows = await self._engine.read([Query(_HEADS.format(ids=ids), values), Query(ordered, values)])
        for row in rows:
            rows_of[row[0]].append(row)
        return [(_payment(head, rows_of[head[0]]), head[4]) for head in heads]


def _payment(head: Row, rows: Sequence[Row]) -> SealedPayment:
    payment_id, length, mac, key, _ = head
    sealed = tuple(SealedRow(tuple(row[: len(SEALED)]), *row[len(SEALED) :]) for row in rows)
    return SealedPayment(payment_id, None if length is None and mac is None else Head(length, mac, key), sealed)
