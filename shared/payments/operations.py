"""An operation is one thing we ask of Chase (a sale, a void, a refund), with a state of its own and a small table."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from shared.payments.errors import TransitionNotAllowed


class OperationKind(StrEnum):
    SALE = "sale"
    VOID = "void"
    REFUND = "refund"


class OperationState(StrEnum):
    QUEUED = "queued"
    SUBMITTED = "submitted"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    FAILED = "failed"
    UNKNOWN = "unknown"


class OperationEvent(StrEnum):
    CLAIMED = "claimed"
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
})
# fmt: on

UNFINISHED = frozenset({OperationState.SUBMITTED, OperationState.UNKNOWN})


def next_operation_state(state: OperationState, event: OperationEvent) -> OperationState:
    """The operation's state after `event`. Raises TransitionNotAllowed for a pair not in the table."""
    try:
        return OPERATION_TRANSITIONS[state, event]
    except KeyError:
        raise TransitionNotAllowed(state, event) from None


def operation_states_allowing(event: OperationEvent) -> frozenset[OperationState]:
    """Every operation state in which `event` is allowed: the guard of the write that records it."""
    return frozenset(state for state, allowed in OPERATION_TRANSITIONS if allowed is event)
