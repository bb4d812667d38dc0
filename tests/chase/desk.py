"""One client with everything it was given at hand, and what there is to sell."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from shared.chase.client import ChaseClient
from shared.payments.lifecycle import submitted_sale
from shared.payments.money import Money
from shared.payments.payment import Method, Payment
from shared.payments.requests import Address, Card, Initiator, Merchant, Payer, SaleRequest
from shared.payments.secret import Secret


class Clock:
    """Seconds since boot, and the waits that were asked for: they take no time but move the clock."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.waits: list[float] = []

    def boot_s(self) -> float:
        return self.now_s

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now_s += seconds


class Alarms:
    """What a person would have been told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, object]]] = []

    def __call__(self, name: str, /, **fields: object) -> None:
        self.heard.append((name, fields))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.heard]


class Desk:
    """One client with everything it was given at hand, and a sale in one word."""

    def __init__(self, client: ChaseClient, clock: Clock, alarms: Alarms) -> None:
        self.client = client
        self.clock = clock
        self.alarms = alarms

    async def sells(self, *, within_s: float = 10.0) -> object:
        merchant = a_merchant()
        request = a_request()
        payment = a_payment_of(request, merchant)
        return await self.client.sale(request, payment, merchant, send_before_s=self.clock.now_s + within_s)

    async def finds(self, request_id: str = "the-sales-own-request-id") -> object:
        return await self.client.find_sale(request_id, a_merchant())


def a_card(**changed: object) -> Card:
    return replace(Card(Secret("4112344112344113"), month=5, year=2029, cvv=Secret("011")), **changed)


def an_address(**changed: object) -> Address:
    return replace(Address("1 Main St", "Boston", "MA", "02110", "USA"), **changed)


def a_request(**changed: object) -> SaleRequest:
    request = SaleRequest(
        biller_id="city-water",
        reference="INV-2026-000123",
        amount=Money(12599, "USD"),
        method=a_card(),
        payer=Payer("Ada", "Byron", "ada@example.com", an_address()),
        initiator=Initiator.PAYER,
    )
    return replace(request, **changed)


def a_merchant(**changed: object) -> Merchant:
    return replace(Merchant("city-water", "998482157630", frozenset({"USD"})), **changed)


def a_payment_of(request: SaleRequest, merchant: Merchant) -> Payment:
    return submitted_sale(
        request,
        Method("card", "visa", "4113"),
        merchant,
        payment_id="pay_0193561a7c4d00112233445566778899",
        operation_id="op_0193561a7c4d99887766554433221100",
        caller="ctp",
        idempotency_key="key-1",
        now=datetime(2026, 11, 23, 12, tzinfo=UTC),
    )


MakeDesk = Callable[..., Desk]
