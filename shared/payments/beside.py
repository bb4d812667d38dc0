"""What goes into the commit of a payment's step beside the step itself: all of it is stored, or none."""

from dataclasses import dataclass

from shared.payments.idempotency import Fingerprint, Nonce
from shared.payments.payment import Operation
from shared.payments.sale_attempts import Attempt, Decline
from shared.payments.sealed import SealedInstrument


@dataclass(frozen=True, slots=True)
class Key:
    """The caller's key that the step is asked for under; it stands for `operation` from then on."""

    caller: str
    text: str
    fingerprint: Fingerprint
    operation: Operation


@dataclass(frozen=True, slots=True)
class Received:
    """The message that the step is done for: a second delivery of it does nothing."""

    consumer: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Beside:
    """
    `sealed` is the instrument of a sale that begins to wait with us.

    `attempt` is a sale that leaves by this step, if its network's rules let it; `declined` what the network said of one
    by which it ended.
    """

    key: Key | None = None
    nonce: Nonce | None = None
    message: Received | None = None
    sealed: SealedInstrument | None = None
    attempt: Attempt | None = None
    declined: Decline | None = None


NOTHING_BESIDE = Beside()
