"""The import on a real SQLite file: a tray of files in memory that can be ill, an `apply` by the table of states."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from shared.database.bank_files import SqlBankLedger
from shared.database.statements import first_by_limit
from shared.database.unit_of_work import DatabaseUnavailable, Engine, Query, Row
from shared.payments.bank_facts import BANK, Applied, BankFact, KeptFact, SetAside, evidence, is_recorded
from shared.payments.errors import ChangedMeanwhile
from shared.payments.facts import advanced
from shared.payments.outcome import TransactionState
from shared.payments.payment import Payment
from shared.payments.state_machine import Event, State
from shared.use_cases.bank_file_import import BankFileImport
from tests.bank_file_writer import bytes_of
from tests.builders import approved
from tests.use_cases.workshop import Workshop


class ProcessKilled(BaseException):
    """No handler of ours catches this, as none would be asked."""


@dataclass
class Tray:
    """Files in memory; fails as often as it is told to."""

    files: dict[str, bytes] = field(default_factory=dict)
    gone: dict[str, str | None] = field(default_factory=dict)
    fails: list[str] = field(default_factory=list)

    async def list(self) -> list[str]:
        self._maybe_fail("list")
        return sorted(self.files)

    async def read(self, name: str) -> bytes:
        self._maybe_fail("read")
        return self.files[name]

    async def done(self, name: str) -> None:
        self._maybe_fail("done")
        self.files.pop(name, None)
        self.gone[name] = None

    async def set_aside(self, name: str, reason: str) -> None:
        self.files.pop(name, None)
        self.gone[name] = reason

    def _maybe_fail(self, what: str) -> None:
        if what in self.fails:
            self.fails.remove(what)
            raise OSError("the share is gone")


class IllLedger(SqlBankLedger):
    """The ledger, which dies or is ill before the methods that are named, as often as they are."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, first=first_by_limit)
        self.dies: list[str] = []
        self.is_ill: list[str] = []

    async def applied(self, kept: KeptFact, *arguments: object) -> None:
        self._maybe("applied")
        await super().applied(kept, *arguments)  # type: ignore[arg-type]

    async def finish(self, *arguments: object) -> None:
        self._maybe("finish")
        await super().finish(*arguments)  # type: ignore[arg-type]

    def _maybe(self, what: str) -> None:
        if what in self.dies:
            self.dies.remove(what)
            raise ProcessKilled
        if what in self.is_ill:
            self.is_ill.remove(what)
            raise DatabaseUnavailable("the connection is gone")


@dataclass
class Desk:
    workshop: Workshop
    engine: Engine
    ledger: IllLedger
    tray: Tray
    importer: BankFileImport
    applied: list[str]
    refusals: list[Exception]

    def put(self, name: str, *facts: BankFact) -> None:
        self.tray.files[name] = bytes_of(facts)

    async def captured(self, key: str = "attempt-1", transaction_id: str | None = None) -> Payment:
        known = {} if transaction_id is None else {"transaction_id": transaction_id}
        self.workshop.chase.sales.append(approved(state=TransactionState.CLOSED, **known))
        payment = await self.workshop.sold(key, reference=f"bill of {key}")
        assert payment.state is State.CAPTURED
        return payment

    async def rows(self, sql: str) -> list[Row]:
        [rows] = await self.engine.read([Query(sql)])
        return rows

    async def statuses(self) -> dict[str, str]:
        return dict(await self.rows("SELECT reference, status FROM bank_facts ORDER BY id"))

    def told(self, name: str) -> list[dict[str, object]]:
        both = (*self.workshop.telemetry.alarms, *self.workshop.telemetry.events)
        return [fields for told, fields in both if told == name]

    def another(self) -> "Desk":
        """The import of another process, on the same database and the same files."""
        return desk(self.workshop, self.engine, self.tray)

    async def wait(self, seconds: float) -> None:
        await self.workshop.clock.advance(seconds)


def desk(workshop: Workshop, engine: Engine, tray: Tray) -> Desk:
    ledger, applied, refusals = IllLedger(engine), list[str](), list[Exception]()

    async def apply(payment: Payment, fact: BankFact) -> Applied | SetAside:
        if refusals:
            raise refusals.pop(0)
        await applying(workshop)(payment, fact)
        applied.append(fact.id)
        return Applied()

    importer = BankFileImport(workshop.outside, tray, ledger, apply, unsettled_older_than=timedelta(days=5))
    return Desk(workshop, engine, ledger, tray, importer, applied, refusals)


def applying(workshop: Workshop) -> Callable[[Payment, BankFact], Awaitable[None]]:
    """What the service's own `apply` must do, shortened: by the table, guarded by the version, once for each fact."""

    async def apply(payment: Payment, fact: BankFact) -> None:
        while not is_recorded(payment, fact):
            after = _after(payment, fact, workshop)
            try:
                await workshop.payments.save(payment, after)
            except ChangedMeanwhile:
                payment = await workshop.stored(payment)
            else:
                return

    return apply


def _after(payment: Payment, fact: BankFact, workshop: Workshop) -> Payment:
    now = workshop.clock.now()
    if payment.state is State.AUTHORIZED:
        payment = advanced(payment, Event.CAPTURE_CONFIRMED, payment.sale, actor=BANK, now=now)
        payment = replace(payment, captured_minor=payment.amount.amount_minor, version=payment.version - 1)
    after = advanced(payment, fact.event, payment.sale, actor=BANK, now=now, detail=evidence(fact))
    if fact.event is Event.SETTLED:
        return replace(after, settled_at=fact.occurred_at)
    if fact.event is Event.RETURNED:
        return replace(after, returned_minor=after.returned_minor + fact.amount.amount_minor)
    return after
