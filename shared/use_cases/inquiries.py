"""What became of an operation whose answer was lost: Chase is asked on a schedule; silence never becomes 'failed'."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.payments.errors import ChangedMeanwhile
from shared.payments.facts import scheduled
from shared.payments.inquiry import EMPTIES_NEEDED, MADE_BY_THE_TASK, OnNotFound, confirm_again_s, offset_s
from shared.payments.not_found import not_found, pause_s
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import Inquiry, NoAnswer, NothingFound
from shared.payments.payment import Operation, Payment
from shared.payments.requests import merchant_of
from shared.use_cases.captures import Captures
from shared.use_cases.holding import Held, nothing_is_held
from shared.use_cases.occasions import Occasions
from shared.use_cases.ports import Outside
from shared.use_cases.positive_control import PositiveControl
from shared.use_cases.recording import Recording

ACTOR = "inquiry"


class Inquiries:
    """Asks Chase about operations: on the schedule (`follow`, `inquire`), or when a person looks (`look`)."""

    def __init__(
        self, outside: Outside, recording: Recording, *, on_not_found: OnNotFound, held: Held = nothing_is_held
    ) -> None:
        self._payments, self._chase = outside.payments, outside.chase
        self._clock, self._pace, self._telemetry = outside.clock, outside.pace, outside.telemetry
        self._recording, self._on_not_found, self._held = recording, on_not_found, held
        self._control, self._occasions = PositiveControl(outside), Occasions(outside)
        self._captures = Captures(outside, recording)

    async def follow(self, payment: Payment, operation_id: str) -> None:
        """The first inquiries of the schedule, made by the operation's own task while its process lives."""
        for _ in range(MADE_BY_THE_TASK):
            operation = payment.operation(operation_id)
            if operation.state is not OperationState.UNKNOWN or operation.inquire_at is None:
                return
            await self._clock.sleep_until(operation.inquire_at)
            payment = await self.inquire(payment, operation)

    async def due(self, payment: Payment) -> Payment:
        """One inquiry about each operation of the payment that is due for one."""
        now = self._clock.now()
        for operation in payment.operations:
            if operation.inquire_at is not None and operation.inquire_at <= now:
                payment = await self.inquire(payment, payment.operation(operation.id))
        return payment

    async def inquire(self, payment: Payment, operation: Operation) -> Payment:
        """
        One inquiry, taken by moving the schedule on before Chase is asked: a crash in between costs one inquiry.

        The payment as it is afterwards; unchanged if somebody else took this inquiry, or while inquiries are held.
        """
        if await self._held():
            return payment
        taken = await self._taken(payment, operation)
        if taken is None:
            return await self._recording.again(payment)
        asked_at, asked = self._clock.now(), taken.operation(operation.id)
        answer = await self._asked(taken, asked)
        if isinstance(answer, NothingFound):
            return await self._counted(taken, asked, asked_at)
        return await self._learned(taken, asked, answer)

    async def look(self, payment: Payment) -> Payment:
        """
        Ask now, beside the schedule, about what is unknown, or whether an authorization was captured.

        What is found is adopted; nothing found neither counts nor moves anything.
        """
        operation = payment.unresolved or payment.sale
        if operation.state not in (OperationState.UNKNOWN, OperationState.SUCCEEDED):
            return payment
        if operation.state is OperationState.SUCCEEDED and not self._captures.is_about(payment, operation):
            return payment
        answer = await self._asked(payment, operation)
        return payment if isinstance(answer, NothingFound) else await self._learned(payment, operation, answer)

    async def _asked(self, payment: Payment, operation: Operation) -> Inquiry:
        answer = await self._question(payment, operation)
        told = {"paymentId": payment.id, "operation": operation.kind, "answer": type(answer).__name__}
        self._telemetry.event("inquiry.answered", **told)
        self._telemetry.count("inquiries.answered", answer=type(answer).__name__)
        return answer

    async def _question(self, payment: Payment, operation: Operation) -> Inquiry:
        if operation.kind is OperationKind.REFUND:
            return await self._chase.find_refund(operation.request_id, merchant_of(payment))
        if self._captures.is_about(payment, operation):
            return await self._captures.ask(payment)
        return await self._chase.find_sale(operation.request_id, merchant_of(payment))

    async def _taken(self, payment: Payment, operation: Operation) -> Payment | None:
        pause = _pause_s(operation)
        at = None if pause is None else self._clock.after(pause)
        moved = replace(operation, inquiries=operation.inquiries + 1, inquire_at=at)
        return await self._scheduled(payment, operation, moved)

    async def _scheduled(self, payment: Payment, before: Operation, after: Operation) -> Payment | None:
        if not await self._payments.schedule(before, after):
            return None
        others = tuple(after if known.id == after.id else known for known in payment.operations)
        return replace(payment, operations=others)

    async def _learned(self, payment: Payment, operation: Operation, answer: Inquiry) -> Payment:
        if isinstance(answer, NoAnswer | NothingFound):
            return payment
        if self._captures.is_about(payment, operation):
            return await self._captures.learned(payment, operation, answer, actor=ACTOR)
        self._control.found(operation.kind, payment.merchant_id)
        return await self._recording.record(payment, operation, answer, actor=ACTOR)

    async def _counted(self, payment: Payment, operation: Operation, asked_at: datetime) -> Payment:
        """Nothing was found: does that count, and is it enough?"""
        counts_from = operation.claimed_at + timedelta(seconds=self._pace.empty_counts_after_s)
        is_lost = operation.state is OperationState.UNKNOWN and operation.kind is not OperationKind.VOID
        if not is_lost or asked_at < counts_from:
            return payment
        if not await self._control.holds(operation.kind, payment.merchant_id):
            self._telemetry.alarm("inquiry.positive_control_failed", paymentId=payment.id, operation=operation.kind)
            return payment
        counted = replace(operation, empties=operation.empties + 1)
        stored = await self._scheduled(payment, operation, counted)
        if stored is None:
            # Somebody else has learned more meanwhile: what was not found does not count any more.
            return await self._recording.again(payment)
        if counted.empties < EMPTIES_NEEDED:
            return stored
        if counted.empties == EMPTIES_NEEDED:
            told = {"paymentId": payment.id, "operation": operation.kind, "requestId": operation.request_id}
            self._telemetry.alarm("inquiry.nothing_found", **told)
        # With every further one too: a crash between the count and the step must not leave it undone for ever.
        return await self._not_there(stored, counted)

    async def _not_there(self, payment: Payment, operation: Operation) -> Payment:
        """ON_NOT_FOUND. A sale whose instrument is not kept is its caller's to send again: the same key brings it."""
        occasion = self._occasions.now(operation.attempts)
        try:
            if self._on_not_found is OnNotFound.FAIL:
                failed = not_found(payment, operation, occasion=occasion, actor=ACTOR)
                return await self._recording.step(payment, failed)
            is_ours_to_send = operation.kind is OperationKind.REFUND or payment.instrument_kept
            is_resent = self._on_not_found is OnNotFound.RESEND_SAME_REQUEST_ID and operation.send_at is None
            if is_resent and is_ours_to_send:
                again = scheduled(payment, replace(operation, send_at=occasion.now), now=occasion.now)
                return await self._recording.step(payment, again)
        except ChangedMeanwhile:
            return await self._recording.again(payment)
        return payment


def _pause_s(operation: Operation) -> float | None:
    """From the inquiry that is due to the next; None where there is none."""
    asked = operation.inquiries
    if operation.state is OperationState.UNKNOWN:
        return offset_s(asked + 1) - offset_s(asked)
    return confirm_again_s(asked) if operation.state is OperationState.SUCCEEDED else pause_s(asked)
