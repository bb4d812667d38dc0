"""Has the look-up lately found something that is known to be there? Else 'nothing there' proves nothing."""

from datetime import datetime, timedelta
from typing import Final

from shared.payments.inquiry import POSITIVE_CONTROL_FOR_S
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import Inquiry, NoAnswer, NothingFound
from shared.payments.payment import Payment
from shared.payments.requests import merchant_of
from shared.use_cases.ports import Outside

_FOR: Final = timedelta(seconds=POSITIVE_CONTROL_FOR_S)


class PositiveControl:
    """
    Asked per merchant id, and for sales and refunds apart: each is looked up in a place of its own.

    A merchant id that is wrong would find nothing either, while another's payments are found.
    """

    def __init__(self, outside: Outside) -> None:
        self._payments, self._chase, self._clock = outside.payments, outside.chase, outside.clock
        self._found_at: dict[tuple[OperationKind, str], datetime] = {}

    def found(self, kind: OperationKind, merchant_id: str) -> None:
        """An inquiry has just found what it asked for: that vouches for the look-up as well as any control."""
        self._found_at[kind, merchant_id] = self._clock.now()

    async def holds(self, kind: OperationKind, merchant_id: str) -> bool:
        found_at = self._found_at.get((kind, merchant_id))
        if found_at and self._clock.now() - found_at < _FOR:
            return True
        answer = await (self._sale(merchant_id) if kind is OperationKind.SALE else self._refund(merchant_id))
        if answer is None or isinstance(answer, NothingFound | NoAnswer):
            return False
        self.found(kind, merchant_id)
        return True

    async def _sale(self, merchant_id: str) -> Inquiry | None:
        known = await self._payments.latest_approved(merchant_id)
        if known is None:
            return None
        return await self._chase.find_sale(known.sale.request_id, merchant_of(known))

    async def _refund(self, merchant_id: str) -> Inquiry | None:
        known = await self._payments.latest_refunded(merchant_id)
        request_id = None if known is None else _refund_of(known)
        if known is None or request_id is None:
            return None
        return await self._chase.find_refund(request_id, merchant_of(known))


def _refund_of(payment: Payment) -> str | None:
    done = OperationKind.REFUND, OperationState.SUCCEEDED
    return next((each.request_id for each in payment.operations if (each.kind, each.state) == done), None)
