"""Calls that bring about what the contract promises of void, refund and reports, by routes alone."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from functions._json import BODY_BYTES_MAX
from local.environment import MERCHANTS
from shared.payments.next_step import VOID_CUT_OFF_S
from tests.builders import an_ach_method
from tests.house import Answer, House

Story = Callable[[House], Awaitable[Answer]]

NOWHERE = "pay_" + "0" * 32
# A biller whose debits and tokens wait with us while Chase is down.
QUEUEING = json.dumps({name: {**known, "queued_when_down": ["ach", "token"]} for name, known in MERCHANTS.items()})

_CAPTURED_AFTER_S = 120 * 60 + 121


async def meanwhile(house: House, call: Awaitable[Answer]) -> Answer:
    """The answer to `call`, while the time passes that it waits for."""
    task = asyncio.ensure_future(call)
    while not task.done():
        # What is on its way to Chase gets real time, so that the moved clock does not overtake it.
        await asyncio.wait({task}, timeout=0.01)
        await house.clock.advance(0.5)
    return task.result()


async def authorized(house: House) -> str:
    return str((await house.sale("attempt-1")).body["id"])


async def captured(house: House, amount_minor: int = 600_00) -> str:
    sold = await house.sale("attempt-1", amountMinor=amount_minor)
    await house.clock.advance(_CAPTURED_AFTER_S)
    await house.services.reconciliation.run_once()
    return str(sold.body["id"])


async def at_work(house: House, operation: str, ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What the same call hears while the first is still at Chase."""
    house.simulator.fault(operation, "delay", delay_ms=30)
    first = asyncio.ensure_future(ask())
    while house.simulator.calls[operation] == 0:
        await asyncio.sleep(0)
    second = await ask()
    await first
    return second


async def not_reached(house: House, call: Awaitable[Answer]) -> Answer:
    house.simulator.revoke_tokens()
    house.simulator.fault("token", "http_503", times=2)
    return await meanwhile(house, call)


async def resolved(house: House, payment_id: str, event: str) -> Answer:
    """A person's word on the payment's last operation, which is unknown."""
    operation_id = (await house.payment(payment_id))["operations"][-1]["id"]
    return await house.report(payment_id, event, operationId=operation_id)


async def sale_waits_with_us(house: House) -> Answer:
    return await not_reached(house, house.sale("attempt-1", method=an_ach_method()))


async def voided(house: House) -> Answer:
    return await house.void(await authorized(house))


async def void_again(house: House) -> Answer:
    payment_id = await authorized(house)
    await house.void(payment_id)
    return await house.void(payment_id)


async def void_or_refund(house: House) -> Answer:
    return await house.void(await captured(house), ifCaptured="refund")


async def void_of_what_waits(house: House) -> Answer:
    payment_id = (await sale_waits_with_us(house)).body["id"]
    house.simulator.fault("token", "http_503", times=1000)
    answer = await house.void(payment_id)
    while answer.status == 409:
        # On a slow machine it may just be on its way again; it does not get there.
        answer = await house.void(payment_id)
    return answer


async def void_lost(house: House) -> Answer:
    payment_id = await authorized(house)
    house.simulator.fault("void", "drop_after_processing")
    return await house.void(payment_id)


async def void_waits(house: House) -> Answer:
    payment_id = await authorized(house)
    return await not_reached(house, house.void(payment_id))


async def void_as_a_refund_declined(house: House) -> Answer:
    payment_id = await captured(house)
    house.simulator.fault("refund", "drop_before_processing")
    await house.void(payment_id, ifCaptured="refund")
    await resolved(house, payment_id, "resolved_declined")
    return await house.void(payment_id, ifCaptured="refund")


async def void_at_work(house: House) -> Answer:
    payment_id = await authorized(house)
    return await at_work(house, "void", lambda: house.void(payment_id))


async def void_too_near(house: House) -> Answer:
    sold = await house.sale("attempt-1")
    await house.clock.advance(120 * 60 - VOID_CUT_OFF_S)
    return await house.void(sold.body["id"])


async def void_after_the_capture(house: House) -> Answer:
    return await house.void(await captured(house))


async def void_that_failed(house: House) -> Answer:
    payment_id = (await void_lost(house)).body["id"]
    await resolved(house, payment_id, "resolved_not_found")
    return await house.void(payment_id)


async def void_of_another_body(house: House) -> Answer:
    payment_id = await authorized(house)
    await house.void(payment_id)
    return await house.void(payment_id, reason="another one")


async def refunded_in_part(house: House) -> Answer:
    return await house.refund(await captured(house), amountMinor=30_00)


async def refund_again(house: House) -> Answer:
    payment_id = await captured(house)
    await house.refund(payment_id)
    return await house.refund(payment_id)


async def refund_or_void(house: House) -> Answer:
    return await house.refund(await authorized(house), ifNotCaptured="void")


async def refund_lost(house: House) -> Answer:
    payment_id = await captured(house)
    house.simulator.fault("refund", "drop_after_processing")
    return await house.refund(payment_id)


async def refund_waits(house: House) -> Answer:
    payment_id = await captured(house)
    return await not_reached(house, house.refund(payment_id))


async def refund_declined(house: House) -> Answer:
    return await house.refund(await captured(house), amountMinor=521_00)


async def refund_declined_again(house: House) -> Answer:
    payment_id = await captured(house)
    await house.refund(payment_id, amountMinor=521_00)
    return await house.refund(payment_id, amountMinor=521_00)


async def refund_before_the_capture(house: House) -> Answer:
    return await house.refund(await authorized(house))


async def refund_on_hold(house: House) -> Answer:
    sold = await house.sale("attempt-1", method=an_ach_method())
    return await house.refund(sold.body["id"])


async def refund_at_work(house: House) -> Answer:
    payment_id = await captured(house)
    return await at_work(house, "refund", lambda: house.refund(payment_id))


async def refund_beside_another(house: House) -> Answer:
    payment_id = await captured(house)
    house.simulator.fault("refund", "drop_before_processing")
    await house.refund(payment_id, "refund-1", amountMinor=30_00)
    return await house.refund(payment_id, "refund-2", amountMinor=30_00)


async def refund_that_failed(house: House) -> Answer:
    payment_id = await captured(house)
    house.simulator.fault("refund", "drop_before_processing")
    await house.refund(payment_id)
    await resolved(house, payment_id, "resolved_not_found")
    return await house.refund(payment_id)


async def refund_of_too_much(house: House) -> Answer:
    return await house.refund(await captured(house), amountMinor=600_01)


async def refund_of_another_body(house: House) -> Answer:
    payment_id = await captured(house)
    await house.refund(payment_id, amountMinor=1)
    return await house.refund(payment_id, amountMinor=2)


async def settled(house: House) -> Answer:
    return await house.report(await captured(house), "settled")


async def settled_again(house: House) -> Answer:
    payment_id = await captured(house)
    await house.report(payment_id, "settled")
    return await house.report(payment_id, "settled", version=1)


async def returned(house: House) -> Answer:
    sold = await house.sale("attempt-1", method=an_ach_method())
    return await house.report(sold.body["id"], "returned", evidence={"returnCode": "R01", "amountMinor": 12599})


async def sale_resolved(house: House) -> Answer:
    house.simulator.fault("payment", "drop_before_processing")
    lost = await house.sale("attempt-1")
    return await resolved(house, lost.body["id"], "resolved_declined")


async def settled_too_early(house: House) -> Answer:
    return await house.report(await authorized(house), "settled")


async def resolved_without_need(house: House) -> Answer:
    return await resolved(house, await authorized(house), "resolved_declined")


async def control_of_a_live_payment(house: House) -> Answer:
    payment_id = await authorized(house)
    return await house.report(payment_id, "control_reported", control={"status": "approved"})


async def stale(house: House) -> Answer:
    return await house.report(await captured(house), "settled", version=1)


async def without_a_version(house: House) -> Answer:
    return await house.call("POST", f"/payments/{await captured(house)}/state", b"{}", house.bearer())


def too_large(path: str) -> Story:
    body = b" " * (BODY_BYTES_MAX + 1)
    return lambda house: house.call("POST", f"/payments/{NOWHERE}/{path}", body, house.bearer())


def unreadable(path: str, **headers: str) -> Story:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda house: house.call("POST", f"/payments/{NOWHERE}/{path}", b"{}", {**house.bearer(), **sent})


async def void(house: House, headers: dict[str, str]) -> Answer:
    return await _asked(house, "void", {"reason": "billed twice"}, headers)


async def refund(house: House, headers: dict[str, str]) -> Answer:
    return await _asked(house, "refunds", {"reason": "billed twice"}, headers)


async def report(house: House, headers: dict[str, str], event: str = "settled") -> Answer:
    """A report of that event, which is whole as far as its form goes."""
    body: dict[str, Any] = {
        "event": event,
        "reason": "so says the bank",
        "evidence": {"returnCode": "R01", "amountMinor": 1} if event == "returned" else {},
        "occurredAt": "2026-11-23T18:00:00.000Z",
    }
    if event.startswith("resolved_"):
        body["operationId"] = "op_" + "0" * 32
    if event == "control_reported":
        body["control"] = {"status": "approved"}
    return await _asked(house, "state", body, {"If-Match": '"1"', **headers})


async def _asked(house: House, path: str, body: dict[str, Any], headers: dict[str, str]) -> Answer:
    sent = {"Idempotency-Key": "follow-up-1", **headers}
    return await house.call("POST", f"/payments/{NOWHERE}/{path}", json.dumps(body).encode(), sent)
