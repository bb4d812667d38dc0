"""
The taxonomy of errors. The domain knows codes, never status numbers: functions/_http.py maps them in one table.

PaymentServiceError
├── InvalidRequest              the caller must change the request; names each field
│   ├── IdempotencyKeyMissing
│   ├── PayloadTooLarge
│   └── VersionMissing          If-Match is required here
├── Unauthenticated             we do not know who is calling
├── Forbidden                   we know, and they may not
├── NotFound                    no such payment, or not this caller's
├── Conflict                    not now, or not in this state
│   ├── TransitionNotAllowed    the table has no such edge
│   ├── InvalidState            the same, as told to a caller
│   │   ├── AttemptSold         a payment was made under it: it is voided, not given up (use_cases.decide_rollout)
│   │   └── PromotionRefused    the evidence does not allow this step up (use_cases.change_rollout)
│   ├── IdempotencyInProgress   the same key is at work
│   ├── PaymentUnresolved       another open payment for this bill
│   ├── DecisionRequired        nobody has asked yet who charges this attempt
│   ├── DecisionExpired         the first sale came too late: the existing processor charges it
│   └── KeyTaken · BillOpen · ChangedMeanwhile · AlreadyReceived · RetryBlocked · NotLive · DecisionMade    the
│                               database said so; use cases translate them
├── StaleVersion                If-Match names an older version
├── IdempotencyKeyReused        the same key with another body
├── RefundExceedsBalance        more than is left to be refunded
├── PaymentFailed               given up, disabled or resolved as never charged: final
└── Unavailable
    ├── Overloaded              too many in flight
    └── ProcessorUnavailable    Chase certainly not reached
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar


class PaymentServiceError(Exception):
    """Everything we expect to go wrong. `facts` are shown to the caller beside the code: never a secret among them."""

    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str = "", *, retry_after_s: int | None = None, **facts: object) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.retry_after_s = retry_after_s
        self.facts: Mapping[str, object] = facts


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field, and what to write instead. `field` is a path such as `method.expiry.month`."""

    field: str
    message: str


class InvalidRequest(PaymentServiceError):
    code = "invalid-request"
    title = "The request cannot be taken as it is"

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors


class IdempotencyKeyMissing(InvalidRequest):
    code = "idempotency-key-missing"
    title = "The Idempotency-Key header is missing"

    def __init__(self) -> None:
        super().__init__(
            FieldError("Idempotency-Key", "send a header of 1-255 visible ASCII characters, unique per attempt")
        )


class PayloadTooLarge(InvalidRequest):
    code = "payload-too-large"
    title = "The body is too large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(FieldError("body", f"send at most {limit_bytes} bytes"))


class VersionMissing(InvalidRequest):
    code = "version-missing"
    title = "The If-Match header is missing"


class Unauthenticated(PaymentServiceError):
    """Says nothing that would help a guesser; `reason` is for our log alone."""

    code = "unauthenticated"
    title = "Authentication is required"

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class Forbidden(PaymentServiceError):
    code = "forbidden"
    title = "Not allowed for this caller"


class NotFound(PaymentServiceError):
    code = "not-found"
    title = "No such resource"


class Conflict(PaymentServiceError):
    code = "invalid-state"
    title = "Not possible in the present state"


class TransitionNotAllowed(Conflict):
    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"{event} is not possible in state {state}", state=str(state))


class InvalidState(Conflict):
    pass


class IdempotencyInProgress(Conflict):
    code = "idempotency-in-progress"
    title = "The same request is being worked on"


class PaymentUnresolved(Conflict):
    """Another live payment for this bill is open; `payment_id` names it. The refusal ends this attempt for ever."""

    code = "payment-unresolved"
    title = "Another payment for this bill is open"

    def __init__(self, payment_id: str) -> None:
        super().__init__("nobody was charged under this key, and nobody will be", paymentId=payment_id, retry="never")


class DecisionRequired(Conflict):
    code = "decision-required"
    title = "Nothing was decided for this attempt"

    def __init__(self) -> None:
        super().__init__("nothing was stored or sent: ask for a decision first (POST /rollout/decisions)")


class DecisionExpired(Conflict):
    """The same on every repeat: the decision is `off` for ever, and nobody was charged under it."""

    code = "decision-expired"
    title = "The decision of this attempt was not used in time"

    def __init__(self) -> None:
        super().__init__("nobody was charged under this key, and nobody will be: use the existing processor")


class KeyTaken(Conflict):
    """Unique (caller, idempotency key)."""


class BillOpen(Conflict):
    """Unique (biller, reference) among open live payments."""


class ChangedMeanwhile(Conflict):
    """A guarded write found another row than it expected."""


class AlreadyReceived(Conflict):
    """Unique (consumer, message id): the message was acted on before."""


class RetryBlocked(Conflict):
    """A rule of the payer's network stands in the way of another try."""


class NotLive(Conflict):
    """The attempt's decision is not live, not there, over, or about another bill; or live sales are switched off."""


class DecisionMade(Conflict):
    """Unique (caller, attempt): somebody decided for the attempt before."""


class StaleVersion(PaymentServiceError):
    code = "stale-version"
    title = "It has another version by now"


class IdempotencyKeyReused(PaymentServiceError):
    code = "idempotency-key-reused"
    title = "This Idempotency-Key was used with another body"


class RefundExceedsBalance(PaymentServiceError):
    code = "refund-exceeds-balance"
    title = "More than is left to be refunded"

    def __init__(self, refundable_minor: int) -> None:
        super().__init__(
            "refund at most `refundableMinor`; what other refunds have set aside is not in it",
            refundableMinor=refundable_minor,
        )


class PaymentFailed(PaymentServiceError):
    code = "payment-failed"
    title = "Nobody was charged, and nobody will be under this key"


class Unavailable(PaymentServiceError):
    pass


class Overloaded(Unavailable):
    code = "overloaded"
    title = "Too many payments in flight"


class ProcessorUnavailable(Unavailable):
    """Chase was certainly not reached; the payment stays `received` and the same key tries again."""

    code = "processor-unavailable"
    title = "Chase was not reached"

    def __init__(self, payment_id: str) -> None:
        super().__init__(
            "Chase did not take the sale: repeat it with the same Idempotency-Key, or void the payment",
            retry_after_s=5,
            paymentId=payment_id,
            processorCalled=False,
            retry="same_key",
        )
