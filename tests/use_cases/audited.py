"""A database with its anchors, and somebody who can write to both but has no key."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from local.clock import ManualClock
from shared.anchors.directory import DirectoryAnchors
from shared.database.audit import SqlAuditTrail
from shared.database.payments import SqlPayments
from shared.payments.anchor import Anchor
from shared.payments.audit import Keyring
from shared.payments.idempotency import Fingerprint
from shared.payments.payment import Payment
from shared.payments.sale_outcome import with_sale_outcome
from shared.telemetry import RecordedTelemetry
from shared.use_cases.audit_anchor import AuditAnchor
from shared.use_cases.audit_verification import AuditVerification
from tests.builders import KEYRING, NOW, a_submitted_payment, an_occasion, approved

TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
TOMORROW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@dataclass
class Audit:
    """A database with its anchors, and somebody who can write to both but has no key."""

    path: Path
    store: DirectoryAnchors
    payments: SqlPayments
    trail: SqlAuditTrail
    clock: ManualClock
    telemetry: RecordedTelemetry
    keyring: Keyring = KEYRING
    page: int = 100

    async def begun(self, number: int = 1) -> Payment:
        payment = a_submitted_payment(number=number, reference=f"INV-{number}")
        await self.payments.begin_sale(payment, Fingerprint("k1", "f" * 64), None)
        return payment

    async def sold(self, number: int = 1, at: datetime = NOW) -> Payment:
        return await self.grown(await self.begun(number), at)

    async def grown(self, payment: Payment, at: datetime = NOW) -> Payment:
        after = with_sale_outcome(payment, approved(), occasion=an_occasion(at), actor="chase")
        assert after is not None
        await self.payments.save(payment, after)
        return after

    async def anchored(self) -> Anchor | None:
        return await AuditAnchor(
            self.trail, self.store, self.keyring, clock=self.clock, telemetry=self.telemetry, page=self.page
        ).run_once()

    async def found(self, *, anchors: bool = True) -> list[str]:
        run = AuditVerification(self.trail, self.store if anchors else None, self.keyring, page=self.page)
        return [" ".join(str(finding).split()) async for finding in run.findings()]

    def tampered(self, *statements: str, values: tuple[Any, ...] = ()) -> None:
        with closing(sqlite3.connect(self.path)) as db, db:
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                db.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                db.execute(statement, values)

    def file(self, day: date = TODAY) -> Path:
        return self.path.parent / "anchors" / f"{day}.jsonl"

    def rewritten(self, change: Callable[[list[str]], list[str]], day: date = TODAY) -> None:
        """What a laptop's owner can do, and a locked container prevents."""
        lines = self.file(day).read_text("utf-8").splitlines()
        self.file(day).unlink()
        self.file(day).write_text("".join(f"{line}\n" for line in change(lines)), "utf-8")

    def alarms(self, name: str) -> list[dict[str, object]]:
        return [fields for told, fields in self.telemetry.alarms if told == name]
