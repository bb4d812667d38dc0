"""Each payment to its own Chase: live ones to production's, shadow ones to the test endpoint; there is no other way."""

from typing import Protocol

from shared.payments.outcome import Inquiry, Outcome
from shared.payments.payment import Operation, Payment
from shared.payments.requests import Merchant, SaleRequest


class Client(Protocol):
    """What both sides can do."""

    async def sale(
        self, request: SaleRequest, payment: Payment, merchant: Merchant, *, send_before_s: float
    ) -> Outcome: ...

    async def void(
        self, payment: Payment, operation: Operation, merchant: Merchant, *, send_before_s: float
    ) -> Outcome: ...

    async def refund(
        self, payment: Payment, operation: Operation, merchant: Merchant, *, full: bool, send_before_s: float
    ) -> Outcome: ...

    async def find_sale(self, request_id: str, merchant: Merchant) -> Inquiry: ...

    async def find_refund(self, request_id: str, merchant: Merchant) -> Inquiry: ...

    async def get_payment(self, transaction_id: str, merchant: Merchant) -> Inquiry: ...


class RoutedChase:
    """
    Fits `use_cases.ports.Chase`. A merchant says on which side it is; a payment's mode must say the same.

    Raises ValueError for a payment and a merchant of different sides, or where no shadow is set up: nothing is sent.
    """

    def __init__(self, live: Client, shadow: Client | None) -> None:
        self._live, self._shadow = live, shadow

    async def sale(
        self, request: SaleRequest, payment: Payment, merchant: Merchant, *, send_before_s: float
    ) -> Outcome:
        return await self._of(payment, merchant).sale(request, payment, merchant, send_before_s=send_before_s)

    async def void(
        self, payment: Payment, operation: Operation, merchant: Merchant, *, send_before_s: float
    ) -> Outcome:
        return await self._of(payment, merchant).void(payment, operation, merchant, send_before_s=send_before_s)

    async def refund(
        self, payment: Payment, operation: Operation, merchant: Merchant, *, full: bool, send_before_s: float
    ) -> Outcome:
        client = self._of(payment, merchant)
        return await client.refund(payment, operation, merchant, full=full, send_before_s=send_before_s)

    async def find_sale(self, request_id: str, merchant: Merchant) -> Inquiry:
        return await self._side(merchant).find_sale(request_id, merchant)

    async def find_refund(self, request_id: str, merchant: Merchant) -> Inquiry:
        return await self._side(merchant).find_refund(request_id, merchant)

    async def get_payment(self, transaction_id: str, merchant: Merchant) -> Inquiry:
        return await self._side(merchant).get_payment(transaction_id, merchant)

    def _of(self, payment: Payment, merchant: Merchant) -> Client:
        if (payment.mode == "shadow") is not merchant.shadow:
            raise ValueError(f"{payment.id} is {payment.mode}, and its merchant is of the other side")
        return self._side(merchant)

    def _side(self, merchant: Merchant) -> Client:
        if not merchant.shadow:
            return self._live
        if self._shadow is None:
            raise ValueError("no shadow is set up")
        return self._shadow
