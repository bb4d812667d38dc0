"""Where a flow asks for what it needs: sales, voids, refunds and look-ups through the production client."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from shared.chase.client import ChaseClient
from shared.clock import SystemClock, TimeOrderedIdentifiers
from shared.payments.facts import Occasion
from shared.payments.ids import chase_request_id
from shared.payments.inquiry import SEND_WITHIN_S
from shared.payments.lifecycle import submitted_sale
from shared.payments.money import Money
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import Outcome
from shared.payments.payment import Operation, Payment
from shared.payments.requests import Address, Initiator, Instrument, Merchant, Payer, SaleRequest, kept_of
from shared.payments.sale_outcome import with_sale_outcome

PAYER: Final = Payer("Ada", "Byron", "ada@example.com", Address("1 Main St", "Boston", "MA", "02110", "USA"))
_DESCRIPTOR: Final = "CHASE CHECK*BILL"


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale as it went: the payment afterwards, and what Chase said."""

    payment: Payment
    outcome: Outcome

    @property
    def request_id(self) -> str:
        return self.payment.sale.request_id


class Desk:
    """`merchant` is the one that every flow charges for. Ids are new at each run, so that it may be repeated."""

    def __init__(self, client: ChaseClient, merchant: Merchant) -> None:
        self.client, self.merchant = client, merchant
        self._clock, self._identifiers = SystemClock(), TimeOrderedIdentifiers()

    async def sell(self, instrument: Instrument, amount_minor: int, *, at_once: bool = False) -> Sold:
        """A sale of that amount; `at_once` captures it now, so that it can be refunded."""
        merchant = replace(self.merchant, capture_delay=not at_once)
        request = SaleRequest(
            biller_id=merchant.biller_id,
            reference="chase-check",
            amount=Money(amount_minor, self.currency),
            method=instrument,
            payer=PAYER,
            initiator=Initiator.PAYER,
            statement_descriptor=_DESCRIPTOR,
        )
        payment = self._intent(request, merchant)
        outcome = await self.client.sale(request, payment, merchant, send_before_s=self.deadline_s())
        after = with_sale_outcome(payment, outcome, occasion=self._occasion(), actor="chase-check")
        return Sold(after or payment, outcome)

    async def void(self, sold: Sold) -> tuple[str, Outcome]:
        operation = self._operation(OperationKind.VOID, sold.payment.amount)
        outcome = await self.client.void(sold.payment, operation, self.merchant, send_before_s=self.deadline_s())
        return operation.request_id, outcome

    async def refund(self, sold: Sold, amount_minor: int | None = None) -> tuple[str, Outcome]:
        """`amount_minor` None gives back all of it."""
        amount = sold.payment.amount if amount_minor is None else Money(amount_minor, self.currency)
        operation = self._operation(OperationKind.REFUND, amount)
        outcome = await self.client.refund(
            sold.payment, operation, self.merchant, full=amount_minor is None, send_before_s=self.deadline_s()
        )
        return operation.request_id, outcome

    @property
    def currency(self) -> str:
        return min(self.merchant.currencies)

    def deadline_s(self) -> float:
        return self._clock.boot_s() + SEND_WITHIN_S

    def unused_request_id(self) -> str:
        return chase_request_id(self._identifiers.operation())

    def _occasion(self) -> Occasion:
        now = self._clock.now()
        return Occasion(now, now, now, now, timedelta(0), self._identifiers.operation())

    def _intent(self, request: SaleRequest, merchant: Merchant) -> Payment:
        return submitted_sale(
            request,
            kept_of(request.method),
            merchant,
            payment_id=self._identifiers.payment(),
            operation_id=self._identifiers.operation(),
            caller="chase-check",
            idempotency_key="chase-check",
            now=self._clock.now(),
        )

    def _operation(self, kind: OperationKind, amount: Money) -> Operation:
        operation_id, now = self._identifiers.operation(), self._clock.now()
        return Operation(
            id=operation_id,
            kind=kind,
            state=OperationState.SUBMITTED,
            amount=amount,
            request_id=chase_request_id(operation_id),
            created_at=now,
            claimed_at=now,
        )
