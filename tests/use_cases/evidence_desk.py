"""The evidence of the rollout on a real SQLite file, with a document that is written as the test says."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shared.database.rollout import SqlRollout
from shared.database.shadow_evidence import SqlShadowEvidence
from shared.database.statements import first_by_limit
from shared.database.unit_of_work import Engine, Statement
from shared.shadow.document import ALL_OFF, Document, RolloutVersion
from shared.use_cases.current_rollout import CurrentRollout
from shared.use_cases.rollout_guard import RolloutGuard
from shared.use_cases.shadow_report import ShadowReport
from tests.shadow.at_rest import stored
from tests.use_cases.workshop import Workshop, build_workshop


@dataclass
class Desk:
    workshop: Workshop
    engine: Engine
    store: SqlRollout
    evidence: SqlShadowEvidence
    initial: Document = ALL_OFF

    @property
    def current(self) -> CurrentRollout:
        return CurrentRollout(self.workshop.outside, self.store, initial=self.initial)

    @property
    def report(self) -> ShadowReport:
        return ShadowReport(self.workshop.outside, self.current, self.store, self.evidence)

    @property
    def guard(self) -> RolloutGuard:
        return RolloutGuard(self.workshop.outside, self.current, self.store, self.evidence)

    async def write(self, document: Document, at: datetime) -> RolloutVersion:
        found = await self.store.versions(1)
        version = RolloutVersion(found[0].version + 1 if found else 1, document, at, "olga", "a step on the ladder")
        await self.store.add_version(version, None)
        return version

    async def keep(self, *rows: Sequence[Statement]) -> None:
        await stored(self.engine, *rows)


@asynccontextmanager
async def open_desk(path: Path, **caps: int) -> AsyncIterator[Desk]:
    workshop, engine = build_workshop(path)
    evidence = SqlShadowEvidence(engine, first=first_by_limit, **caps)
    try:
        yield Desk(workshop, engine, SqlRollout(engine, first=first_by_limit), evidence)
    finally:
        await workshop.tasks.close(1.0)
        await engine.close()
