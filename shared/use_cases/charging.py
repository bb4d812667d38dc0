"""One attempt of a sale at Chase, and commit 2 with its outcome. No transaction or connection is held in between."""

from shared.payments.outcome import Outcome, Unknown
from shared.payments.payment import Payment
from shared.payments.requests import Merchant, SaleRequest, keepable
from shared.payments.sealed import SealedInstrument
from shared.use_cases.landing import Landing
from shared.use_cases.ports import Outside


class Charging:
    def __init__(self, outside: Outside, landing: Landing) -> None:
        self._chase, self._telemetry = outside.chase, outside.telemetry
        self._sealing, self._landing = outside.sealing, landing

    async def charge(
        self, request: SaleRequest, payment: Payment, merchant: Merchant, *, send_before_s: float
    ) -> Payment:
        """The payment, claimed for sending, as it is after Chase was asked; never raises once Chase was called."""
        sealed = self._sealed(request, payment, merchant)
        outcome = await self._answer_of_chase(request, payment, merchant, send_before_s)
        return await self._landing.land(payment, payment.sale, outcome, sealed=sealed)

    def _sealed(self, request: SaleRequest, payment: Payment, merchant: Merchant) -> SealedInstrument | None:
        """What waits with us if the sale does not leave; None where it waits with its caller."""
        if payment.mode == "shadow":
            # What it is mirrored with is kept beside it, and holds nothing of the payer.
            return None
        if payment.instrument_kept or keepable(request.method) in merchant.queued_when_down:
            return self._sealing.seal(request, payment.id)
        return None

    async def _answer_of_chase(
        self, request: SaleRequest, payment: Payment, merchant: Merchant, send_before_s: float
    ) -> Outcome:
        try:
            return await self._chase.sale(request, payment, merchant, send_before_s=send_before_s)
        except Exception as error:
            # A fault of ours, at a moment we cannot name: the bytes may have left.
            self._telemetry.alarm("sale.chase_client_failed", paymentId=payment.id, error=type(error).__name__)
            return Unknown("INTERNAL_ERROR", "the call to Chase broke off")
