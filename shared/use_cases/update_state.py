"""Take a report into a payment: what the bank did, or what a person found out about an unknown operation."""

from dataclasses import dataclass
from typing import Final

from shared.payments.beside import Beside
from shared.payments.errors import ChangedMeanwhile, InvalidState, StaleVersion, TransitionNotAllowed
from shared.payments.idempotency import Nonce
from shared.payments.next_step import allowed_actions
from shared.payments.payment import Payment
from shared.payments.sale_attempts import return_of
from shared.payments.updates import Update, UpdateEvent, is_known, updated
from shared.use_cases.occasions import Occasions
from shared.use_cases.own_payment import own_payment
from shared.use_cases.ports import Outside
from shared.use_cases.recording import Recording

_ROUNDS_MAX: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCall:
    """One report of one payment. `version` is what its reporter last saw; None: whatever it is by now."""

    payment_id: str
    billers: frozenset[str] | None
    caller: str
    update: Update
    version: int | None
    nonce: Nonce | None = None


class UpdateState:
    def __init__(self, outside: Outside, recording: Recording) -> None:
        self._payments, self._clock, self._telemetry = outside.payments, outside.clock, outside.telemetry
        self._recording, self._occasions = recording, Occasions(outside)

    async def update(self, call: UpdateCall) -> Payment:
        """
        The payment with the report in it; as it is, where the same report is in it already.

        Raises NotFound, StaleVersion, Unauthenticated (nonce seen before), InvalidRequest (an operation that is not
        this payment's), or InvalidState where the table does not allow it: then nothing has changed.
        """
        for _ in range(_ROUNDS_MAX):
            payment = await own_payment(self._payments, call.payment_id, call.billers)
            if is_known(payment, call.update):
                if call.nonce is not None:
                    await self._payments.spend(call.nonce)
                return payment
            if call.version is not None and call.version != payment.version:
                raise StaleVersion(f"it is at version {payment.version} now: read it, and decide again")
            after = self._after(payment, call)
            beside = Beside(nonce=call.nonce, declined=return_of(after, call.update))
            try:
                await self._recording.step(payment, after, beside)
            except ChangedMeanwhile:
                continue
            self._tell(after, call.update)
            return after
        raise ChangedMeanwhile(f"{call.payment_id} keeps changing")

    def _after(self, payment: Payment, call: UpdateCall) -> Payment:
        try:
            if call.update.event is UpdateEvent.CONTROL_REPORTED:
                raise TransitionNotAllowed(payment.state, "control_reported, for a payment that is not in shadow,")
            return updated(payment, call.update, occasion=self._occasions.now(), actor=call.caller)
        except TransitionNotAllowed as refused:
            actions = allowed_actions(payment, self._clock.now())
            raise InvalidState(refused.detail, state=payment.state, allowedActions=actions) from None

    def _tell(self, payment: Payment, update: Update) -> None:
        told = {"paymentId": payment.id, "billerId": payment.biller_id, "state": payment.state}
        self._telemetry.event("payment.updated", reported=update.event, **told)
        self._telemetry.count("payments.updated", reported=update.event.value)
        if payment.exposure_minor > 0:
            self._telemetry.alarm("payment.negative_exposure", exposureMinor=payment.exposure_minor, **told)
