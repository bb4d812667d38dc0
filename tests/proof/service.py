"""One process of the service: the use cases on gated ports over the world's files, joined as wiring joins them."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final

from shared.anchors.directory import DirectoryAnchors
from shared.database.audit import SqlAuditTrail
from shared.database.journal import EmbeddedJournal, SqlPostings
from shared.database.outbox import SqlMessages
from shared.database.payments import SqlPayments
from shared.database.purge import SqlPurging
from shared.database.refusals import UNIQUE_RULES
from shared.database.rollout import SqlRollout
from shared.database.shadow import SqlShadow
from shared.database.sqlite import SqliteEngine
from shared.database.statements import first_by_limit
from shared.fingerprint import Fingerprints
from shared.payments.errors import PaymentServiceError
from shared.payments.inquiry import OnNotFound
from shared.payments.messages import Message, Queue
from shared.payments.pace import Pace
from shared.payments.requests import Keepable, Merchant
from shared.payments.secret import Secret
from shared.sealing import InstrumentSealing
from shared.shadow.document import ALL, Document, Mode, Rule
from shared.use_cases.admission import Admission
from shared.use_cases.asking_for import AskingFor
from shared.use_cases.audit_anchor import AuditAnchor
from shared.use_cases.charging import Charging
from shared.use_cases.chase_retry import ChaseRetry
from shared.use_cases.current_rollout import CurrentRollout
from shared.use_cases.following_up import FollowingUp
from shared.use_cases.inquiries import Inquiries
from shared.use_cases.landing import Landing
from shared.use_cases.ledger_posting import LedgerPosting
from shared.use_cases.outbox_sweep import OutboxSweep
from shared.use_cases.ports import Outside
from shared.use_cases.publishing import Publishing
from shared.use_cases.purge import Purge
from shared.use_cases.reconciliation import Reconciliation
from shared.use_cases.recording import Recording
from shared.use_cases.refund import Refund
from shared.use_cases.sale import Sale
from shared.use_cases.sale_rollout import SaleRollout
from shared.use_cases.sending_again import SendingAgain
from shared.use_cases.setting_aside import Consume, SettingAside
from shared.use_cases.tasks import TrackedTasks
from shared.use_cases.unposted import Unposted
from shared.use_cases.update_state import UpdateState
from shared.use_cases.void import Void
from tests.builders import CHAIN, KEYRING
from tests.proof.crashing import Gate, Gated, GatedClock
from tests.proof.world import ProofClock, World

_KEY: Final = Secret("eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=")
FINGERPRINTS: Final = Fingerprints({"k1": _KEY})
# One merchant id for all, so that any known payment vouches for the look-up.
_AT_CHASE: Final = ("998482157630", frozenset({"USD"}))
MERCHANTS: Final = {
    "city-water": Merchant("city-water", *_AT_CHASE, statement_descriptor="CITY WATER*BILL"),
    "city-power": Merchant(
        "city-power", *_AT_CHASE, statement_descriptor="CITY POWER*BILL", queued_when_down=frozenset({Keepable.ACH})
    ),
}
_LIVE: Final = Document((Rule(ALL, ALL, Mode.LIVE, 100),))
# No answer of this Chase takes time; a call that hangs is one that died.
_ANSWER_WITHIN_S: Final = 60.0


class _Identifiers:
    """Ordered by process, then by their making; the same in every run."""

    def __init__(self, generation: int) -> None:
        self._generation, self._made = generation, 0

    def payment(self) -> str:
        return "pay_" + self._next()

    def operation(self) -> str:
        return "op_" + self._next()

    def _next(self) -> str:
        self._made += 1
        return f"{self._generation:016x}{self._made:016x}"


class _WatchedTasks(TrackedTasks):
    """Tasks of the service, kept in sight."""

    def __init__(self, telemetry: Any) -> None:
        super().__init__(telemetry)
        self.all: list[asyncio.Task[Any]] = []

    def start(self, work: Coroutine[Any, Any, Any], *, finish: bool = True) -> asyncio.Task[Any]:
        task = super().start(work, finish=finish)
        self.all.append(task)
        return task


class Process:
    """Lives until its gate says otherwise. `refused` is what callers heard, `raised` what none should ever see."""

    def __init__(self, world: World, gate: Gate, *, on_not_found: OnNotFound = OnNotFound.MANUAL) -> None:
        self.world, self.gate = world, gate
        self.raised, self.refused = list[Exception](), list[PaymentServiceError]()
        # A frozen process has a clock of its own to sleep by, and the world's to look at.
        self.clock: ProofClock = world.clock
        self._engine = SqliteEngine(world.database, constraints=UNIQUE_RULES)
        self.tasks = _WatchedTasks(world.telemetry)
        first = first_by_limit
        identifiers = _Identifiers(world.next_generation())
        shadow = SqlShadow(self._engine, first=first, chain=CHAIN, new_id=identifiers.operation)
        outside = Outside(
            payments=self._gated(SqlPayments(self._engine, first=first, chain=CHAIN), "payments"),
            chase=self._gated(world.chase, "chase"),
            merchants=MERCHANTS,
            clock=GatedClock(self.clock, gate),  # type: ignore[arg-type]
            pace=Pace(),
            identifiers=identifiers,
            tasks=self.tasks,
            telemetry=world.telemetry,
            messages=self._gated(SqlMessages(self._engine, first=first), "messages"),
            publisher=self._gated(world.bus, "publisher"),
            postings=self._gated(SqlPostings(self._engine, first=first), "postings"),
            ledger=self._gated(EmbeddedJournal(self._engine), "ledger"),
            sealing=self._gated(InstrumentSealing({"k1": _KEY}), "sealing"),
            shadow=self._gated(shadow, "shadow"),
            instrument_marks=FINGERPRINTS,
            chance=lambda: 1.0,
        )
        self._join(outside, on_not_found)

    def _gated(self, port: Any, name: str) -> Any:
        return Gated(port, self.gate, name)

    def _join(self, outside: Outside, on_not_found: OnNotFound) -> None:
        publishing = Publishing(outside)
        recording = Recording(outside, publishing)
        inquiries = Inquiries(outside, recording, on_not_found=on_not_found)
        landing = Landing(outside, recording, inquiries)
        charging, following_up = Charging(outside, landing), FollowingUp(outside, landing)
        asking_for = AskingFor(outside, following_up, inquiries, None, answer_within_s=_ANSWER_WITHIN_S)
        sending_again = SendingAgain(outside, recording, charging, following_up)
        admission = Admission(in_flight_max=20, queue_age_max_s=60, boot_s=outside.clock.boot_s)
        waits = {"answer_within_s": _ANSWER_WITHIN_S, "admission": admission}
        store = self._gated(SqlRollout(self._engine, first=first_by_limit), "rollout")
        rollout = SaleRollout(outside, store, CurrentRollout(outside, store, initial=_LIVE), decision_required=False)
        self.sale = Sale(outside, charging, rollout, None, on_not_found=on_not_found, **waits)  # type: ignore[arg-type]
        self.refund = Refund(asking_for)
        self.void = Void(outside, asking_for, recording, self.refund)
        self.update_state = UpdateState(outside, recording)
        self.outbox_sweep = OutboxSweep(outside, publishing)
        self.reconciliation = Reconciliation(
            outside, recording, inquiries, sending_again, Unposted(outside, LedgerPosting(outside))
        )
        trail = self._gated(SqlAuditTrail(self._engine, first=first_by_limit), "audit_trail")
        anchors = self._gated(DirectoryAnchors(self.world.folder / "anchors"), "anchors")
        anchor = AuditAnchor(trail, anchors, KEYRING, clock=outside.clock, telemetry=outside.telemetry)
        purging = SqlPurging(self._engine, first=first_by_limit, key_names=["k1"])
        self.purge = Purge(outside, self._gated(purging, "purging"), anchor)
        self._setting_aside = SettingAside(outside)
        self.consumers: dict[Queue, Consume] = {
            Queue.CHASE_RETRY: ChaseRetry(outside, sending_again).consume,
            Queue.LEDGER_POSTING: LedgerPosting(outside).consume,
        }

    async def run(self, work: Coroutine[Any, Any, Any]) -> bool:
        """Do `work`, and all that it began, as far as it gets; whether the process is alive afterwards."""
        main = self.tasks.start(self._judged(work))
        while not self.gate.dead.is_set() and (busy := self._busy()):
            await self._until_something_happens(busy)
        return not (self.gate.dead.is_set() or not main.done())

    async def leave_the_file(self) -> None:
        """A dead process holds no file; what hangs in it hangs on."""
        await self._engine.close()

    @property
    def is_frozen(self) -> bool:
        return self.gate.dead.is_set()

    async def thaw(self) -> None:
        """It goes on where it froze, and to its end."""
        self.gate.thaw()
        while busy := self._busy():
            await self._until_something_happens(busy)

    async def consume_due(self) -> None:
        """What the bus delivers now; a message is settled once its consumer has returned."""
        for message in self.world.bus.due():
            await self._consumed(message)

    async def _consumed(self, message: Message) -> None:
        consume = self.consumers[message.queue]
        await self._setting_aside.consume(message.queue, message.id, message.body().encode(), consume)
        await self.gate.call("bus.complete", self._settling(message))

    def _settling(self, message: Message) -> Any:
        async def settle() -> None:
            self.world.bus.settle(message)

        return settle

    async def bury(self) -> None:
        """After the verdict: let go of what is left, which can do nothing any more."""
        self.gate.bury()
        self.gate.thawed.set()
        left = [task for task in self.tasks.all if not task.done()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._engine.close()

    async def _judged(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except PaymentServiceError as error:
            self.refused.append(error)  # what its caller hears
        except Exception as error:
            self.raised.append(error)

    def _busy(self) -> list[asyncio.Task[Any]]:
        return [task for task in self.tasks.all if not task.done() and task not in self.clock.asleep]

    async def _until_something_happens(self, busy: list[asyncio.Task[Any]]) -> None:
        self.clock.fell_asleep.clear()
        signals = [asyncio.ensure_future(each.wait()) for each in (self.gate.dead, self.clock.fell_asleep)]
        await asyncio.wait([*busy, *signals], return_when=asyncio.FIRST_COMPLETED)
        for signal in signals:
            signal.cancel()
            with suppress(asyncio.CancelledError):
                await signal
