"""A fact from a bank file goes into its payment by the way of every report; a capture that it proves goes first."""

from typing import Final

from shared.payments.bank_facts import BANK, Applied, BankFact, SetAside, evidence
from shared.payments.capture import capture_confirmed
from shared.payments.errors import InvalidState
from shared.payments.payment import Payment
from shared.payments.state_machine import State
from shared.payments.updates import Update, UpdateEvent
from shared.use_cases.ports import Outside
from shared.use_cases.recording import Recording
from shared.use_cases.update_state import UpdateCall, UpdateState

_REASON: Final = "bank file"


class ApplyingFacts:
    def __init__(self, outside: Outside, recording: Recording, update_state: UpdateState) -> None:
        self._clock, self._recording, self._update_state = outside.clock, recording, update_state

    async def apply(self, payment: Payment, fact: BankFact) -> Applied | SetAside:
        """
        Applied also where the fact was in the payment before: it names itself in the evidence.

        Raises ChangedMeanwhile where the payment keeps changing: the fact is due again later.
        """
        if payment.state is State.AUTHORIZED:
            # What the bank settles, or takes back, was captured, whether Chase has been asked yet or not.
            captured = capture_confirmed(payment, actor=BANK, now=self._clock.now())
            await self._recording.step(payment, captured)
        update = Update(UpdateEvent(fact.event.value), _REASON, evidence(fact), fact.occurred_at)
        call = UpdateCall(payment_id=payment.id, billers=None, caller=BANK, update=update, version=None)
        try:
            await self._update_state.update(call)
        except InvalidState as refused:
            return SetAside(refused.detail)
        return Applied()
