"""One client with everything it was given at hand, and what there is to sell."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from shared.chase.client import ChaseClient
from shared.payments.lifecycle import submitted_sale
from shared.payments.money import Money
from shared.payments.operations import OperationKind, OperationState
from shared.payments.payment import Method, Operation, Payment
from shared.payments.requests import (
    AccountType,
    Ach,
    AchAuthorization,
    Address,
    ApplePay,
    Card,
    GooglePay,
    Initiator,
    Merchant,
    Payer,
    SaleRequest,
)
from shared.payments.secret import Secret
from tests.chase.full_answers import SALE_ID


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

    async def voids(self, *, within_s: float = 10.0) -> object:
        payment, operation = a_sold_payment(), an_operation(OperationKind.VOID)
        return await self.client.void(payment, operation, a_merchant(), send_before_s=self.clock.now_s + within_s)

    async def captures(self, *, within_s: float = 10.0) -> object:
        payment, operation = a_sold_payment(), an_operation(OperationKind.SALE)
        until_s = self.clock.now_s + within_s
        return await self.client.capture(payment, operation, a_merchant(), amount=None, send_before_s=until_s)

    async def refunds(self, *, within_s: float = 10.0) -> object:
        payment, operation = a_sold_payment(), an_operation(OperationKind.REFUND)
        until_s = self.clock.now_s + within_s
        return await self.client.refund(payment, operation, a_merchant(), full=True, send_before_s=until_s)

    async def verifies(self, *, within_s: float = 10.0) -> object:
        return await self.client.verify(
            a_card(),
            a_request().payer,
            a_merchant(),
            currency="USD",
            request_id="own",
            send_before_s=self.clock.now_s + within_s,
        )

    async def finds(self, request_id: str = "the-sales-own-request-id") -> object:
        return await self.client.find_sale(request_id, a_merchant())


def a_card(**changed: object) -> Card:
    return replace(Card(Secret("4112344112344113"), month=5, year=2029, cvv=Secret("011")), **changed)


def an_ach(**changed: object) -> Ach:
    account = Ach("122000247", Secret("0888271156"), AccountType.CHECKING, AchAuthorization.WEB)
    return replace(account, **changed)


def an_apple_pay(**changed: object) -> ApplePay:
    wallet = ApplePay(
        version="EC_v1",
        data=Secret("c2VhbGVkIGJ5IEFwcGxl"),
        signature=Secret("YSBzaWduYXR1cmU="),
        ephemeral_public_key="YW4gZXBoZW1lcmFsIGtleQ==",
        public_key_hash="YSBoYXNo",
        transaction_id="31ab0c2d",
    )
    return replace(wallet, **changed)


def a_google_pay(**changed: object) -> GooglePay:
    wallet = GooglePay(
        protocol_version="ECv2",
        signed_message=Secret('{"encryptedMessage":"c2VhbGVk","ephemeralPublicKey":"a2V5","tag":"dGFn"}'),
        signature=Secret("YSBzaWduYXR1cmU="),
        ephemeral_public_key="a2V5",
    )
    return replace(wallet, **changed)


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


def a_sold_payment(transaction_id: str | None = SALE_ID) -> Payment:
    """A payment whose sale Chase has approved."""
    payment = a_payment_of(a_request(), a_merchant())
    sale = replace(payment.sale, state=OperationState.SUCCEEDED, transaction_id=transaction_id)
    return replace(payment, operations=(sale,))


def an_operation(kind: OperationKind, amount_minor: int = 12599) -> Operation:
    """What follows a sale, as it is claimed."""
    moment = datetime(2026, 11, 23, 13, tzinfo=UTC)
    return Operation(
        id="op_0193561a7c4daaaaaaaaaaaaaaaaaaaa",
        kind=kind,
        state=OperationState.SUBMITTED,
        amount=Money(amount_minor, "USD"),
        request_id=f"the-{kind}s-own-request-id",
        created_at=moment,
        claimed_at=moment,
    )


MakeDesk = Callable[..., Desk]
