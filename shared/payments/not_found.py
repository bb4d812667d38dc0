"""Chase knows nothing of it: the operation is over as never done, and Chase is asked a few times more, to be sure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from shared.payments.facts import Occasion, advanced
from shared.payments.lifecycle import released
from shared.payments.operations import OperationEvent, OperationKind, Purpose, next_operation_state
from shared.payments.outcome import Declined, OutcomeRecord, Retry, record
from shared.payments.payment import Operation, Payment
from shared.payments.state_machine import Event
from shared.payments.undo import tried_again

NOT_FOUND: Final = Declined("NOT_FOUND", "Chase knows nothing of it, and it counts as never done", Retry.NEW_KEY)

# When Chase is asked again after that, in seconds (design: outcomes); after the last time it rests.
ASK_AGAIN_S: Final = (10 * 60, 60 * 60, 24 * 3600)

_EVENTS: Final[Mapping[OperationKind, Event]] = {
    OperationKind.SALE: Event.SALE_NOT_FOUND,
    OperationKind.VOID: Event.VOID_FAILED,
    OperationKind.REFUND: Event.REFUND_FAILED,
}


def not_found(
    payment: Payment,
    operation: Operation,
    *,
    occasion: Occasion,
    actor: str,
    sale_event: Event = Event.SALE_NOT_FOUND,
    detail: OutcomeRecord | None = None,
) -> Payment:
    """
    The payment once its unknown `operation` counts as never done (ON_NOT_FOUND=fail, or a person's word).

    A refund's reservation is free; an undo begins anew. What is found later is given back, or counted. Raises
    TransitionNotAllowed where the operation is not unknown.
    """
    failed = replace(
        operation,
        state=next_operation_state(operation.state, OperationEvent.FAILED),
        outcome=record(NOT_FOUND, operation.request_id),
        unknown_since=None,
        inquire_at=None if operation.kind is OperationKind.VOID else occasion.ask_again_at,
        send_at=None,
        inquiries=0,
        empties=0,
    )
    if operation.purpose is not Purpose.REQUESTED:
        after = advanced(payment, Event.UNDO_FAILED, failed, actor=actor, now=occasion.now, detail=detail)
        return tried_again(released(after, operation), failed, occasion)
    event = sale_event if operation.kind is OperationKind.SALE else _EVENTS[operation.kind]
    after = advanced(payment, event, failed, actor=actor, now=occasion.now, detail=detail)
    return replace(released(after, operation), instrument_kept=False)


def pause_s(inquiries: int) -> float | None:
    """Seconds from the inquiry after `inquiries` earlier ones to the next; None after the last."""
    if inquiries + 1 >= len(ASK_AGAIN_S):
        return None
    return ASK_AGAIN_S[inquiries + 1] - ASK_AGAIN_S[inquiries]
