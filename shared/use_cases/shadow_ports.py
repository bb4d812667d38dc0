"""What shadow and the rollout need from outside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from shared.payments.idempotency import Fingerprint, Nonce
from shared.payments.messages import Message
from shared.payments.payment import Payment
from shared.payments.requests import SaleRequest
from shared.shadow.document import RolloutVersion
from shared.shadow.evidence import Stratum
from shared.shadow.operations import Coverage, ShadowOperation
from shared.shadow.pair import Control
from shared.shadow.stored_decision import Asked, StoredDecision
from shared.shadow.verdicts import Comparison


class RolloutStore(Protocol):
    """The rollout at rest. Each call is one round trip."""

    async def versions(self, limit: int) -> Sequence[RolloutVersion]:
        """Newest first."""

    async def add_version(self, version: RolloutVersion, nonce: Nonce | None) -> None:
        """Raises ChangedMeanwhile if another version was written since the one before it."""

    async def decide(self, decision: StoredDecision, nonce: Nonce | None) -> StoredDecision:
        """
        The decision that stands for the attempt: this one, if there was none.

        Raises PaymentUnresolved where the bill has an open live payment of another attempt; then nothing is stored.
        """

    async def decision(self, caller: str, attempt: str) -> StoredDecision | None: ...

    async def give_up(self, decision: StoredDecision, nonce: Nonce | None) -> StoredDecision | None:
        """`off` for ever, if no payment has the attempt's key; None if one has; another bill's is as it is."""

    async def expire(self, asked: Asked, now: datetime) -> bool:
        """Make a live decision that is over `off` for ever, if no payment has its key; whether it is over."""


class ShadowStore(Protocol):
    """Shadow at rest. Each call is one round trip, each write one commit."""

    async def begin(
        self,
        payment: Payment,
        operation: ShadowOperation,
        fingerprint: Fingerprint,
        nonce: Nonce | None,
        made: StoredDecision | None,
    ) -> Sequence[Message]:
        """
        A shadow sale's one commit, with the decision that it makes, if any. The messages: publish them.

        Raises Unauthenticated (nonce seen before), KeyTaken or DecisionMade; then nothing is stored.
        """

    async def follow(
        self, operation: ShadowOperation, key: str, fingerprint: Fingerprint, nonce: Nonce | None, message: Message
    ) -> None:
        """
        A void or refund takes the next place in its payment's order, whatever `operation.sequence` says.

        Raises Unauthenticated (nonce seen before), KeyTaken, or ChangedMeanwhile where another took that place.
        """

    async def report(self, operation_id: str, control: Control, nonce: Nonce | None, now: datetime) -> bool:
        """Keep what the existing processor answered; False where a control is there. Raises Unauthenticated."""

    async def get(self, operation_id: str) -> ShadowOperation | None: ...

    async def of_payment(self, payment_id: str) -> Sequence[ShadowOperation]:
        """In their order."""

    async def request(self, payment_id: str) -> SaleRequest | None:
        """What the sale is mirrored with: test instruments in the payer's place."""

    async def due(self, now: datetime, limit: int) -> Sequence[ShadowOperation]:
        """What is to be looked at by now, the longest due first."""

    async def looked_at(self, operation_id: str, *, waiting: bool, compare_at: datetime | None) -> None:
        """There was nothing to compare yet; look again at `compare_at` (None: never)."""

    async def compared(
        self, operation_id: str, comparison: Comparison, at: datetime, compare_at: datetime | None
    ) -> None:
        """What both sides said; it takes the place of an earlier comparison."""

    async def waiting(self) -> int:
        """How many operations wait to be mirrored."""

    async def lose(self, lost: Mapping[Stratum, int], now: datetime) -> None:
        """Count what was eligible and left no row."""

    async def coverage(self, since: datetime) -> Coverage:
        """What was received, compared, is pending, and was lost since then."""
