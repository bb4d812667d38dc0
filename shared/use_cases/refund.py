"""Refund a payment, in part or all that is left: the amount is reserved first; only a definite failure frees it."""

from dataclasses import dataclass

from shared.payments.errors import RefundExceedsBalance
from shared.payments.operations import OperationKind
from shared.payments.payment import Payment
from shared.payments.state_machine import State
from shared.use_cases.asking_for import AskingFor
from shared.use_cases.calls import FollowUpAnswer, FollowUpCall


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundCall(FollowUpCall):
    """
    `amount_minor` None is all that is left.

    With `or_void`, a payment that is not captured yet is voided instead, if the amount is the whole.
    """

    amount_minor: int | None = None
    or_void: bool = False


class Refund:
    def __init__(self, asking_for: AskingFor) -> None:
        self._asking_for = asking_for

    async def refund(self, call: RefundCall) -> FollowUpAnswer:
        """
        The payment with the refund in it; its operation tells how it went.

        Raises RefundExceedsBalance (judged first, what others have reserved included), NotFound, InvalidState (not
        captured yet, on hold, or an operation is unresolved), and for the key what a sale raises.
        """

        async def otherwise(payment: Payment) -> FollowUpAnswer | None:
            if call.or_void and payment.state is State.AUTHORIZED and _is_whole(call, payment):
                return await self._asking_for.ask(call, OperationKind.VOID, _refused)
            _judge(call, payment)
            return None

        return await self._asking_for.ask(call, OperationKind.REFUND, otherwise, amount_minor=call.amount_minor)

    async def whole(self, call: FollowUpCall) -> FollowUpAnswer:
        """Everything that was taken, in place of a void that comes too late."""
        return await self._asking_for.ask(call, OperationKind.REFUND, _refused)


async def _refused(_payment: Payment) -> None:
    return None


def _is_whole(call: RefundCall, payment: Payment) -> bool:
    return call.amount_minor in (None, payment.amount.amount_minor)


def _judge(call: RefundCall, payment: Payment) -> None:
    """The balance goes before anything else: waiting does not make it larger."""
    asked_minor = call.amount_minor or 1
    if payment.captured_minor > 0 and asked_minor > payment.refundable_minor:
        raise RefundExceedsBalance(payment.refundable_minor)
