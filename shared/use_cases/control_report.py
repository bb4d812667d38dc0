"""Take what the existing processor answered, reported later than the operation it is about."""

from collections.abc import Sequence

from shared.payments.errors import FieldError, InvalidRequest, InvalidState
from shared.payments.next_step import allowed_actions
from shared.payments.payment import Payment
from shared.shadow.operations import ShadowOperation
from shared.shadow.pair import Control
from shared.use_cases.comparing import Comparing
from shared.use_cases.own_payment import own_payment
from shared.use_cases.ports import Outside
from shared.use_cases.update_state import UpdateCall


class ControlReport:
    def __init__(self, outside: Outside, comparing: Comparing) -> None:
        self._payments, self._store, self._clock = outside.payments, outside.shadow, outside.clock
        self._comparing = comparing

    async def report(self, call: UpdateCall, control: Control) -> Payment:
        """
        The payment, with `control` beside the operation that the report names: by id, or the first that has none.

        The same control again changes nothing. Raises NotFound, InvalidRequest (no such operation), or InvalidState
        (the payment is not in shadow, or another control is there).
        """
        payment = await own_payment(self._payments, call.payment_id, call.billers)
        operations = await self._store.of_payment(payment.id) if payment.mode == "shadow" else ()
        if not operations:
            raise self._refused(payment, "control_reported is for a payment in shadow")
        named = call.update.operation_id
        operation = _named(operations, named) if named else _next(operations, control)
        if operation is None or not await self._is_kept(operation, control, call):
            raise self._refused(payment, "another control is there already")
        known = await self._store.get(operation.id)
        assert known is not None, "it was there a moment ago"
        await self._comparing.look(known, payment)
        return payment

    async def _is_kept(self, operation: ShadowOperation, control: Control, call: UpdateCall) -> bool:
        if operation.control == control:
            return True
        return await self._store.report(operation.id, control, call.nonce, self._clock.now())

    def _refused(self, payment: Payment, why: str) -> InvalidState:
        actions = allowed_actions(payment, self._clock.now())
        return InvalidState(why, state=payment.state, allowedActions=actions)


def _named(operations: Sequence[ShadowOperation], name: str) -> ShadowOperation:
    for operation in operations:
        if operation.id == name:
            return operation
    raise InvalidRequest(FieldError("operationId", "write the id of one of this payment's operations"))


def _next(operations: Sequence[ShadowOperation], control: Control) -> ShadowOperation | None:
    known = (each for each in operations if each.control == control)
    missing = (each for each in operations if each.control is None)
    return next(known, None) or next(missing, None)
