"""What callers ask of the verbs, and what they hear."""

from dataclasses import dataclass

from shared.payments.idempotency import Nonce
from shared.payments.payment import Operation, Payment
from shared.payments.requests import SaleRequest, kept_of
from shared.shadow.document import Mode
from shared.shadow.pair import Control
from shared.shadow.stored_decision import Asked
from shared.use_cases.ports import BodyMark


@dataclass(frozen=True, slots=True)
class SaleCall:
    """
    One call of the sale route: who asks for what under which key. `body` knows the same body again.

    `control` is what the existing processor answered, in shadow.
    """

    request: SaleRequest
    caller: str
    idempotency_key: str
    body: BodyMark
    nonce: Nonce | None = None
    control: Control | None = None

    @property
    def attempt(self) -> Asked:
        """The attempt that the key is, as a decision names it."""
        request, method = self.request, kept_of(self.request.method)
        return Asked(self.caller, self.idempotency_key, request.biller_id, method.type, request.reference)


@dataclass(frozen=True, slots=True)
class SaleAnswer:
    """The payment as it stands; `replayed` if this call changed nothing."""

    payment: Payment
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class LeftToExisting:
    """Nobody is charged here: the existing processor charges. In shadow, not `recorded`: over the backlog's bound."""

    mode: Mode
    recorded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpCall:
    """One call of the void or the refund route: who asks for what, of which payment, under which key."""

    payment_id: str
    billers: frozenset[str] | None
    caller: str
    idempotency_key: str
    body: BodyMark
    reason: str
    nonce: Nonce | None = None
    control: Control | None = None


@dataclass(frozen=True, slots=True)
class FollowUpAnswer:
    """
    The payment as it stands, and the operation that was asked for; `replayed` if this call changed nothing.

    In shadow the operation may be None: it waits for its turn.
    """

    payment: Payment
    operation: Operation | None
    replayed: bool = False
