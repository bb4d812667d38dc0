"""Nothing of a payer is at rest, said, or sent on in shadow: unique canaries through every route that shadow has."""

import asyncio
import base64
import json
import random
from typing import Any

import pytest

from tests.builders import a_google_pay_token, an_ach_method, an_apple_pay_method
from tests.chase.peer import TOKEN_PATH, Deed, Peer, a_payment, answers, drops_the_line, resets_the_line
from tests.journeys.hunt import Hunt
from tests.journeys.shadow_house import CONTROL, document, governed
from tests.journeys.watch import Watch, Watching

# The same in every run, and no number that stands in the repository or among Chase's for tests.
_RNG = random.Random(20261123)
FIRST_NAME, LAST_NAME, STREET, CITY = "Quillonatrixa", "Zephyrobelden", "Vexilloquarto Lane", "Mirzotangaville"
EMAIL, NOTE = "quillonatrixa.zephyrobelden@example.com", "paid by quillonatrixa at the till"


def canary_card(prefix: str, length: int = 16) -> str:
    """Digits by chance, and the last one that makes them a card number."""
    body = prefix + "".join(str(_RNG.randrange(10)) for _ in range(length - len(prefix) - 1))
    digits = [int(digit) for digit in reversed(body)]
    total = sum(sum(divmod(2 * digit, 10)) if at % 2 == 0 else digit for at, digit in enumerate(digits))
    return body + str(-total % 10)


def canary_text(length: int) -> str:
    return base64.b64encode(_RNG.randbytes(length)).decode()


CARDS = {"visa": canary_card("4"), "mastercard": canary_card("53"), "amex": canary_card("37", 15)}
CVV = "8264"
ACCOUNT, TOKEN = canary_card("81", 14), canary_card("49")
APPLE_DATA, APPLE_SIGNATURE, GOOGLE_SIGNATURE, GOOGLE_DATA = (canary_text(48) for _ in range(4))


def a_hunt() -> Hunt:
    hunt = Hunt()
    for brand, number in CARDS.items():
        hunt.card_number(f"the {brand} number", number)
    hunt.code("the CVV", CVV)
    hunt.card_number("the account number", ACCOUNT)
    hunt.card_number("the token", TOKEN)
    for name, text in (
        ("Apple's bundle", APPLE_DATA),
        ("Apple's signature", APPLE_SIGNATURE),
        ("Google's bundle", GOOGLE_DATA),
        ("Google's signature", GOOGLE_SIGNATURE),
        ("the first name", FIRST_NAME),
        ("the last name", LAST_NAME),
        ("the street", STREET),
        ("the city", CITY),
        ("the e-mail address", EMAIL),
        ("the note", NOTE),
    ):
        hunt.key(name, text)
    return hunt


PAYER = {
    "firstName": FIRST_NAME,
    "lastName": LAST_NAME,
    "email": EMAIL,
    "address": {
        "line1": f"77 {STREET}",
        "line2": f"Flat {STREET}",
        "city": CITY,
        "state": "MA",
        "postalCode": "02110",
        "country": "USA",
    },
}


def methods() -> dict[str, dict[str, Any]]:
    def card(number: str, **changed: Any) -> dict[str, Any]:
        expiry = {"month": 5, "year": 2029}
        return {"type": "card", "number": number, "expiry": expiry, "cvv": CVV[:3], **changed}

    message = json.dumps(
        {"encryptedMessage": GOOGLE_DATA, "ephemeralPublicKey": canary_text(33), "tag": canary_text(32)}
    )
    return {
        "visa": card(CARDS["visa"]),
        "mastercard": card(CARDS["mastercard"]),
        "amex": card(CARDS["amex"], cvv=CVV),
        "token": {"type": "card", "token": TOKEN, "tokenType": "network", "expiry": {"month": 5, "year": 2029}},
        "ach": an_ach_method(accountNumber=ACCOUNT),
        "applePay": an_apple_pay_method(data=APPLE_DATA, signature=APPLE_SIGNATURE),
        "googlePay": {
            "type": "googlePay",
            "token": a_google_pay_token(signature=GOOGLE_SIGNATURE, signedMessage=message),
        },
    }


async def every_route(watch: Watch, name: str, method: dict[str, Any], control: dict[str, Any] | None) -> None:
    """A sale, its repeat, what follows it, and every look at it."""
    told: dict[str, Any] = {} if control is None else {"control": control}
    sale = {"method": method, "payer": PAYER, "metadata": {"note": NOTE}, "reference": f"INV-{name}", **told}
    attempt = {
        "attempt": name,
        "billerId": "city-water",
        "method": method["type"],
        "reference": f"INV-{name}",
    }
    await written(watch, "/rollout/decisions", name, attempt)
    sold = await watch.sale(name, **sale)
    await watch.sale(name, **sale)
    await watch.sale(name, **{**sale, "amountMinor": 1})
    if "id" not in sold.body:
        return
    payment_id = sold.body["id"]
    reason = {"reason": "the payer asked for it", **told}
    await written(watch, f"/payments/{payment_id}/refunds", f"{name}-refund", {"amountMinor": 5, **reason})
    await written(watch, f"/payments/{payment_id}/void", f"{name}-void", reason)
    report = {
        "event": "control_reported",
        "reason": "told late",
        "evidence": {},
        "occurredAt": "2026-11-23T18:00:00.000Z",
        "control": CONTROL,
    }
    await written(watch, f"/payments/{payment_id}/state", f"{name}-state", report)
    for path in (f"/payments/{payment_id}", f"/payments/{payment_id}?refresh=true", f"/payments?reference=INV-{name}"):
        # Who looks may wait for Chase, which is asked again.
        await watch.meanwhile(watch.get(path))


async def written(watch: Watch, path: str, key: str, body: dict[str, Any]) -> None:
    headers = {**watch.house.bearer(), "Idempotency-Key": key}
    await watch.call("POST", path, json.dumps(body).encode(), headers)


ENDS: dict[str, tuple[Deed, ...]] = {
    "approved": (answers(200, a_payment()),),
    "refused as a request": (answers(400, {"responseCode": "VALIDATION_ERROR"}),),
    "failing": (answers(500),),
    "unreadable": (answers(200, b"{"),),
    "dropped": (drops_the_line,),
    "reset": (resets_the_line,),
}


@pytest.mark.parametrize("end", ENDS)
async def test_whatever_the_test_endpoint_does(watching: Watching, end: str) -> None:
    async with Peer() as chase:
        chase.does(*ENDS[end])
        at = {"SHADOW_CHASE_BASE_URL": f"{chase.url}/api/v2", "SHADOW_CHASE_TOKEN_URL": f"{chase.url}{TOKEN_PATH}"}
        async with watching(
            chatty=False, ROLLOUT_DECISION_REQUIRED="true", CHASE_BREAKER_FAILURES="1000", **at
        ) as watch:
            watch.hunt = a_hunt()
            assert (await governed(watch.house, document("shadow"))).status == 200
            for number, (name, method) in enumerate(methods().items()):
                await every_route(watch, name, method, CONTROL if number % 2 else None)
            await delivered(watch)
            for _ in range(2):
                await watch.time_passes()
                await watch.meanwhile(watch.house.services.comparison_due.run_once())
                await delivered(watch)
            assert watch.house.simulator.books() == []

        sent = len([call for call in chase.calls if call.method == "POST"])
        assert sent >= len(methods())
        texts = [*watch.sinks.texts(), ("what reached the test endpoint", bytes(chase.written))]
        assert watch.hunt.leaks(texts) == []
    assert {202} < watch.statuses <= {200, 202, 409, 422, 500}
    assert 500 not in watch.statuses


async def test_over_the_bound_and_where_shadow_is_not_set_up(watching: Watching) -> None:
    async with watching(ROLLOUT_DECISION_REQUIRED="true", SHADOW_BACKLOG_MAX="0") as watch:
        watch.hunt = a_hunt()
        assert (await governed(watch.house, document("shadow"))).status == 200
        for name, method in methods().items():
            await every_route(watch, name, method, CONTROL)

    assert watch.statuses == {200}
    assert watch.hunt.leaks(watch.sinks.texts()) == []


async def test_the_hunt_would_find_each_of_them(watching: Watching) -> None:
    """A canary that nobody could find proves nothing."""
    hunt = a_hunt()
    for name, method in methods().items():
        assert hunt.found("a body", json.dumps(method)), name
    assert len(hunt.found("a body", json.dumps([*methods().values(), PAYER, NOTE]))) == 16


async def delivered(watch: Watch) -> None:
    """Everything that is due, while the time passes that it waits for."""
    async with asyncio.timeout(15):
        await watch.house.bus.deliver_due()
        await watch.meanwhile(watch.house.bus.idle())
