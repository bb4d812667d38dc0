"""The use cases on a real SQLite file, with a Chase that answers what the test says and a database that can be ill."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from local.clock import ManualClock
from shared.clock import TimeOrderedIdentifiers
from shared.database.journal import EmbeddedJournal, SqlPostings
from shared.database.migrations import migrate_sqlite
from shared.database.outbox import SqlMessages
from shared.database.payments import SqlPayments
from shared.database.refusals import UNIQUE_RULES
from shared.database.rollout import SqlRollout
from shared.database.shadow import SqlShadow
from shared.database.sqlite import SqliteEngine
from shared.database.statements import first_by_limit
from shared.database.unit_of_work import DatabaseUnavailable, Query
from shared.fingerprint import Fingerprints
from shared.payments.beside import NOTHING_BESIDE, Beside
from shared.payments.errors import ChangedMeanwhile
from shared.payments.inquiry import OnNotFound
from shared.payments.messages import Message, NotPublished
from shared.payments.money import Money
from shared.payments.outcome import Inquiry, NoAnswer, NothingFound, Outcome, TransactionState
from shared.payments.pace import Pace
from shared.payments.payment import Operation, Payment
from shared.payments.requests import Merchant, SaleRequest
from shared.payments.secret import Secret
from shared.sealing import InstrumentSealing
from shared.shadow.document import ALL, Document, Mode, RolloutVersion, Rule
from shared.telemetry import RecordedTelemetry
from shared.use_cases.admission import Admission
from shared.use_cases.asking_for import AskingFor
from shared.use_cases.charging import Charging
from shared.use_cases.chase_retry import ChaseRetry
from shared.use_cases.comparing import Comparing
from shared.use_cases.comparison_due import ComparisonDue
from shared.use_cases.control_report import ControlReport
from shared.use_cases.current_rollout import CurrentRollout
from shared.use_cases.following_up import FollowingUp
from shared.use_cases.inquiries import Inquiries
from shared.use_cases.landing import Landing
from shared.use_cases.ledger_posting import LedgerPosting
from shared.use_cases.outbox_sweep import OutboxSweep
from shared.use_cases.ports import Outside
from shared.use_cases.publishing import Publishing
from shared.use_cases.reconciliation import Reconciliation
from shared.use_cases.recording import Recording
from shared.use_cases.refresh import Refresh
from shared.use_cases.refund import Refund, RefundCall
from shared.use_cases.sale import Sale, SaleCall
from shared.use_cases.sale_rollout import SaleRollout
from shared.use_cases.sending_again import SendingAgain
from shared.use_cases.setting_aside import SettingAside
from shared.use_cases.shadow_backlog import ShadowBacklog
from shared.use_cases.shadow_intake import ShadowIntake
from shared.use_cases.shadow_mirror import ShadowMirror
from shared.use_cases.tasks import TrackedTasks
from shared.use_cases.unposted import Unposted
from shared.use_cases.update_state import UpdateState
from shared.use_cases.void import Void, VoidCall
from tests.builders import CHAIN, MERCHANTS, NOW, a_sale_request, approved

MIGRATIONS = Path(__file__).parents[2] / "shared" / "database" / "migrations" / "sqlite"
KEY = Secret("eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=")
LIVE = Document((Rule(ALL, ALL, Mode.LIVE, 100),))
TEST_MERCHANTS = {
    biller_id: replace(merchant, merchant_id=f"99848215764{number}", shadow=True)
    for number, (biller_id, merchant) in enumerate(MERCHANTS.items())
}
FINGERPRINTS = Fingerprints({"k1": KEY})


@dataclass
class ScriptedChase:
    """Answers in the order given, then with an approval; raises an exception among them. Notes what it was asked."""

    sales: list[Outcome | Exception] = field(default_factory=list)
    voids: list[Outcome | Exception] = field(default_factory=list)
    refunds: list[Outcome | Exception] = field(default_factory=list)
    refund_finds: list[Inquiry | Exception] = field(default_factory=list)
    finds: list[Inquiry | Exception] = field(default_factory=list)
    gets: list[Inquiry | Exception] = field(default_factory=list)
    sold: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)
    full: list[bool] = field(default_factory=list)
    hold: asyncio.Event | None = None

    async def sale(
        self, request: SaleRequest, payment: Payment, merchant: Merchant, *, send_before_s: float
    ) -> Outcome:
        self.sold.append(payment.sale.request_id)
        if self.hold is not None:
            await self.hold.wait()
        return _said(self.sales.pop(0) if self.sales else approved(payment.amount.amount_minor))

    async def void(
        self, payment: Payment, operation: Operation, merchant: Merchant, *, send_before_s: float
    ) -> Outcome:
        self.sold.append(operation.request_id)
        if self.hold is not None:
            await self.hold.wait()
        amount_minor = payment.amount.amount_minor
        return _said(self.voids.pop(0) if self.voids else approved(amount_minor, TransactionState.VOIDED))

    async def refund(
        self, payment: Payment, operation: Operation, merchant: Merchant, *, full: bool, send_before_s: float
    ) -> Outcome:
        self.sold.append(operation.request_id)
        self.full.append(full)
        if self.hold is not None:
            await self.hold.wait()
        return _said(self.refunds.pop(0) if self.refunds else approved(operation.amount.amount_minor))

    async def find_refund(self, request_id: str, merchant: Merchant) -> Inquiry:
        self.asked.append(request_id)
        return _said(self.refund_finds.pop(0) if self.refund_finds else NothingFound())

    async def find_sale(self, request_id: str, merchant: Merchant) -> Inquiry:
        self.asked.append(request_id)
        return _said(self.finds.pop(0) if self.finds else NothingFound())

    async def get_payment(self, transaction_id: str, merchant: Merchant) -> Inquiry:
        self.looked_at.append(transaction_id)
        return _said(self.gets.pop(0) if self.gets else NoAnswer("HTTP_503", "not now"))


def _said(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


class IllPayments(SqlPayments):
    """
    The repository, whose next `saves_failing` saves fail, and whose commit 1 may lose its acknowledgement once.

    Somebody else writes first in the next `saves_beaten` saves.
    """

    saves_failing = 0
    saves_beaten = 0
    loses_acknowledgement = False

    async def begin_sale(self, *arguments: Any) -> None:
        await super().begin_sale(*arguments)
        if self.loses_acknowledgement:
            self.loses_acknowledgement = False
            # What a reconnect does: the unit is run again, and finds its own rows.
            await super().begin_sale(*arguments)

    async def save(self, before: Payment, after: Payment, beside: Beside = NOTHING_BESIDE) -> Sequence[Message]:
        if self.saves_failing:
            self.saves_failing -= 1
            raise DatabaseUnavailable("the connection is gone")
        if self.saves_beaten:
            self.saves_beaten -= 1
            raise ChangedMeanwhile("version")
        return await super().save(before, after, beside)


@dataclass
class PublishedMessages:
    """A broker that keeps what it takes; away while `is_away`."""

    taken: list[Message] = field(default_factory=list)
    is_away: bool = False

    async def publish(self, messages: Sequence[Message]) -> None:
        if self.is_away:
            raise NotPublished("the broker is away")
        self.taken += messages


@dataclass
class Switches:
    """What an operator may hold."""

    is_held: bool = False
    is_switched_off: bool = False

    async def no_sales(self) -> bool:
        return self.is_switched_off

    async def hold_all(self) -> bool:
        return self.is_held


@dataclass
class Workshop:
    chase: ScriptedChase
    payments: IllPayments
    clock: ManualClock
    telemetry: RecordedTelemetry
    tasks: TrackedTasks
    recording: Recording
    inquiries: Inquiries
    reconciliation: Reconciliation
    refresh: Refresh
    void: Void
    refund: Refund
    update_state: UpdateState
    chase_retry: ChaseRetry
    outbox_sweep: OutboxSweep
    sending_again: SendingAgain
    setting_aside: SettingAside
    charging: Charging
    broker: PublishedMessages
    outside: Outside
    switches: Switches
    rollout: SqlRollout
    current_rollout: CurrentRollout
    shadow_intake: ShadowIntake
    shadow_backlog: ShadowBacklog
    shadow_mirror: ShadowMirror
    comparison_due: ComparisonDue
    control_report: ControlReport

    def sale(
        self,
        *,
        answer_within_s: float = 5.0,
        on_not_found: OnNotFound = OnNotFound.MANUAL,
        decision_required: bool = False,
        admission: Admission | None = None,
    ) -> Sale:
        return Sale(
            self.outside,
            self.charging,
            self.sale_rollout(decision_required=decision_required),
            self.shadow_intake,
            answer_within_s=answer_within_s,
            admission=admission or Admission(in_flight_max=20, queue_age_max_s=60, boot_s=self.outside.clock.boot_s),
            on_not_found=on_not_found,
        )

    def sale_rollout(self, *, decision_required: bool = True) -> SaleRollout:
        return SaleRollout(self.outside, self.rollout, self.current_rollout, decision_required=decision_required)

    async def sold(self, key: str = "attempt-1", **changed: Any) -> Payment:
        """The payment that a sale under `key` answers with."""
        return (await self.sale().take(a_call(key, **changed))).payment

    async def stored(self, payment: Payment) -> Payment:
        found = await self.payments.get(payment.id)
        assert found is not None
        return found

    async def captured(self, amount_minor: int = 125_99, key: str = "attempt-1", **changed: Any) -> Payment:
        """A sale that Chase captured at once."""
        self.chase.sales.append(approved(amount_minor, TransactionState.CLOSED))
        return await self.sold(key, amount=Money(amount_minor, "USD"), **changed)

    async def undo_waiting(self, part: Outcome) -> Payment:
        """A sale of which Chase approved `part` alone."""
        self.chase.sales.append(part)
        return await self.sold()

    def units(self) -> tuple[int, int]:
        """Round trips to the database, and commits."""
        engine = self.payments._engine
        return engine.round_trips, engine.commits

    def events(self) -> Sequence[str]:
        return [name for name, _ in self.telemetry.events]

    async def set_aside(self) -> Sequence[tuple[Any, ...]]:
        """Queue, message id, body and reason of what was set aside."""
        [rows] = await self.payments._engine.read([Query("SELECT queue, message_id, body, reason FROM set_aside")])
        return rows

    def alarms(self) -> Sequence[str]:
        return [name for name, _ in self.telemetry.alarms]


def a_call(key: str = "attempt-1", *, text: str = "body", **changed: Any) -> SaleCall:
    return SaleCall(a_sale_request(**changed), "ctp", key, FINGERPRINTS.of(text.encode()))


def a_void(payment: Payment, key: str = "void-1", *, text: str = "void", **changed: Any) -> VoidCall:
    return VoidCall(**_asked(payment, key, text), **changed)


def a_refund(
    payment: Payment, amount_minor: int | None = None, key: str = "refund-1", *, text: str = "refund", **changed: Any
) -> RefundCall:
    return RefundCall(**_asked(payment, key, text), amount_minor=amount_minor, **changed)


def _asked(payment: Payment, key: str, text: str) -> dict[str, Any]:
    return {
        "payment_id": payment.id,
        "billers": None,
        "caller": "ctp",
        "idempotency_key": key,
        "body": FINGERPRINTS.of(text.encode()),
        "reason": "the payer asked for it",
    }


def build_workshop(
    path: Path,
    *,
    on_not_found: OnNotFound = OnNotFound.MANUAL,
    answer_within_s: float = 5.0,
    shadow_backlog_max: int = 100,
) -> tuple[Workshop, SqliteEngine]:
    migrate_sqlite(path, MIGRATIONS, now=NOW)
    engine = SqliteEngine(path, constraints=UNIQUE_RULES)
    telemetry, clock, chase, broker = RecordedTelemetry(), ManualClock(NOW), ScriptedChase(), PublishedMessages()
    payments, tasks = IllPayments(engine, first=first_by_limit, chain=CHAIN), TrackedTasks(telemetry)
    identifiers, switches = TimeOrderedIdentifiers(), Switches()
    outside = Outside(
        payments=payments,
        chase=chase,
        merchants=dict(MERCHANTS),
        clock=clock,
        pace=Pace(),
        identifiers=identifiers,
        tasks=tasks,
        telemetry=telemetry,
        messages=SqlMessages(engine, first=first_by_limit),
        publisher=broker,
        postings=SqlPostings(engine, first=first_by_limit),
        ledger=EmbeddedJournal(engine),
        sealing=InstrumentSealing({"k1": KEY}),
        shadow=SqlShadow(engine, first=first_by_limit, chain=CHAIN, new_id=identifiers.operation),
        instrument_marks=FINGERPRINTS,
        chance=lambda: 1.0,
    )
    publishing = Publishing(outside)
    recording = Recording(outside, publishing)
    inquiries = Inquiries(outside, recording, on_not_found=on_not_found, held=switches.hold_all)
    landing = Landing(outside, recording, inquiries)
    charging, following_up = Charging(outside, landing), FollowingUp(outside, landing, switches.hold_all)
    backlog = ShadowBacklog(outside, bound=shadow_backlog_max)
    intake = ShadowIntake(outside, publishing, backlog, TEST_MERCHANTS)
    asking_for = AskingFor(outside, following_up, inquiries, intake, answer_within_s=answer_within_s)
    sending_again = SendingAgain(outside, recording, charging, following_up, switches.no_sales)
    refund = Refund(asking_for)
    comparing = Comparing(outside)
    mirror = ShadowMirror(outside, recording, sending_again, following_up, comparing)
    rollout = SqlRollout(engine, first=first_by_limit)
    current = CurrentRollout(outside, rollout, initial=LIVE)
    # Live for all, and read already: what a test counts is its own.
    current.written(RolloutVersion(0, LIVE, NOW, "nobody", "a test"))
    workshop = Workshop(
        chase=chase,
        payments=payments,
        clock=clock,
        telemetry=telemetry,
        tasks=tasks,
        recording=recording,
        inquiries=inquiries,
        reconciliation=Reconciliation(
            outside, recording, inquiries, sending_again, Unposted(outside, LedgerPosting(outside))
        ),
        refresh=Refresh(inquiries),
        void=Void(outside, asking_for, recording, refund),
        refund=refund,
        update_state=UpdateState(outside, recording),
        chase_retry=ChaseRetry(outside, sending_again),
        outbox_sweep=OutboxSweep(outside, publishing),
        sending_again=sending_again,
        setting_aside=SettingAside(outside),
        charging=charging,
        broker=broker,
        outside=outside,
        switches=switches,
        rollout=rollout,
        current_rollout=current,
        shadow_intake=intake,
        shadow_backlog=backlog,
        shadow_mirror=mirror,
        comparison_due=ComparisonDue(outside, comparing, mirror),
        control_report=ControlReport(outside, comparing),
    )
    return workshop, engine
