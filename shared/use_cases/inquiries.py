"""What became of a sale whose answer was lost: Chase is asked on a schedule, and silence never becomes 'failed'."""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.payments.inquiry import EMPTIES_NEEDED, MADE_BY_THE_TASK, POSITIVE_CONTROL_FOR_S, offset_s
from shared.payments.outcome import Inquiry, NoAnswer, NothingFound
from shared.payments.payment import Payment
from shared.payments.requests import merchant_of
from shared.payments.state_machine import State
from shared.use_cases.ports import Outside
from shared.use_cases.recording import Recording


class PositiveControl:
    """
    Has the look-up lately found something that is known to be there? Else 'nothing there' proves nothing.

    Asked per merchant id: one that is wrong would find nothing either, while another's payments are found.
    """

    def __init__(self, outside: Outside) -> None:
        self._payments, self._chase, self._clock = outside.payments, outside.chase, outside.clock
        self._found_at: dict[str, datetime] = {}

    def found(self, payment: Payment) -> None:
        """An inquiry has just found its payment: that vouches for the look-up as well as any control."""
        self._found_at[payment.merchant_id] = self._clock.now()

    async def holds(self, merchant_id: str) -> bool:
        found_at = self._found_at.get(merchant_id)
        if found_at and self._clock.now() - found_at < timedelta(seconds=POSITIVE_CONTROL_FOR_S):
            return True
        known = await self._payments.latest_approved(merchant_id)
        if known is None:
            return False
        answer = await self._chase.find_sale(known.sale.request_id, merchant_of(known))
        if isinstance(answer, NothingFound | NoAnswer):
            return False
        self.found(known)
        return True


class Inquiries:
    """Asks Chase about unknown sales: on the schedule (`follow`, `inquire`), or when a person looks (`look`)."""

    def __init__(self, outside: Outside, recording: Recording) -> None:
        self._payments, self._chase = outside.payments, outside.chase
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
        answer = await self._asked(taken)
        if isinstance(answer, NothingFound):
            return await self._counted(taken, asked_at)
        return await self._learned(taken, answer)

    async def look(self, payment: Payment) -> Payment:
        """Ask now, beside the schedule: what is found is adopted; nothing found neither counts nor moves anything."""
        return await self._learned(payment, await self._asked(payment))

    async def _asked(self, payment: Payment) -> Inquiry:
        answer = await self._chase.find_sale(payment.sale.request_id, merchant_of(payment))
        self._telemetry.event("inquiry.answered", paymentId=payment.id, answer=type(answer).__name__)
        return answer

    async def _taken(self, payment: Payment) -> Payment | None:
        sale = payment.sale
        pause_s = offset_s(sale.inquiries + 1) - offset_s(sale.inquiries)
        moved = replace(sale, inquiries=sale.inquiries + 1, inquire_at=self._clock.after(pause_s))
        if not await self._payments.schedule(sale, moved):
            return None
        return replace(payment, operations=(moved, *payment.operations[1:]))

    async def _learned(self, payment: Payment, answer: Inquiry) -> Payment:
        if isinstance(answer, NoAnswer | NothingFound):
            return payment
        self._control.found(payment)
        return await self._recording.record(payment, answer, actor="inquiry")

    async def _counted(self, payment: Payment, asked_at: datetime) -> Payment:
        sale = payment.sale
        if asked_at < sale.claimed_at + timedelta(seconds=self._pace.empty_counts_after_s):
            return payment
        if not await self._control.holds(payment.merchant_id):
            self._telemetry.alarm("inquiry.positive_control_failed", paymentId=payment.id)
            return payment
        counted = replace(sale, empties=sale.empties + 1)
        await self._payments.schedule(sale, counted)
        if counted.empties == EMPTIES_NEEDED:
            self._telemetry.alarm("inquiry.nothing_found", paymentId=payment.id, requestId=sale.request_id)
        return replace(payment, operations=(counted, *payment.operations[1:]))
