"""The moment of each step, from the clock, the pace and the identifiers that are outside."""

from datetime import timedelta

from shared.payments.facts import Occasion
from shared.payments.inquiry import CONFIRM_CAPTURE_AFTER_S, offset_s
from shared.payments.not_found import ASK_AGAIN_S
from shared.payments.requeue import requeue_s
from shared.use_cases.ports import Outside


class Occasions:
    def __init__(self, outside: Outside) -> None:
        self._clock, self._pace = outside.clock, outside.pace
        self._identifiers, self._chance = outside.identifiers, outside.chance

    def now(self, attempts: int = 1) -> Occasion:
        """The moment of a step about an operation that was claimed `attempts` times."""
        return Occasion(
            now=self._clock.now(),
            inquire_at=self._clock.after(offset_s(0)),
            send_at=self._clock.after(requeue_s(attempts, self._chance())),
            ask_again_at=self._clock.after(ASK_AGAIN_S[0]),
            confirm_after=timedelta(seconds=self._pace.wait_s(CONFIRM_CAPTURE_AFTER_S)),
            operation_id=self._identifiers.operation(),
        )
