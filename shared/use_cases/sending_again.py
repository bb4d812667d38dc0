"""
What waits with us is sent again, under its own request-id: claimed first, so that of two who try only one sends.

What the payment's state does not allow any more is cancelled instead.
"""

from dataclasses import replace
from typing import Final

from shared.payments.beside import Beside, Received
from shared.payments.capture import overtaken
from shared.payments.inquiry import SEND_WITHIN_S
from shared.payments.lifecycle import cancelled, live_disabled, reclaimed, submission_of
from shared.payments.not_found import not_found
from shared.payments.operations import SENDABLE, OperationKind, OperationState
from shared.payments.payment import Operation, Payment
from shared.payments.requests import Merchant, SaleRequest, merchant_of
from shared.payments.state_machine import TRANSITIONS, State
from shared.use_cases.charging import Charging
from shared.use_cases.following_up import FollowingUp
from shared.use_cases.holding import Held, nothing_is_held
from shared.use_cases.network_rules import NetworkRules
from shared.use_cases.occasions import Occasions
from shared.use_cases.ports import Outside
from shared.use_cases.recording import Recording

ACTOR: Final = "chase_retry"


class InstrumentGone(Exception):
    """A sale waits with us, and its instrument does not: a person must look."""


class SendingAgain:
    """`switched_off` says whether live sales are: one of which nothing left is ended then, not sent."""

    def __init__(
        self,
        outside: Outside,
        recording: Recording,
        charging: Charging,
        following_up: FollowingUp,
        switched_off: Held = nothing_is_held,
    ) -> None:
        self._payments, self._clock, self._sealing = outside.payments, outside.clock, outside.sealing
        self._merchants, self._recording, self._shadow = outside.merchants, recording, outside.shadow
        self._charging, self._following_up = charging, following_up
        self._rules, self._occasions = NetworkRules(outside), Occasions(outside)
        self._switched_off = switched_off

    async def send(self, payment: Payment, operation: Operation, *, message: Received | None = None) -> Payment:
        """
        The payment after `operation` was sent; as it is where that does not wait (any more).

        `message` is what asks for it: noted in the claim's own commit. Raises ChangedMeanwhile or AlreadyReceived if
        somebody else sends it; InstrumentGone or CannotOpen for a sale that cannot be sent by us.
        """
        if operation.state not in SENDABLE or operation.send_at is None:
            return payment
        beside = Beside(message=message)
        if (payment.state, submission_of(operation)) not in TRANSITIONS:
            return await self._recording.step(payment, self._ended(payment, operation), beside)
        if await self._is_stopped(payment, operation):
            return await self._recording.step(
                payment, live_disabled(payment, actor=ACTOR, now=self._clock.now()), beside
            )
        request = await self._request(payment) if operation.kind is OperationKind.SALE else None
        send_before_s = self._clock.boot_s() + SEND_WITHIN_S
        claimed = reclaimed(payment, operation, actor=ACTOR, now=self._clock.now())
        if request is not None:
            return await self._sale(payment, claimed, request, beside, send_before_s)
        await self._recording.step(payment, claimed, beside)
        again = claimed.operation(operation.id)
        return await self._following_up.send(claimed, again, send_before_s=send_before_s)

    async def _is_stopped(self, payment: Payment, operation: Operation) -> bool:
        of_sale = operation.kind is OperationKind.SALE and payment.mode == "live"
        return of_sale and payment.state is State.RECEIVED and await self._switched_off()

    async def _sale(
        self, payment: Payment, claimed: Payment, request: SaleRequest, beside: Beside, send_before_s: float
    ) -> Payment:
        claimed = await self._rules.claim_again(payment, claimed, request, actor=ACTOR, beside=beside)
        if claimed.state is not State.SUBMITTED:
            return claimed
        merchant = self._merchant(claimed)
        return await self._charging.charge(request, claimed, merchant, send_before_s=send_before_s)

    def _ended(self, payment: Payment, operation: Operation) -> Payment:
        """Not sent any more. What may have left once is not called unsent: the capture, or Chase's silence, ends it."""
        if operation.state is OperationState.QUEUED:
            return cancelled(payment, operation, actor=ACTOR, now=self._clock.now())
        end = overtaken if operation.kind is OperationKind.VOID else not_found
        return end(payment, operation, occasion=self._occasions.now(operation.attempts), actor=ACTOR)

    async def _request(self, payment: Payment) -> SaleRequest:
        if payment.mode == "shadow":
            mirrored = await self._shadow.request(payment.id)
            assert mirrored is not None, "it was stored in the payment's own commit"
            return mirrored
        sealed = await self._payments.sealed_instrument(payment.id)
        if sealed is None:
            raise InstrumentGone(f"{payment.id} waits to be sent, and its instrument is not kept")
        return self._sealing.open(sealed, payment.id)

    def _merchant(self, payment: Payment) -> Merchant:
        """As settings have it, under the merchant id of the sale: under another Chase would take a second one."""
        known = self._merchants.get(payment.biller_id)
        begun_with = merchant_of(payment)
        if known is None:
            return begun_with
        return replace(known, merchant_id=begun_with.merchant_id, shadow=begun_with.shadow)
