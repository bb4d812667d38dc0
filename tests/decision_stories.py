"""Calls that bring about what the contract promises of a sale under a decision."""

from tests import rollout_stories as rollout
from tests.house import Answer, House

SHADOW = {"rules": [{**rollout.a_rule(), "mode": "shadow", "percentage": 100}], "killSwitch": False, "holdAll": False}
LIVE = {"rules": [{**rollout.a_rule(), "percentage": 100}], "killSwitch": False, "holdAll": False}


async def left_to_existing(house: House) -> Answer:
    await rollout.change(house, document=rollout.OFF)
    return await house.sale("attempt-1")


async def in_shadow(house: House) -> Answer:
    await rollout.change(house, document=SHADOW, force=True)
    return await house.sale("attempt-1")


async def too_late(house: House) -> Answer:
    """The document is live, the decision that was made under it is not any more."""
    await rollout.change(house, document=LIVE, force=True)
    await rollout.decide(house)
    await house.clock.advance(15 * 60 + 1)
    return await house.sale("attempt-1")


async def of_another_bill(house: House) -> Answer:
    await rollout.change(house, document=LIVE, force=True)
    await rollout.decide(house)
    return await house.sale("attempt-1", reference="INV-2")
