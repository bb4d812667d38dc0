"""
The payment's states, the events that move it, and the one table that joins them.

Callers and processors report events ("what happened"), never states. docs/payment-states.md is drawn from this table.
An edge that leads back to its own state is a fact that is recorded without moving the payment.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from shared.payments.errors import TransitionNotAllowed


class State(StrEnum):
    RECEIVED = "received"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    DECLINED = "declined"
    FAILED = "failed"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    SETTLED = "settled"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    RETURNED = "returned"
    CHARGED_BACK = "charged_back"


class Event(StrEnum):
    # The sale
    SALE_SUBMITTED = "sale_submitted"
    SALE_AUTHORIZED = "sale_authorized"
    SALE_CAPTURED = "sale_captured"
    SALE_DECLINED = "sale_declined"
    SALE_PENDING = "sale_pending"
    SALE_NOT_SENT = "sale_not_sent"
    SALE_LOST = "sale_lost"
    SALE_RESUBMITTED = "sale_resubmitted"
    SALE_NOT_FOUND = "sale_not_found"
    SALE_FOUND_VOIDED = "sale_found_voided"
    SALE_PARTIALLY_APPROVED = "sale_partially_approved"
    PARTIAL_APPROVAL_UNDONE = "partial_approval_undone"
    SALE_GIVEN_UP = "sale_given_up"
    SALE_BLOCKED = "sale_blocked"
    LIVE_DISABLED = "live_disabled"
    LATE_CHARGE_FOUND = "late_charge_found"
    LATE_CHARGE_UNDONE = "late_charge_undone"
    CAPTURE_CONFIRMED = "capture_confirmed"
    # Two answers of Chase that cannot both be true: kept, alarmed, never discarded
    ANSWER_CONTRADICTED = "answer_contradicted"
    # A void
    VOID_SUBMITTED = "void_submitted"
    VOID_NOT_SENT = "void_not_sent"
    VOID_SUCCEEDED = "void_succeeded"
    VOID_FAILED = "void_failed"
    VOID_LOST = "void_lost"
    # A refund
    REFUND_SUBMITTED = "refund_submitted"
    REFUND_NOT_SENT = "refund_not_sent"
    REFUNDED_IN_PART = "refunded_in_part"
    REFUNDED_IN_FULL = "refunded_in_full"
    REFUND_FAILED = "refund_failed"
    REFUND_LOST = "refund_lost"
    # What Chase took and we do not want (a part of a bill, or a charge found late) is given back
    UNDO_SUBMITTED = "undo_submitted"
    UNDO_NOT_SENT = "undo_not_sent"
    UNDO_LOST = "undo_lost"
    UNDO_FAILED = "undo_failed"
    # Facts from the bank
    SETTLED = "settled"
    RETURNED = "returned"
    CHARGED_BACK = "charged_back"
    CHARGEBACK_REVERSED = "chargeback_reversed"
    # A person's word on an unknown sale
    RESOLVED_AUTHORIZED = "resolved_authorized"
    RESOLVED_CAPTURED = "resolved_captured"
    RESOLVED_DECLINED = "resolved_declined"
    RESOLVED_NOT_FOUND = "resolved_not_found"
    # Shadow: taken to be mirrored, or not to be: our side had not come so far; what the existing processor answered
    SHADOW_TAKEN = "shadow_taken"
    SHADOW_NOT_POSSIBLE = "shadow_not_possible"
    CONTROL_REPORTED = "control_reported"


S, E = State, Event

# Facts about a refund that is under way when the bank takes the money back: recorded, the state stands.
_REFUND_FACTS = (E.REFUNDED_IN_PART, E.REFUNDED_IN_FULL, E.REFUND_NOT_SENT, E.REFUND_FAILED, E.REFUND_LOST)
# Facts about a void that the capture overtook.
_VOID_FACTS = (E.VOID_NOT_SENT, E.VOID_FAILED, E.VOID_LOST)
_CAPTURED_ONCE = (S.CAPTURED, S.SETTLED, S.PARTIALLY_REFUNDED, S.REFUNDED, S.RETURNED, S.CHARGED_BACK)
# Facts that are recorded wherever the payment stands.
_ANYWHERE = (E.SHADOW_NOT_POSSIBLE, E.CONTROL_REPORTED, E.ANSWER_CONTRADICTED)
_UNDO_FACTS = (E.UNDO_SUBMITTED, E.UNDO_NOT_SENT, E.UNDO_LOST, E.UNDO_FAILED)

# fmt: off
TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType({
    (S.RECEIVED,   E.SHADOW_TAKEN):             S.RECEIVED,
    (S.RECEIVED,   E.SALE_SUBMITTED):           S.SUBMITTED,
    (S.RECEIVED,   E.SALE_GIVEN_UP):            S.FAILED,
    (S.RECEIVED,   E.SALE_BLOCKED):             S.DECLINED,
    (S.RECEIVED,   E.LIVE_DISABLED):            S.FAILED,

    (S.SUBMITTED,  E.SALE_AUTHORIZED):          S.AUTHORIZED,
    (S.SUBMITTED,  E.SALE_CAPTURED):            S.CAPTURED,
    (S.SUBMITTED,  E.SALE_DECLINED):            S.DECLINED,
    (S.SUBMITTED,  E.SALE_NOT_SENT):            S.RECEIVED,
    (S.SUBMITTED,  E.SALE_PENDING):             S.UNKNOWN,
    (S.SUBMITTED,  E.SALE_LOST):                S.UNKNOWN,
    (S.SUBMITTED,  E.SALE_PARTIALLY_APPROVED):  S.UNKNOWN,

    (S.UNKNOWN,    E.SALE_AUTHORIZED):          S.AUTHORIZED,
    (S.UNKNOWN,    E.SALE_CAPTURED):            S.CAPTURED,
    (S.UNKNOWN,    E.SALE_DECLINED):            S.DECLINED,
    (S.UNKNOWN,    E.SALE_PENDING):             S.UNKNOWN,
    (S.UNKNOWN,    E.SALE_LOST):                S.UNKNOWN,
    (S.UNKNOWN,    E.SALE_PARTIALLY_APPROVED):  S.UNKNOWN,
    (S.UNKNOWN,    E.PARTIAL_APPROVAL_UNDONE):  S.DECLINED,
    (S.UNKNOWN,    E.SALE_FOUND_VOIDED):        S.VOIDED,
    (S.UNKNOWN,    E.SALE_RESUBMITTED):         S.SUBMITTED,
    (S.UNKNOWN,    E.SALE_NOT_FOUND):           S.FAILED,
    (S.UNKNOWN,    E.RESOLVED_AUTHORIZED):      S.AUTHORIZED,
    (S.UNKNOWN,    E.RESOLVED_CAPTURED):        S.CAPTURED,
    (S.UNKNOWN,    E.RESOLVED_DECLINED):        S.DECLINED,
    (S.UNKNOWN,    E.RESOLVED_NOT_FOUND):       S.FAILED,

    (S.FAILED,     E.LATE_CHARGE_FOUND):        S.FAILED,
    (S.FAILED,     E.LATE_CHARGE_UNDONE):       S.FAILED,

    (S.AUTHORIZED, E.CAPTURE_CONFIRMED):        S.CAPTURED,
    (S.AUTHORIZED, E.SALE_FOUND_VOIDED):        S.VOIDED,
    (S.AUTHORIZED, E.VOID_SUBMITTED):           S.AUTHORIZED,
    (S.AUTHORIZED, E.VOID_NOT_SENT):            S.AUTHORIZED,
    (S.AUTHORIZED, E.VOID_SUCCEEDED):           S.VOIDED,
    (S.AUTHORIZED, E.VOID_FAILED):              S.AUTHORIZED,
    (S.AUTHORIZED, E.VOID_LOST):                S.AUTHORIZED,

    (S.CAPTURED,   E.REFUND_SUBMITTED):         S.CAPTURED,
    (S.CAPTURED,   E.REFUND_NOT_SENT):          S.CAPTURED,
    (S.CAPTURED,   E.REFUNDED_IN_PART):         S.PARTIALLY_REFUNDED,
    (S.CAPTURED,   E.REFUNDED_IN_FULL):         S.REFUNDED,
    (S.CAPTURED,   E.REFUND_FAILED):            S.CAPTURED,
    (S.CAPTURED,   E.REFUND_LOST):              S.CAPTURED,
    (S.CAPTURED,   E.SETTLED):                  S.SETTLED,
    (S.CAPTURED,   E.RETURNED):                 S.RETURNED,
    (S.CAPTURED,   E.CHARGED_BACK):             S.CHARGED_BACK,

    (S.SETTLED,    E.REFUND_SUBMITTED):         S.SETTLED,
    (S.SETTLED,    E.REFUND_NOT_SENT):          S.SETTLED,
    (S.SETTLED,    E.REFUNDED_IN_PART):         S.PARTIALLY_REFUNDED,
    (S.SETTLED,    E.REFUNDED_IN_FULL):         S.REFUNDED,
    (S.SETTLED,    E.REFUND_FAILED):            S.SETTLED,
    (S.SETTLED,    E.REFUND_LOST):              S.SETTLED,
    (S.SETTLED,    E.SETTLED):                  S.SETTLED,
    (S.SETTLED,    E.RETURNED):                 S.RETURNED,
    (S.SETTLED,    E.CHARGED_BACK):             S.CHARGED_BACK,

    (S.PARTIALLY_REFUNDED, E.REFUND_SUBMITTED): S.PARTIALLY_REFUNDED,
    (S.PARTIALLY_REFUNDED, E.REFUND_NOT_SENT):  S.PARTIALLY_REFUNDED,
    (S.PARTIALLY_REFUNDED, E.REFUNDED_IN_PART): S.PARTIALLY_REFUNDED,
    (S.PARTIALLY_REFUNDED, E.REFUNDED_IN_FULL): S.REFUNDED,
    (S.PARTIALLY_REFUNDED, E.REFUND_FAILED):    S.PARTIALLY_REFUNDED,
    (S.PARTIALLY_REFUNDED, E.REFUND_LOST):      S.PARTIALLY_REFUNDED,
    (S.PARTIALLY_REFUNDED, E.SETTLED):          S.PARTIALLY_REFUNDED,
    (S.PARTIALLY_REFUNDED, E.RETURNED):         S.RETURNED,
    (S.PARTIALLY_REFUNDED, E.CHARGED_BACK):     S.CHARGED_BACK,

    (S.REFUNDED,     E.SETTLED):                S.REFUNDED,
    (S.REFUNDED,     E.RETURNED):               S.RETURNED,
    (S.REFUNDED,     E.CHARGED_BACK):           S.CHARGED_BACK,

    (S.RETURNED,     E.SETTLED):                S.RETURNED,
    (S.RETURNED,     E.RETURNED):               S.RETURNED,
    (S.RETURNED,     E.CHARGED_BACK):           S.CHARGED_BACK,

    (S.CHARGED_BACK, E.SETTLED):                S.CHARGED_BACK,
    (S.CHARGED_BACK, E.RETURNED):               S.CHARGED_BACK,
    (S.CHARGED_BACK, E.CHARGED_BACK):           S.CHARGED_BACK,
    (S.CHARGED_BACK, E.CHARGEBACK_REVERSED):    S.SETTLED,

    **{(state, fact): state for state in (S.RETURNED, S.CHARGED_BACK) for fact in _REFUND_FACTS},
    **{(state, fact): state for state in _CAPTURED_ONCE for fact in _VOID_FACTS},
    **{(state, fact): state for state in (S.UNKNOWN, S.FAILED) for fact in _UNDO_FACTS},
    **{(state, fact): state for state in State for fact in _ANYWHERE},
})
# fmt: on

FINAL_STATES = frozenset(State) - {state for (state, _), reached in TRANSITIONS.items() if reached is not state}

# One bill has at most one payment in these states (design: the sale, step by step).
OPEN_STATES = frozenset({State.RECEIVED, State.SUBMITTED, State.UNKNOWN})


def next_state(state: State, event: Event) -> State:
    """The state that `event` leads to. Raises TransitionNotAllowed, which carries both, for a pair not in the table."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise TransitionNotAllowed(state, event) from None


def states_allowing(event: Event) -> frozenset[State]:
    """Every state in which `event` is allowed: what a conditional write is guarded with."""
    return frozenset(state for state, allowed in TRANSITIONS if allowed is event)
