"""
Chase's test endpoint, for shadow alone. Three locks against real money, each enough by itself:

    its own credential, entitled to test merchants alone (ShadowEndpoint takes no other's)
    a host pin: nothing is sent to a host that is not known for tests, whatever a setting says (Sending)
    a merchant pin: nothing is asked under a merchant id that is not a test one

The fourth is in what is sent (shared/shadow/substitution.py), the fifth is that the ledger is not told.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from shared.chase import codes
from shared.chase.alarms import Alarm
from shared.chase.client import ChaseClient
from shared.chase.endpoint import ChaseEndpoint
from shared.payments.outcome import Inquiry, NoAnswer, NotSent, Outcome
from shared.payments.payment import Operation, Payment
from shared.payments.requests import Merchant, SaleRequest

# Chase's hosts for tests, and a developer's own machine (reference: Environments). Its token host serves both.
TEST_HOSTS: Final = frozenset(
    {
        "api-mock.payments.jpmorgan.com",
        "api-ms-test.payments.jpmorgan.com",
        "cat-api.merchant.jpmorgan.com",
        "id.payments.jpmorgan.com",
        "idag2.jpmorganchase.com",
        "127.0.0.1",
        "localhost",
        "::1",
    }
)

_REFUSED: Final = NotSent(codes.SHADOW_REFUSED, "shadow may only speak to Chase's tests; nothing was sent")


@dataclass(frozen=True, slots=True)
class ShadowEndpoint:
    """Where shadow goes, under its own credential, pinned there. `merchant_ids` are tests. Raises ValueError."""

    endpoint: ChaseEndpoint
    merchant_ids: frozenset[str]

    def __post_init__(self) -> None:
        for name in ("base_url", "token_url"):
            if urlsplit(getattr(self.endpoint, name)).hostname not in TEST_HOSTS:
                raise ValueError(f"{name}: must be one of Chase's hosts for tests")
        if self.endpoint.pinned_to != TEST_HOSTS:
            raise ValueError("pinned_to: must be the hosts for tests")
        if not self.merchant_ids:
            raise ValueError("merchant_ids: name at least one test merchant")


class MerchantPinned:
    """Fits `use_cases.ports.Chase`. Asks nothing under a merchant id that is not among `merchant_ids`."""

    def __init__(self, client: ChaseClient, merchant_ids: frozenset[str], *, alarm: Alarm) -> None:
        self.client = client
        self._client, self._merchant_ids, self._alarm = client, merchant_ids, alarm

    async def sale(
        self, request: SaleRequest, payment: Payment, merchant: Merchant, *, send_before_s: float
    ) -> Outcome:
        if self._is_refused(merchant):
            return _REFUSED
        return await self._client.sale(request, payment, merchant, send_before_s=send_before_s)

    async def void(
        self, payment: Payment, operation: Operation, merchant: Merchant, *, send_before_s: float
    ) -> Outcome:
        if self._is_refused(merchant):
            return _REFUSED
        return await self._client.void(payment, operation, merchant, send_before_s=send_before_s)

    async def refund(
        self, payment: Payment, operation: Operation, merchant: Merchant, *, full: bool, send_before_s: float
    ) -> Outcome:
        if self._is_refused(merchant):
            return _REFUSED
        return await self._client.refund(payment, operation, merchant, full=full, send_before_s=send_before_s)

    async def find_sale(self, request_id: str, merchant: Merchant) -> Inquiry:
        return _UNASKED if self._is_refused(merchant) else await self._client.find_sale(request_id, merchant)

    async def find_refund(self, request_id: str, merchant: Merchant) -> Inquiry:
        return _UNASKED if self._is_refused(merchant) else await self._client.find_refund(request_id, merchant)

    async def get_payment(self, transaction_id: str, merchant: Merchant) -> Inquiry:
        return _UNASKED if self._is_refused(merchant) else await self._client.get_payment(transaction_id, merchant)

    async def close(self) -> None:
        await self._client.close()

    def _is_refused(self, merchant: Merchant) -> bool:
        refused = merchant.merchant_id not in self._merchant_ids
        if refused:
            self._alarm("shadow.production_egress", billerId=merchant.biller_id)
        return refused


_UNASKED: Final = NoAnswer(codes.SHADOW_REFUSED, "shadow asks about test merchants alone; nothing was asked")
