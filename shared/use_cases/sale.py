"""
Take a payment: commit 1 (the intent), then charge it (charging.py), in a task that a caller's hang-up does not end.

What may happen to the same key, or the same bill, is decided by the database's unique keys, not by a look first.
"""

import asyncio
from dataclasses import dataclass, replace

from shared.payments.errors import (
    BillOpen,
    ChangedMeanwhile,
    DecisionMade,
    FieldError,
    IdempotencyInProgress,
    InvalidRequest,
    KeyTaken,
    NotLive,
    PaymentUnresolved,
    RetryBlocked,
)
from shared.payments.inquiry import EMPTIES_NEEDED, SEND_WITHIN_S, OnNotFound
from shared.payments.lifecycle import live_disabled, reclaimed, submitted_sale, unsent
from shared.payments.payment import Payment
from shared.payments.requests import Merchant, SaleRequest, kept_of
from shared.payments.sale_attempts import Attempt
from shared.payments.sale_rules import problems_of
from shared.payments.state_machine import State
from shared.shadow.document import Mode
from shared.shadow.stored_decision import StoredDecision, Terms
from shared.use_cases.admission import Admission
from shared.use_cases.calls import LeftToExisting, SaleAnswer, SaleCall
from shared.use_cases.charging import Charging
from shared.use_cases.network_rules import NetworkRules
from shared.use_cases.ports import Outside
from shared.use_cases.sale_rollout import SaleRollout
from shared.use_cases.shadow_intake import ShadowIntake
from shared.use_cases.standing import IN_PROGRESS_RETRY_AFTER_S, of_the_same_body

Answer = SaleAnswer | LeftToExisting


class Sale:
    """`answer_within_s` bounds how long a caller waits; the work itself goes on. `shadow` None: it is not set up."""

    def __init__(
        self,
        outside: Outside,
        charging: Charging,
        rollout: SaleRollout,
        shadow: ShadowIntake | None,
        *,
        answer_within_s: float,
        admission: Admission,
        on_not_found: OnNotFound,
    ) -> None:
        self._payments, self._merchants, self._charging = outside.payments, outside.merchants, charging
        self._clock, self._identifiers, self._tasks = outside.clock, outside.identifiers, outside.tasks
        self._answer_within_s, self._on_not_found = answer_within_s, on_not_found
        self._rules, self._rollout, self._shadow = NetworkRules(outside), rollout, shadow
        self._admission = admission

    async def take(self, call: SaleCall) -> Answer:
        """
        Charge the payer once, however often this is called with the same key; or leave it to the existing processor.

        Answers within `answer_within_s`, with the payment as it then is; the work goes on. Raises InvalidRequest,
        Unauthenticated (nonce), IdempotencyInProgress, IdempotencyKeyReused, PaymentUnresolved, DecisionRequired or
        DecisionExpired. To be called in a place of `admission`, which a sale that goes on keeps.
        """
        try:
            merchant = self._checked(call.request)
        except InvalidRequest as refused:
            return await self._known_before(call, refused)
        progress = _Progress(call, merchant)
        task = self._tasks.start(self._begin(progress))
        try:
            await asyncio.wait({task}, timeout=self._answer_within_s)
        finally:
            if not task.done():
                self._admission.outlived_by(task)
        if task.done():
            answer: Answer = task.result()
            return answer
        if progress.payment is None:
            raise IdempotencyInProgress(retry_after_s=IN_PROGRESS_RETRY_AFTER_S)
        return SaleAnswer(progress.payment)

    def _checked(self, request: SaleRequest) -> Merchant:
        merchant = self._merchants.get(request.biller_id)
        if merchant is None:
            raise InvalidRequest(FieldError("billerId", "is not a biller that we charge for"))
        if problems := problems_of(request, merchant, self._clock.now()):
            raise InvalidRequest(*problems)
        return merchant

    async def _known_before(self, call: SaleCall, refused: InvalidRequest) -> SaleAnswer:
        """A card may expire, or a biller leave, after its sale: the key still stands for what was done under it."""
        if await self._payments.by_key(call.caller, call.idempotency_key, None) is None:
            raise refused
        payment = await self._standing(call)
        if payment is None or (payment.state is State.RECEIVED and payment.sale.send_at is None):
            raise refused
        return SaleAnswer(payment, replayed=True)

    async def _begin(self, progress: "_Progress") -> Answer:
        progress.send_before_s = self._clock.boot_s() + SEND_WITHIN_S
        terms = await self._rollout.terms(progress.call.attempt)
        try:
            if isinstance(terms, StoredDecision) and terms.mode is not Mode.LIVE:
                return await self._left(progress, terms)
            return await self._live(progress, terms)
        except DecisionMade:
            # Decided before, though none was required: what was decided holds.
            return await self._live(progress, progress.call.attempt)

    async def _live(self, progress: "_Progress", terms: Terms) -> Answer:
        call, payment = progress.call, self._intent(progress)
        attempt = self._rules.attempt(call.request, payment)
        try:
            await self._payments.begin_sale(payment, call.body.fingerprint, call.nonce, attempt, terms)
        except KeyTaken:
            return await self._repeated(progress, payment)
        except BillOpen:
            return await self._refused(progress, payment)
        except NotLive:
            return await self._not_live(progress, payment)
        except RetryBlocked:
            assert attempt is not None, "nothing else is refused so"
            return await self._blocked(progress, payment, attempt)
        return await self._charge(progress, payment)

    async def _left(self, progress: "_Progress", made: StoredDecision) -> Answer:
        """To the existing processor, by a decision that stands, or by one that is to be made."""
        if self._rollout.is_made_before:
            return await self._to_existing(progress, made)
        if made.mode is Mode.SHADOW and self._shadow is not None and self._shadow.takes(progress.call):
            try:
                return await self._shadow.sale(progress.call, made=made)
            except KeyTaken:
                return await self._repeated(progress, None)
            except DecisionMade:
                pass
        # It is kept though nothing else is: what was left to the existing processor once is never sold here later.
        standing = await self._rollout.make(made)
        if standing.mode is Mode.LIVE:
            return await self._live(progress, progress.call.attempt)
        return await self._to_existing(progress, standing)

    async def _to_existing(self, progress: "_Progress", standing: StoredDecision) -> Answer:
        if standing.mode is Mode.OFF:
            return LeftToExisting(Mode.OFF)
        if self._shadow is None:
            return LeftToExisting(Mode.SHADOW, recorded=False)
        if not self._shadow.takes(progress.call):
            return await self._not_taken(progress, self._shadow)
        try:
            return await self._shadow.sale(progress.call, made=None)
        except KeyTaken:
            return await self._repeated(progress, None)

    async def _not_taken(self, progress: "_Progress", shadow: ShadowIntake) -> Answer:
        call = progress.call
        if await self._payments.by_key(call.caller, call.idempotency_key, None) is not None:
            return await self._repeated(progress, None)
        return shadow.lost(call)

    async def _not_live(self, progress: "_Progress", intent: Payment) -> Answer:
        call = progress.call
        standing = await self._rollout.standing(call.attempt)
        if standing.mode is not Mode.LIVE:
            return await self._to_existing(progress, standing)
        ended = live_disabled(unsent(intent), actor=call.caller, now=self._clock.now())
        try:
            await self._payments.begin_sale(ended, call.body.fingerprint, call.nonce)
        except KeyTaken:
            return await self._repeated(progress, intent)
        return SaleAnswer(ended)

    async def _blocked(self, progress: "_Progress", intent: Payment, attempt: Attempt) -> Answer:
        """A rule of the network does not let it leave: that is stored under the key, and told for ever."""
        call = progress.call
        ended = await self._rules.blocked(unsent(intent), attempt, actor=call.caller)
        try:
            await self._payments.begin_sale(ended, call.body.fingerprint, call.nonce)
        except KeyTaken:
            return await self._repeated(progress, intent)
        return SaleAnswer(ended)

    async def _refused(self, progress: "_Progress", payment: Payment) -> Answer:
        call = progress.call
        try:
            other = await self._payments.refuse(payment, call.body.fingerprint, call.nonce)
        except KeyTaken:
            return await self._repeated(progress, payment)
        raise PaymentUnresolved(other)

    def _intent(self, progress: "_Progress") -> Payment:
        call = progress.call
        return submitted_sale(
            call.request,
            kept_of(call.request.method),
            progress.merchant,
            payment_id=self._identifiers.payment(),
            operation_id=self._identifiers.operation(),
            caller=call.caller,
            idempotency_key=call.idempotency_key,
            now=self._clock.now(),
        )

    async def _repeated(self, progress: "_Progress", intent: Payment | None) -> Answer:
        payment = await self._standing(progress.call, intent)
        if payment is None:
            assert intent is not None, "the key stands for nothing else"
            # Our own commit 1, whose acknowledgement was lost on a reconnect.
            return await self._charge(progress, intent)
        if payment.mode == "shadow":
            return await self._repeated_in_shadow(progress.call, payment)
        if self._may_be_sent_again(payment):
            return await self._send_again(progress, payment)
        return SaleAnswer(payment, replayed=True)

    async def _repeated_in_shadow(self, call: SaleCall, payment: Payment) -> SaleAnswer:
        if self._shadow is None:
            return SaleAnswer(payment, replayed=True)
        return await self._shadow.repeated(payment, call.control)

    async def _standing(self, call: SaleCall, intent: Payment | None = None) -> Payment | None:
        """
        The payment that the key stands for; None if that is `intent` itself, stored and not yet sent.

        Raises IdempotencyKeyReused, PaymentUnresolved, or IdempotencyInProgress while another call works on it.
        """
        known = await self._payments.by_key(call.caller, call.idempotency_key, call.nonce)
        if known is None:
            raise IdempotencyInProgress(retry_after_s=IN_PROGRESS_RETRY_AFTER_S)
        payment = of_the_same_body(known, call.body)
        if payment.state is not State.SUBMITTED or payment.mode == "shadow":
            return payment
        if intent is not None and payment.id == intent.id:
            return None
        raise IdempotencyInProgress(retry_after_s=IN_PROGRESS_RETRY_AFTER_S, paymentId=payment.id)

    def _may_be_sent_again(self, payment: Payment) -> bool:
        if payment.state is State.UNKNOWN:
            asked_enough = payment.sale.empties >= EMPTIES_NEEDED
            return asked_enough and self._on_not_found is OnNotFound.RESEND_SAME_REQUEST_ID
        # What waits with us is sent by us: the instrument of a card or wallet alone comes from the caller again.
        return payment.state is State.RECEIVED and payment.sale.send_at is None

    async def _send_again(self, progress: "_Progress", payment: Payment) -> SaleAnswer:
        # Chase knows the earlier attempt under the merchant id of its day; under another it would take a second one.
        progress.merchant = replace(progress.merchant, merchant_id=payment.merchant_id)
        progress.send_before_s = self._clock.boot_s() + SEND_WITHIN_S
        call = progress.call
        try:
            if payment.state is State.RECEIVED and await self._rollout.is_switched_off():
                return await self._switched_off(call, payment)
            claimed = reclaimed(payment, payment.sale, actor=call.caller, now=self._clock.now())
            claimed = await self._rules.claim_again(payment, claimed, call.request, actor=call.caller)
        except ChangedMeanwhile:
            raise IdempotencyInProgress(retry_after_s=IN_PROGRESS_RETRY_AFTER_S, paymentId=payment.id) from None
        if claimed.state is not State.SUBMITTED:
            return SaleAnswer(claimed)
        return await self._charge(progress, claimed)

    async def _switched_off(self, call: SaleCall, payment: Payment) -> SaleAnswer:
        """Nothing of it ever left, and nothing will: its caller may use the existing processor."""
        ended = live_disabled(payment, actor=call.caller, now=self._clock.now())
        await self._payments.save(payment, ended)
        return SaleAnswer(ended)

    async def _charge(self, progress: "_Progress", payment: Payment) -> SaleAnswer:
        progress.payment = payment
        request, merchant = progress.call.request, progress.merchant
        charged = await self._charging.charge(request, payment, merchant, send_before_s=progress.send_before_s)
        return SaleAnswer(charged)


@dataclass(slots=True)
class _Progress:
    """How far a call has come: `payment` stands once commit 1 is made, for an answer that cannot wait."""

    call: SaleCall
    merchant: Merchant
    send_before_s: float = 0.0
    payment: Payment | None = None
