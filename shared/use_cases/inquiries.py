"""What became of a sale whose answer was lost: Chase is asked on a schedule, and silence never becomes 'failed'."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.payments.inquiry import EMPTIES_NEEDED, MADE_BY_THE_TASK, POSITIVE_CONTROL_FOR_S, offset_s
from shared.payments.outcome import Inquiry, NoAnswer, NothingFound
from shared.payments.payment import Payment
from shared.payments.state_machine import State
from shared.use_cases.ports import Outside
from shared.use_cases.recording import Recording


class PositiveControl:
    """Has the look-up lately found something that is known to be there? Else 'nothing there' proves nothing."""

    def __init__(self, outside: Outside) -> None:
        self._payments, self._chase = outside.payments, outside.chase
        self._merchants, self._clock = outside.merchants, outside.clock
        self._found_at: datetime | None = None

    def found(self) -> None:
        """An inquiry has just found its payment: that vouches for the look-up as well as any control."""
        self._found_at = self._clock.now()

    async def holds(self) -> bool:
        if self._found_at and self._clock.now() - self._found_at < timedelta(seconds=POSITIVE_CONTROL_FOR_S):
            return True
        known = await self._payments.latest_approved()
        if known is None or known.biller_id not in self._merchants:
            return False
        answer = await self._chase.find_sale(known.sale.request_id, self._merchants[known.biller_id])
        if isinstance(answer, NothingFound | NoAnswer):
            return False
        self.found()
        return True


class Inquiries:
    """Asks Chase about unknown sales: on the schedule (`follow`), or when somebody asks (`inquire`)."""

    def __init__(self, outside: Outside, recording: Recording) -> None:
        self._payments, self._chase, self._merchants = outside.payments, outside.chase, outside.merchants
        self._clock, self._pace, self._telemetry = outside.clock, outside.pace, outside.telemetry
        self._recording, self._control = recording, PositiveControl(outside)

    async def follow(self, payment: Payment) -> None:
        """The first inquiries of the schedule, made by the sale's own task while its process lives."""
        for _ in range(MADE_BY_THE_TASK):
            if payment.state is not State.UNKNOWN or payment.sale.inquire_at is None:
                return
            await self._clock.sleep_until(payment.sale.inquire_at)
            payment = await self.inquire(payment)

    async def inquire(self, payment: Payment) -> Payment:
        """
        One inquiry, taken by moving the schedule on before Chase is asked: a crash in between costs one inquiry.

        The payment as it is afterwards; unchanged if somebody else took this inquiry.
        """
        taken = await self._taken(payment)
        if taken is None:
            return await self._payments.get(payment.id) or payment
        asked_at = self._clock.now()
        answer = await self._chase.find_sale(taken.sale.request_id, self._merchants[taken.biller_id])
        self._telemetry.event("inquiry.answered", paymentId=taken.id, answer=type(answer).__name__)
        return await self._learned(taken, answer, asked_at)

    async def _taken(self, payment: Payment) -> Payment | None:
        sale = payment.sale
        pause_s = offset_s(sale.inquiries + 1) - offset_s(sale.inquiries)
        moved = replace(sale, inquiries=sale.inquiries + 1, inquire_at=self._clock.after(pause_s))
        if not await self._payments.schedule(sale, moved):
            return None
        return replace(payment, operations=(moved, *payment.operations[1:]))

    async def _learned(self, payment: Payment, answer: Inquiry, asked_at: datetime) -> Payment:
        if isinstance(answer, NoAnswer):
            return payment
        if isinstance(answer, NothingFound):
            return await self._counted(payment, asked_at)
        self._control.found()
        return await self._recording.record(payment, answer, actor="inquiry")

    async def _counted(self, payment: Payment, asked_at: datetime) -> Payment:
        sale = payment.sale
        if asked_at < sale.claimed_at + timedelta(seconds=self._pace.empty_counts_after_s):
            return payment
        if not await self._control.holds():
            self._telemetry.alarm("inquiry.positive_control_failed", paymentId=payment.id)
            return payment
        counted = replace(sale, empties=sale.empties + 1)
        await self._payments.schedule(sale, counted)
        if counted.empties == EMPTIES_NEEDED:
            self._telemetry.alarm("inquiry.nothing_found", paymentId=payment.id, requestId=sale.request_id)
        return replace(payment, operations=(counted, *payment.operations[1:]))
