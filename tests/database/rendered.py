"""Every batch that the repository sends to SQL Server, by what it is for: kept in batches/*.sql, to be read."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from shared.database.audit import SqlAuditTrail
from shared.database.payments import SqlPayments, first_by_top
from shared.database.sqlserver_batch import SNAPSHOT, Batch, reading_batch, unit_batch
from shared.database.unit_of_work import Query, Row, Statement
from shared.payments.anchor import Anchor, Leaf, Touched
from shared.payments.idempotency import Fingerprint, Nonce
from shared.payments.lifecycle import with_sale_outcome
from shared.payments.operations import OperationKind
from shared.payments.outcome import Unknown
from shared.payments.search import Search
from tests.builders import CHAIN, NOW, a_submitted_payment, approved

FOLDER = Path(__file__).parent / "batches"
PRINT, NONCE = Fingerprint("k1", "f" * 64), Nonce("ctp-1", "nonce-1", NOW)


class BatchesOnly:
    """An Engine that sends nothing."""

    round_trips = commits = connections_in_use = 0

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    async def run(self, statements: Sequence[Statement], answer: Query | None = None) -> list[Row]:
        self.batches.append(unit_batch(statements, answer))
        return [("pay_1",)]

    async def read(self, queries: Sequence[Query]) -> list[list[Row]]:
        self.batches.append(reading_batch(queries, SNAPSHOT))
        return [[] for _ in queries]

    async def ping(self) -> None: ...

    async def close(self) -> None: ...


async def batches() -> dict[str, Batch]:
    """Name -> batch. A new unit of work gets a line here; the test says when a text is new or changed."""
    engine = BatchesOnly()
    payments = SqlPayments(engine, first=first_by_top, chain=CHAIN)
    trail = SqlAuditTrail(engine, first=first_by_top)
    begun = a_submitted_payment()
    lost = with_sale_outcome(begun, Unknown("READ_TIMEOUT", "no"), inquire_at=NOW, actor="chase", now=NOW)
    known = with_sale_outcome(begun, approved(captures_at=NOW), inquire_at=NOW, actor="chase", now=NOW)
    assert lost is not None
    assert known is not None
    void = replace(known.sale, id="op_void", kind=OperationKind.VOID)
    everything = Search(frozenset({"city-water", "county-tax"}), "ctp", "INV-1", "attempt-1", "authorized", "pay_9", 20)
    calls = {
        "begin_sale": payments.begin_sale(begun, PRINT, NONCE),
        "begin_sale_without_nonce": payments.begin_sale(begun, PRINT, None),
        "by_key": payments.by_key("ctp", "attempt-1", None),
        "refuse": payments.refuse(begun, PRINT, NONCE),
        "save_approved": payments.save(begun, known),
        "save_lost": payments.save(begun, lost),
        "save_new_operation": payments.save(known, replace(known, version=3, operations=(known.sale, void))),
        "get": payments.get("pay_1"),
        "find": payments.find(everything),
        "find_all": payments.find(Search(None, "ctp")),
        "abandoned": payments.abandoned(NOW, 50),
        "inquiries_due": payments.inquiries_due(NOW, 50),
        "schedule": payments.schedule(lost.sale, replace(lost.sale, inquiries=1)),
        "latest_approved": payments.latest_approved("998482157630"),
        "audit_payments": trail.payments("", 200),
        "audit_touched": trail.touched(Touched(NOW, NOW), 100),
        "audit_touched_further": trail.touched(Touched(NOW, NOW, ("2026-11-23T18:00:00.000", "pay_1")), 100),
        "audit_orphans": trail.orphans("", 200),
        "audit_standing": trail.standing([Leaf("pay_1", 2, "a" * 64), Leaf("pay_2", 1, "b" * 64)]),
        "audit_anchors": trail.anchors(),
        "audit_add_anchor": trail.add_anchor(Anchor(NOW.date(), 2, 3, "c" * 64, "a1"), NOW),
    }
    made = {}
    for name, call in calls.items():
        await call
        [made[name]] = engine.batches
        engine.batches.clear()
    return made


if __name__ == "__main__":  # python -m tests.database.rendered: write them anew, then read the difference
    for name, batch in asyncio.run(batches()).items():
        (FOLDER / f"{name}.sql").write_text(batch.sql + "\n", encoding="utf-8")
