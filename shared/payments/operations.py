"""An operation is one thing we ask of Chase (a sale, a void, a refund), with a state of its own and a small table."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from shared.payments.errors import TransitionNotAllowed


class OperationKind(StrEnum):
    SALE = "sale"
    VOID = "void"
    REFUND = "refund"


class Purpose(StrEnum):
    """Why there is an operation: somebody asked for it, or it gives back what Chase should not have taken."""

    REQUESTED = "requested"
    UNDO_PARTIAL_APPROVAL = "undo_partial_approval"
    UNDO_LATE_CHARGE = "undo_late_charge"


class OperationState(StrEnum):
    QUEUED = "queued"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    FAILED = "failed"
    UNKNOWN = "unknown"


class OperationEvent(StrEnum):
    CLAIMED = "claimed"
    BLOCKED = "blocked"
    APPROVED = "approved"
    DECLINED = "declined"
    PENDING = "pending"
    NOT_SENT = "not_sent"
    LOST = "lost"
    FAILED = "failed"


_S, _E = OperationState, OperationEvent

# fmt: off
OPERATION_TRANSITIONS: Mapping[tuple[OperationState, OperationEvent], OperationState] = MappingProxyType({
    (_S.QUEUED,    _E.CLAIMED):  _S.SUBMITTED,
    # What a rule of the network does not let leave ends as what the network would decline.
    (_S.QUEUED,    _E.BLOCKED):  _S.DECLINED,
    (_S.QUEUED,    _E.FAILED):   _S.FAILED,

    (_S.SUBMITTED, _E.APPROVED): _S.SUCCEEDED,
    (_S.SUBMITTED, _E.DECLINED): _S.DECLINED,
    (_S.SUBMITTED, _E.PENDING):  _S.UNKNOWN,
    (_S.SUBMITTED, _E.NOT_SENT): _S.QUEUED,
    (_S.SUBMITTED, _E.LOST):     _S.UNKNOWN,
    (_S.SUBMITTED, _E.FAILED):   _S.FAILED,

    (_S.UNKNOWN,   _E.CLAIMED):  _S.SUBMITTED,
    (_S.UNKNOWN,   _E.APPROVED): _S.SUCCEEDED,
    (_S.UNKNOWN,   _E.DECLINED): _S.DECLINED,
    (_S.UNKNOWN,   _E.PENDING):  _S.UNKNOWN,
    (_S.UNKNOWN,   _E.LOST):     _S.UNKNOWN,
    (_S.UNKNOWN,   _E.FAILED):   _S.FAILED,

    # A person had said that Chase knows nothing of it, and Chase knows it after all.
    (_S.FAILED,    _E.APPROVED): _S.SUCCEEDED,
})
# fmt: on

# May have reached Chase, and it is not known what became of it.
UNFINISHED = frozenset({OperationState.SUBMITTED, OperationState.UNKNOWN})
# May be claimed to be sent (again): what never left; and what may have, once the rules for that are met.
SENDABLE = frozenset(state for state, event in OPERATION_TRANSITIONS if event is OperationEvent.CLAIMED)
# Not ended: a payment has at most one such operation (unique index operations_unresolved).
UNRESOLVED = UNFINISHED | {OperationState.QUEUED}


def next_operation_state(state: OperationState, event: OperationEvent) -> OperationState:
    """The operation's state after `event`. Raises TransitionNotAllowed for a pair not in the table."""
    try:
        return OPERATION_TRANSITIONS[state, event]
    except KeyError:
        raise TransitionNotAllowed(state, event) from None
