"""Tries at instruments for tests: say only what the test is about."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.payments.idempotency import Fingerprint
from shared.payments.money import Money
from shared.payments.networks import Network
from shared.payments.never_again import Blocks, Said
from shared.payments.requests import Initiator
from shared.payments.sale_attempts import Attempt, Decline, PastDecline
from tests.builders import NOW


def an_attempt(number: int = 1, **changed: Any) -> Attempt:
    """`print` names the instrument."""
    instrument = changed.pop("print", "a" * 64)
    this = Attempt(
        payment_id=f"pay_{number:032x}",
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


def a_decline(blocks: Blocks = Blocks.NOTHING, *, code: str = "DO_NOT_HONOR", counted: bool = True) -> Decline:
    return Decline(Network.VISA, Said(code), counted, blocks, NOW)


def past_of(this: Attempt, decline: Decline | None = None) -> PastDecline:
    """What is remembered of `this` once it was declined so."""
    decline = decline or a_decline()
    return PastDecline(
        biller_id=this.biller_id,
        merchant_id=this.merchant_id,
        reference=this.reference,
        amount=this.amount,
        initiator=this.initiator,
        at=this.at,
        code=decline.said.code,
        counted=decline.counted,
        blocks=decline.blocks,
    )


def declined_at(*times: datetime, **changed: Any) -> list[PastDecline]:
    """A counted decline at each time."""
    return [past_of(an_attempt(100 + at, at=time, **changed)) for at, time in enumerate(times)]
