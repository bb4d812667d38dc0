"""
What void and refund have in common: a claim without a look first, then Chase, in a task that a hang-up does not end.

If the database refuses the claim, the payment is read to say why; an operation whose answer was lost is asked about
once, for it may be in the way no longer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from shared.payments.claims import Claim
from shared.payments.errors import ChangedMeanwhile, IdempotencyInProgress, InvalidState, KeyTaken
from shared.payments.ids import chase_request_id
from shared.payments.inquiry import SEND_WITHIN_S
from shared.payments.next_step import VOID_CUT_OFF_S, allowed_actions, retry_after_s
from shared.payments.operations import OperationKind, OperationState
from shared.payments.payment import Operation, Payment
from shared.use_cases.calls import FollowUpAnswer, FollowUpCall
from shared.use_cases.following_up import FollowingUp
from shared.use_cases.inquiries import Inquiries
from shared.use_cases.own_payment import own_payment
from shared.use_cases.ports import Outside
from shared.use_cases.shadow_intake import ShadowIntake
from shared.use_cases.standing import IN_PROGRESS_RETRY_AFTER_S, standing

_ROUNDS_MAX: Final = 3


Otherwise = Callable[[Payment], Awaitable[FollowUpAnswer | None]]
"""What a verb does where the payment does not allow the claim: an answer, None to be refused, or its own error."""


class AskingFor:
    """`answer_within_s` bounds how long a caller waits; the work itself goes on."""

    def __init__(
        self,
        outside: Outside,
        following_up: FollowingUp,
        inquiries: Inquiries,
        shadow: ShadowIntake | None,
        *,
        answer_within_s: float,
    ) -> None:
        self._payments, self._clock, self._tasks = outside.payments, outside.clock, outside.tasks
        self._identifiers, self._answer_within_s = outside.identifiers, answer_within_s
        self._following_up, self._inquiries, self._shadow = following_up, inquiries, shadow

    async def ask(
        self, call: FollowUpCall, kind: OperationKind, otherwise: Otherwise, *, amount_minor: int | None = None
    ) -> FollowUpAnswer:
        """
        Claim `kind` and ask Chase for it, once, however often this is called with the same key.

        Raises NotFound, InvalidState, IdempotencyInProgress, IdempotencyKeyReused, Unauthenticated (nonce), and what
        `otherwise` raises.
        """
        for looked in range(_ROUNDS_MAX):
            send_before_s = self._clock.boot_s() + SEND_WITHIN_S
            claim = self._claim(call, kind, amount_minor)
            try:
                payment = await self._payments.claim(claim)
            except KeyTaken:
                return await self.replayed(call)
            except ChangedMeanwhile:
                payment = await own_payment(self._payments, call.payment_id, call.billers)
                if payment.mode == "shadow" and self._shadow is not None:
                    return await self._shadow.follow_up(call, kind, payment, amount_minor)
                answer = await self._refused(payment, otherwise, has_looked=looked > 0)
                if answer is not None:
                    return answer
                continue
            return await self._sent(payment, claim.operation_id, send_before_s)
        raise InvalidState("the payment keeps changing: repeat it", retry_after_s=IN_PROGRESS_RETRY_AFTER_S)

    async def replayed(self, call: FollowUpCall) -> FollowUpAnswer:
        """What was asked for under the key before. Raises IdempotencyInProgress while it is being sent."""
        known = (call.caller, call.idempotency_key, call.body, call.nonce)
        payment, operation_id = await standing(self._payments, *known)
        if payment.mode == "shadow" and self._shadow is not None:
            return await self._shadow.replayed(payment, operation_id, call.control)
        operation = payment.operation(operation_id)
        if operation.state is OperationState.SUBMITTED:
            raise IdempotencyInProgress(retry_after_s=IN_PROGRESS_RETRY_AFTER_S, paymentId=payment.id)
        return FollowUpAnswer(payment, operation, replayed=True)

    def operation(self, call: FollowUpCall, kind: OperationKind, payment: Payment) -> Operation:
        """An operation of that kind for the whole payment, not claimed yet."""
        claim = self._claim(call, kind, None)
        return Operation(
            id=claim.operation_id,
            kind=kind,
            state=OperationState.QUEUED,
            amount=payment.amount,
            request_id=claim.request_id,
            created_at=claim.now,
            claimed_at=claim.now,
            actor=call.caller,
            reason=call.reason,
        )

    async def _refused(self, payment: Payment, otherwise: Otherwise, *, has_looked: bool) -> FollowUpAnswer | None:
        """Why the claim was refused, as an error or as the verb's own answer; None: it is worth another try."""
        try:
            if (answer := await otherwise(payment)) is not None:
                return answer
        except ChangedMeanwhile:
            return None
        unresolved = payment.unresolved
        if not has_looked and unresolved is not None and unresolved.state is OperationState.UNKNOWN:
            payment = await self._inquiries.look(payment)
            if payment.unresolved is None:
                return None
        now = self._clock.now()
        raise InvalidState(
            _why(payment),
            retry_after_s=retry_after_s(payment, now),
            state=payment.state,
            allowedActions=allowed_actions(payment, now),
        )

    def _claim(self, call: FollowUpCall, kind: OperationKind, amount_minor: int | None) -> Claim:
        operation_id, now = self._identifiers.operation(), self._clock.now()
        return Claim(
            kind=kind,
            payment_id=call.payment_id,
            operation_id=operation_id,
            request_id=chase_request_id(operation_id),
            billers=call.billers,
            caller=call.caller,
            idempotency_key=call.idempotency_key,
            fingerprint=call.body.fingerprint,
            nonce=call.nonce,
            reason=call.reason,
            now=now,
            captures_after=now + timedelta(seconds=VOID_CUT_OFF_S),
            amount_minor=amount_minor,
        )

    async def _sent(self, payment: Payment, operation_id: str, send_before_s: float) -> FollowUpAnswer:
        operation = payment.operation(operation_id)
        sending = self._following_up.send(payment, operation, send_before_s=send_before_s)
        task = self._tasks.start(sending)
        await asyncio.wait({task}, timeout=self._answer_within_s)
        if task.done():
            payment = task.result()
        return FollowUpAnswer(payment, payment.operation(operation_id))


def _why(payment: Payment) -> str:
    if payment.unresolved is not None:
        return f"the payment's {payment.unresolved.kind} has not ended yet"
    return f"not possible now, for a payment that is {payment.state}"
