"""Tries at instruments for tests: say only what the test is about."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.payments.idempotency import Fingerprint
from shared.payments.money import Money
from shared.payments.networks import Network
from shared.payments.never_again import Blocks
from shared.payments.requests import Initiator
from shared.payments.sale_attempts import Attempt, AttemptStatus, Ending, PastAttempt
from tests.builders import NOW


def an_attempt(number: int = 1, **changed: Any) -> Attempt:
    """`print` names the instrument."""
    instrument = changed.pop("print", "a" * 64)
    this = Attempt(
        operation_id=f"op_{number:032x}",
        fingerprints=(Fingerprint("k1", instrument),),
        network=Network.VISA,
        biller_id="city-water",
        merchant_id="998482157630",
        reference="INV-1",
        amount=Money(12599, "USD"),
        initiator=Initiator.PAYER,
        standing=False,
        at=NOW,
    )
    return replace(this, **changed)


def past_of(this: Attempt, ending: Ending | None = None) -> PastAttempt:
    """What is remembered of `this` once it ended so; None: it is in flight."""
    ending = ending or Ending(AttemptStatus.IN_FLIGHT)
    return PastAttempt(
        operation_id=this.operation_id,
        biller_id=this.biller_id,
        merchant_id=this.merchant_id,
        reference=this.reference,
        amount=this.amount,
        initiator=this.initiator,
        at=this.at,
        status=ending.status,
        code=ending.said.code if ending.said else None,
        counted=ending.counted,
        blocks=ending.blocks,
    )


def a_decline(blocks: Blocks = Blocks.NOTHING) -> Ending:
    return Ending(AttemptStatus.DECLINED, counted=True, blocks=blocks)


def declined_at(*times: datetime, **changed: Any) -> list[PastAttempt]:
    """A counted decline at each time."""
    return [past_of(an_attempt(100 + at, at=time, **changed), a_decline()) for at, time in enumerate(times)]
