"""What the verbs need from outside. Adapters fit these shapes without knowing them; mypy proves the fit in wiring."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.payments.beside import NOTHING_BESIDE, Beside, Received
from shared.payments.claims import Claim
from shared.payments.idempotency import Fingerprint, KeyRecord, Nonce
from shared.payments.inquiry import Unknowns
from shared.payments.messages import Message, Queue
from shared.payments.outcome import Inquiry, Outcome
from shared.payments.pace import Pace
from shared.payments.payment import Operation, Payment
from shared.payments.posting import KeptPosting, Posting
from shared.payments.requests import Instrument, Merchant, SaleRequest
from shared.payments.sale_attempts import Attempt, PastDecline
from shared.payments.sealed import SealedInstrument
from shared.payments.search import Search
from shared.shadow.stored_decision import Terms
from shared.use_cases.shadow_ports import ShadowStore
from shared.use_cases.telemetry_port import Telemetry as Telemetry  # noqa: PLC0414 - a port like the others: said to be exported


class Clock(Protocol):
    """Time comes in from outside. All datetimes are aware, UTC, whole milliseconds."""

    def now(self) -> datetime: ...

    def after(self, wait_s: float) -> datetime:
        """When a wait of that many seconds, begun now, is over. A laptop may make waits shorter (LOCAL_TIME_SCALE)."""

    async def sleep_until(self, at: datetime) -> None: ...

    def boot_s(self) -> float:
        """Seconds since boot, counting those asleep or frozen (CLOCK_BOOTTIME where there is one)."""


class Identifiers(Protocol):
    def payment(self) -> str: ...

    def operation(self) -> str: ...


class Tasks(Protocol):
    def start(self, work: Coroutine[Any, Any, Any], *, finish: bool = True) -> Any:
        """Run to the end, whoever hangs up meanwhile; shutdown waits for it if it must `finish`."""


class Chase(Protocol):
    """How we speak to Chase. No method raises for what Chase does or does not answer: that is a value."""

    async def sale(
        self, request: SaleRequest, payment: Payment, merchant: Merchant, *, send_before_s: float
    ) -> Outcome:
        """Charge. Past `send_before_s` (on the scale of Clock.boot_s) nothing leaves, and the outcome is NotSent."""

    async def void(
        self, payment: Payment, operation: Operation, merchant: Merchant, *, send_before_s: float
    ) -> Outcome:
        """Undo an authorization that is not captured yet."""

    async def refund(
        self, payment: Payment, operation: Operation, merchant: Merchant, *, full: bool, send_before_s: float
    ) -> Outcome:
        """Give back the operation's amount; `full` if that is all the sale took, with no refund before."""

    async def find_sale(self, request_id: str, merchant: Merchant) -> Inquiry:
        """What became of the sale sent under `request_id`."""

    async def find_refund(self, request_id: str, merchant: Merchant) -> Inquiry:
        """What became of the refund sent under `request_id`."""

    async def get_payment(self, transaction_id: str, merchant: Merchant) -> Inquiry:
        """What Chase says of a transaction now."""


class Publisher(Protocol):
    """How messages leave. Bounded in time: a broker that goes silent must not hold up anybody."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """All of `messages`, or NotPublished: then any of them may have been taken."""


class Ledger(Protocol):
    """Books postings. Idempotent by `Posting.id`: the same one again changes nothing."""

    async def post(self, posting: Posting) -> None:
        """Raises LedgerRefused or LedgerUnavailable (shared/payments/posting.py, where adapters may see them)."""


class BodyMark(Protocol):
    """The caller's body, as far as it must be known again."""

    @property
    def fingerprint(self) -> Fingerprint:
        """Under the current key: what is stored."""

    def matches(self, stored: Fingerprint) -> bool:
        """Whether this is the body that `stored` was made of, whichever key it was made with."""


class InstrumentMarks(Protocol):
    """How an instrument is known again without being kept."""

    def of_instrument(self, instrument: Instrument) -> tuple[Fingerprint, ...]:
        """Keyed fingerprints, under the current key first, then under older ones; empty for a wallet's bundle."""


class Payments(Protocol):
    """Payments at rest. Each call is one round trip; each write is one commit, all or none."""

    async def begin_sale(
        self,
        payment: Payment,
        fingerprint: Fingerprint,
        nonce: Nonce | None,
        attempt: Attempt | None = None,
        terms: Terms | None = None,
    ) -> None:
        """
        Commit 1. `attempt` is the sale as its network's rules see it; None where none applies, or nothing will leave.

        `terms` is the live decision that it needs; None where nothing will leave. Raises Unauthenticated (nonce seen
        before), KeyTaken, NotLive, DecisionMade, BillOpen or RetryBlocked; then nothing is stored.
        """

    async def past_declines(self, attempt: Attempt) -> Sequence[PastDecline]:
        """What is remembered of its instrument, and may stand in the way of `attempt`; oldest first."""

    async def by_key(self, caller: str, idempotency_key: str, nonce: Nonce | None) -> KeyRecord | None:
        """What the key stands for; stores `nonce` on the way. Raises Unauthenticated if it was seen before."""

    async def spend(self, nonce: Nonce) -> None:
        """Store the nonce of a write that has nothing else to store. Raises Unauthenticated if it was seen before."""

    async def refuse(self, payment: Payment, fingerprint: Fingerprint, nonce: Nonce | None) -> str:
        """
        Store under the key of `payment` that its bill had another open payment, and give that one's id.

        Had, not has: it may have ended since, and the two still came at once. Raises KeyTaken.
        """

    async def claim(self, claim: Claim) -> Payment:
        """
        Commit 1 of a void or refund, and the payment as it is with the claim in it: nothing is read before.

        Raises ChangedMeanwhile where the payment does not allow it at this moment (or is not there, or not the
        caller's), KeyTaken, Unauthenticated (nonce seen before); then nothing is stored.
        """

    async def save(self, before: Payment, after: Payment, beside: Beside = NOTHING_BESIDE) -> Sequence[Message]:
        """
        The step from `before` to `after`, guarded on its version and on the operation's state, with what is `beside`.

        The messages that it put into the outbox: publish them. Raises ChangedMeanwhile if somebody else was first,
        KeyTaken, Unauthenticated (nonce seen before), AlreadyReceived (message), RetryBlocked (attempt); then nothing
        is stored.
        """

    async def get(self, payment_id: str) -> Payment | None: ...

    async def find(self, search: Search) -> Sequence[Payment]:
        """Newest first, at most `limit`."""

    async def abandoned(self, claimed_before: datetime, limit: int) -> Sequence[Payment]:
        """Payments with an operation `submitted` whose claim is older: it belongs to nobody."""

    async def inquiries_due(self, now: datetime, limit: int) -> Sequence[Payment]:
        """Payments with an operation that Chase is to be asked about by now."""

    async def overdue(self, due_before: datetime, limit: int) -> Sequence[Payment]:
        """Payments with an operation that was due to be sent before that: its message did not bring it out."""

    async def unknowns(self) -> Unknowns:
        """Operations of live payments whose outcome is not known."""

    async def schedule(self, before: Operation, after: Operation) -> bool:
        """
        Store the inquiry fields of an operation, guarded on its state and on how many inquiries there were.

        False if somebody else took this inquiry, or the operation has moved on.
        """

    async def latest_approved(self, merchant_id: str) -> Payment | None:
        """The newest payment that Chase is known to hold under that merchant id: the positive control's question."""

    async def latest_refunded(self, merchant_id: str) -> Payment | None:
        """The same for refunds."""

    async def sealed_instrument(self, payment_id: str) -> SealedInstrument | None:
        """The instrument that waits with us; None where there is none (any more)."""


class Messages(Protocol):
    """Messages at rest. Each call is one round trip."""

    async def take_due(self, now: datetime, limit: int, *, claim: str, until: datetime) -> Sequence[Message]:
        """Up to `limit` that are due and nobody's, claimed under the name `claim` until `until`; oldest first."""

    async def mark_sent(self, messages: Sequence[Message], at: datetime) -> None: ...

    async def oldest_due(self) -> datetime | None:
        """Since when the oldest message that is not sent has been due."""

    async def set_aside(self, queue: Queue, message_id: str, body: str, reason: str, at: datetime) -> None:
        """Keep what cannot succeed, with its reason. The same message again changes nothing."""


class Postings(Protocol):
    """Postings at rest, written by `Payments.save`. Each call is one round trip; each write is one commit."""

    async def get(self, posting_id: str) -> KeptPosting | None: ...

    async def posted(self, posting: Posting, at: datetime, message: Received | None = None) -> None:
        """The ledger has it, as `message` had asked. Said again, the first time stays. Raises AlreadyReceived."""

    async def put_off(self, message: Received, again: Message, at: datetime) -> None:
        """`message` is done with, and `again` follows it when it is due. Raises AlreadyReceived."""

    async def unposted_older_than(self, at: datetime, limit: int) -> Sequence[Posting]:
        """At most `limit` that became so before `at` and that the ledger is not known to have, oldest first."""

    async def waiting(self) -> tuple[int, datetime | None]:
        """How many the ledger is not known to have, and when the oldest became so; None where it has them all."""


class Purging(Protocol):
    """Forgets what has had its time."""

    async def forget(self, kind: str, before: datetime, limit: int) -> int:
        """About `limit` rows of that kind that are older than `before`; how many they were."""

    async def forget_attempts(self, now: datetime) -> None:
        """Declines that no network's rule asks about any more."""


class Invariants(Protocol):
    """What must hold of all that is stored. Each question is one round trip; nothing is written."""

    @property
    def rules(self) -> Sequence[str]: ...

    async def offenders(self, rule: str, now: datetime) -> int:
        """How many payments contradict `rule`."""


class Sealing(Protocol):
    """Seals what must wait with us, and opens it to be sent. Nobody else sees what is inside."""

    def seal(self, request: SaleRequest, payment_id: str) -> SealedInstrument: ...

    def open(self, sealed: SealedInstrument, payment_id: str) -> SaleRequest:
        """Raises CannotOpen: sealed for another payment, under a key that is gone, or damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """
    The outside as the verbs see it, joined once.

    `merchants` are the billers we charge for, by id; `chance` gives a number from 0 to 1.
    """

    payments: Payments
    chase: Chase
    merchants: Mapping[str, Merchant]
    clock: Clock
    pace: Pace
    identifiers: Identifiers
    tasks: Tasks
    telemetry: Telemetry
    messages: Messages
    publisher: Publisher
    postings: Postings
    ledger: Ledger
    sealing: Sealing
    shadow: ShadowStore
    instrument_marks: InstrumentMarks
    chance: Callable[[], float]
