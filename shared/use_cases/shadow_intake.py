"""
Taking what is in shadow: one commit, no call to Chase, and never the payer's own instrument.

A payer's data ends here: what is stored, and later mirrored, is made with Chase's public test instruments.
"""

from collections.abc import Mapping

from shared.payments.errors import ChangedMeanwhile, InvalidState, KeyTaken
from shared.payments.messages import Message, Queue
from shared.payments.operations import OperationKind
from shared.payments.payment import Operation, Payment
from shared.payments.requests import Merchant, SaleRequest, kept_of
from shared.shadow.document import Mode
from shared.shadow.evidence import Stratum
from shared.shadow.operations import ShadowOperation, mirrored, shadow_sale
from shared.shadow.pair import Control
from shared.shadow.stored_decision import StoredDecision
from shared.shadow.substitution import substitute_request
from shared.use_cases.calls import FollowUpAnswer, FollowUpCall, LeftToExisting, SaleAnswer, SaleCall
from shared.use_cases.ports import Outside
from shared.use_cases.publishing import Publishing
from shared.use_cases.shadow_backlog import ShadowBacklog
from shared.use_cases.standing import standing

_ROUNDS_MAX = 5


class ShadowIntake:
    """`merchants` are the test merchants, by biller: of one that has none nothing is recorded."""

    def __init__(
        self, outside: Outside, publishing: Publishing, backlog: ShadowBacklog, merchants: Mapping[str, Merchant]
    ) -> None:
        self._payments, self._clock, self._identifiers = outside.payments, outside.clock, outside.identifiers
        self._publishing, self._store = publishing, outside.shadow
        self._backlog, self._merchants = backlog, merchants

    def takes(self, call: SaleCall) -> bool:
        """Whether a new sale would be kept: its biller has a test merchant, and the backlog has room."""
        return call.request.biller_id in self._merchants and self._backlog.has_room()

    def lost(self, call: SaleCall) -> LeftToExisting:
        """A sale that is not taken: nothing is kept of it but a count."""
        request = call.request
        self._backlog.lost(Stratum(request.biller_id, kept_of(request.method).type, OperationKind.SALE))
        return LeftToExisting(Mode.SHADOW, recorded=False)

    async def close(self) -> None:
        """Keep what is only counted yet; nothing follows."""
        await self._backlog.close()

    async def sale(self, call: SaleCall, *, made: StoredDecision | None) -> SaleAnswer:
        """
        The payment, to be mirrored later, of a call that it `takes`. `made` is a decision that this commit is to make.

        Raises KeyTaken, DecisionMade or Unauthenticated (nonce seen before); then nothing is stored.
        """
        request = substitute_request(call.request)
        payment = self._payment(call, request, self._merchants[request.biller_id])
        operation = mirrored(payment, payment.sale, sequence=1, request=request, control=call.control)
        messages = await self._store.begin(payment, operation, call.body.fingerprint, call.nonce, made)
        self._backlog.took()
        self._publishing.soon(messages)
        return SaleAnswer(payment)

    async def repeated(self, payment: Payment, control: Control | None) -> SaleAnswer:
        """The payment that the key stands for; a control that is told only now is kept."""
        if control is not None:
            await self._store.report(payment.sale.id, control, None, self._clock.now())
        return SaleAnswer(payment, replayed=True)

    async def follow_up(
        self, call: FollowUpCall, kind: OperationKind, payment: Payment, amount_minor: int | None
    ) -> FollowUpAnswer:
        """
        A void or refund takes its place behind what waits already, in whatever state the payment is.

        Raises InvalidState after too many rounds, and for the key what a sale raises.
        """
        for _ in range(_ROUNDS_MAX):
            operation = self._following(call, kind, payment, amount_minor)
            message = _message(operation)
            try:
                await self._store.follow(operation, call.idempotency_key, call.body.fingerprint, call.nonce, message)
            except KeyTaken:
                known = (call.caller, call.idempotency_key, call.body, call.nonce)
                return await self.replayed(*await standing(self._payments, *known), call.control)
            except ChangedMeanwhile:
                continue
            self._publishing.soon([message])
            return FollowUpAnswer(payment, None)
        raise InvalidState("the payment keeps changing: repeat it", retry_after_s=1)

    async def replayed(self, payment: Payment, operation_id: str, control: Control | None) -> FollowUpAnswer:
        """What was asked for under the key before; a control that is told only now is kept."""
        if control is not None:
            await self._store.report(operation_id, control, None, self._clock.now())
        return FollowUpAnswer(payment, _among(payment, operation_id), replayed=True)

    def _payment(self, call: SaleCall, request: SaleRequest, merchant: Merchant) -> Payment:
        return shadow_sale(
            request,
            kept_of(request.method),
            merchant,
            payment_id=self._identifiers.payment(),
            operation_id=self._identifiers.operation(),
            caller=call.caller,
            idempotency_key=call.idempotency_key,
            now=self._clock.now(),
        )

    def _following(
        self, call: FollowUpCall, kind: OperationKind, payment: Payment, amount_minor: int | None
    ) -> ShadowOperation:
        return ShadowOperation(
            id=self._identifiers.operation(),
            payment_id=payment.id,
            sequence=0,
            kind=kind,
            biller_id=payment.biller_id,
            method=payment.method.type,
            reference=payment.reference,
            actor=call.caller,
            created_at=self._clock.now(),
            amount_minor=amount_minor,
            reason=call.reason,
            control=call.control,
        )


def _message(operation: ShadowOperation) -> Message:
    ids = {"paymentId": operation.payment_id, "operationId": operation.id}
    return Message(Queue.SHADOW_MIRROR, ids, operation.created_at)


def _among(payment: Payment, operation_id: str) -> Operation | None:
    """The operation, once its turn has come; None while it waits for it."""
    return next((each for each in payment.operations if each.id == operation_id), None)
