"""What the verbs need from outside. Adapters fit these shapes without knowing them; mypy proves the fit in wiring."""

from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from shared.payments.anchor import Anchor, Leaf, Standing, Touched
from shared.payments.audit_verification import SealedPayment
from shared.payments.idempotency import Fingerprint, KeyRecord, Nonce
from shared.payments.messages import Message
from shared.payments.outcome import Inquiry, Outcome
from shared.payments.pace import Pace
from shared.payments.payment import Operation, Payment
from shared.payments.posting import Posting
from shared.payments.requests import Merchant, SaleRequest
from shared.payments.search import Search


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

    async def find_sale(self, request_id: str, merchant: Merchant) -> Inquiry:
        """What became of the sale sent under `request_id`."""

    async def get_payment(self, transaction_id: str, merchant: Merchant) -> Inquiry:
        """What Chase says of a transaction now."""


class NotPublished(Exception):
    """The broker did not take the messages, or did not say so in time: they are sent again under the same ids."""


class Publisher(Protocol):
    """How messages leave. Bounded in time: a broker that goes silent must not hold up anybody."""

    async def publish(self, messages: Sequence[Message]) -> None:
        """All of `messages`, or NotPublished: then any of them may have been taken."""


class LedgerRefused(Exception):
    """The ledger will never take this posting as it is: a person must look."""


class LedgerUnavailable(Exception):
    """The ledger did not answer, or not in words that we know: the same posting is sent again."""


class Ledger(Protocol):
    """Books postings. Idempotent by `Posting.id`: the same one again changes nothing."""

    async def post(self, posting: Posting) -> None:
        """Raises LedgerRefused or LedgerUnavailable."""


class Telemetry(Protocol):
    def event(self, name: str, /, **fields: object) -> None:
        """Something that happened, for the log; fields never hold a secret."""

    def alarm(self, name: str, /, **fields: object) -> None:
        """Something a person must look at."""


class BodyMark(Protocol):
    """The caller's body, as far as it must be known again."""

    @property
    def fingerprint(self) -> Fingerprint:
        """Under the current key: what is stored."""

    def matches(self, stored: Fingerprint) -> bool:
        """Whether this is the body that `stored` was made of, whichever key it was made with."""


class Payments(Protocol):
    """Payments at rest. Each call is one round trip; each write is one commit, all or none."""

    async def begin_sale(self, payment: Payment, fingerprint: Fingerprint, nonce: Nonce | None) -> None:
        """Commit 1. Raises Unauthenticated (nonce seen before), KeyTaken or BillOpen; then nothing is stored."""

    async def by_key(self, caller: str, idempotency_key: str, nonce: Nonce | None) -> KeyRecord | None:
        """What the key stands for; stores `nonce` on the way. Raises Unauthenticated if it was seen before."""

    async def refuse(self, payment: Payment, fingerprint: Fingerprint, nonce: Nonce | None) -> str:
        """
        Store under the key of `payment` that its bill had another open payment, and give that one's id.

        Had, not has: it may have ended since, and the two still came at once. Raises KeyTaken.
        """

    async def save(self, before: Payment, after: Payment) -> None:
        """
        The step from `before` to `after`, guarded on its version and on the operation's state.

        Raises ChangedMeanwhile if somebody else was first; then nothing is stored.
        """

    async def get(self, payment_id: str) -> Payment | None: ...

    async def find(self, search: Search) -> Sequence[Payment]:
        """Newest first, at most `limit`."""

    async def abandoned(self, claimed_before: datetime, limit: int) -> Sequence[Payment]:
        """Payments with an operation `submitted` whose claim is older: it belongs to nobody."""

    async def inquiries_due(self, now: datetime, limit: int) -> Sequence[Payment]:
        """Payments with an `unknown` operation whose inquiry is due."""

    async def schedule(self, before: Operation, after: Operation) -> bool:
        """
        Store the inquiry fields of an unknown operation, guarded on how many inquiries there were.

        False if somebody else took this inquiry, or the operation is not unknown any more.
        """

    async def latest_approved(self, merchant_id: str) -> Payment | None:
        """The newest payment that Chase is known to hold under that merchant id: the positive control's question."""


class AuditTrail(Protocol):
    """Sealed histories as they stand in the database, a page at a time, each page from one snapshot."""

    async def payments(self, after: str, limit: int) -> Sequence[SealedPayment]:
        """The next by id, from behind `after` ("" for the first page)."""

    async def touched(self, page: Touched, limit: int) -> tuple[Sequence[SealedPayment], Touched | None]:
        """Those that were last changed in a time, and the page that follows; None where this was the last."""

    async def orphans(self, after: str, limit: int) -> Sequence[str]:
        """Payment ids of history whose payment is gone, from behind `after`."""

    async def standing(self, leaves: Sequence[Leaf]) -> Mapping[str, Standing]:
        """What is there now, by payment id."""

    async def anchors(self) -> Sequence[Anchor]:
        """All that were made, the oldest first."""

    async def add_anchor(self, anchor: Anchor, made_at: datetime) -> None:
        """Store it; nothing happens where its day has one."""


class AnchorStore(Protocol):
    """
    Where anchors are kept for ever: what is there can be neither changed nor removed, not even by us.

    Every method raises AnchorStoreUnavailable.
    """

    async def put(self, day: date, lines: AsyncIterator[str]) -> bool:
        """Keep `lines` under `day`, whole or not at all. False if there is one already: then that one stays."""

    async def days(self) -> Sequence[date]:
        """The days that have one, ascending."""

    def lines(self, day: date) -> AsyncIterator[str]:
        """What is kept under `day`, as it was put."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The outside as the verbs see it, joined once. `merchants` are the billers we charge for, by id."""

    payments: Payments
    chase: Chase
    merchants: Mapping[str, Merchant]
    clock: Clock
    pace: Pace
    identifiers: Identifiers
    tasks: Tasks
    telemetry: Telemetry
