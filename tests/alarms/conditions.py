"""What must happen in the service, or around it, for each alarm to stand."""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, cast

from local.environment import MERCHANTS
from shared.wiring.chase import shadow_client
from tests.alarms.conftest import Plant
from tests.builders import a_sale_request, a_submitted_payment
from tests.rollout_stories import a_rule, change

DAY_AND_A_HALF_S = 36 * 3600.0
CAPTURED_AT_ONCE = json.dumps({**MERCHANTS, "county-tax": {**MERCHANTS["county-tax"], "capture_method": "NOW"}})


async def sales(plant: Plant, count: int, named: str = "sale") -> list[int]:
    answers = [await plant.house.sale(f"{named}-{n}", reference=f"INV-{named}-{n}") for n in range(count)]
    return [int(answer.status) for answer in answers]


async def answers_are_lost(plant: Plant) -> None:
    """Every caller hears a 202 for them: only the outcome says so."""
    plant.house.simulator.fault("payment", "drop_before_processing", times=3)
    assert (await sales(plant, 50)).count(202) == 3


async def answers_are_lost_for_hours(plant: Plant) -> None:
    plant.house.simulator.fault("payment", "drop_before_processing", times=2)
    await sales(plant, 60, "before")
    await plant.minutes(20)
    plant.house.simulator.fault("payment", "drop_before_processing", times=1)
    await sales(plant, 45, "after")


async def chase_is_away(plant: Plant) -> None:
    plant.house.simulator.fault("payment", "http_503", times=12)
    await sales(plant, 12)


async def chase_takes_its_time(plant: Plant) -> None:
    plant.house.simulator.fault("payment", "delay", times=20, delay_ms=400)
    asked = plant.house.simulator.calls["payment"]
    under_way = [asyncio.create_task(plant.house.sale(f"slow-{n}", reference=f"SLOW-{n}")) for n in range(20)]
    while plant.house.simulator.calls["payment"] < asked + 20:
        await asyncio.sleep(0.005)
    await plant.house.clock.advance(6)
    await asyncio.gather(*under_way)


async def nobody_knows_for_a_quarter_of_an_hour(plant: Plant) -> None:
    """Look-ups go wrong, so what they do not find counts for nothing."""
    plant.house.simulator.fault("payment", "drop_before_processing")
    assert await sales(plant, 1) == [202]
    await plant.minutes(16)
    await plant.timers()


async def look_ups_find_nothing_of_what_is_there(plant: Plant) -> None:
    plant.house.simulator.fault("payment", "drop_before_processing")
    await sales(plant, 1)
    for _ in range(4):
        await plant.minutes(1)
        await plant.timers()


async def a_message_is_unreadable(plant: Plant) -> None:
    await plant.house.bus.send("chase-retry", b"not one of ours", message_id="message-1")
    await plant.house.bus.idle()


async def nobody_fetches_a_message(plant: Plant) -> None:
    await plant.house.bus.send("no-consumer", b"{}", message_id="message-1")
    plant.sample()
    await plant.minutes(15)


async def the_broker_is_away(plant: Plant) -> None:
    plant.house.publisher.attach(cast(Any, None))
    assert (await plant.house.sale("captured", billerId="county-tax", statementDescriptor="COUNTY TAX*BILL")).body[
        "state"
    ] == "captured"
    await plant.minutes(3)
    await plant.timers()


async def the_ledger_is_away(plant: Plant) -> None:
    await plant.house.sale("captured", billerId="county-tax", statementDescriptor="COUNTY TAX*BILL")
    await plant.house.bus.idle()
    await plant.minutes(16)
    await plant.timers()


async def shadow_asks_about_a_live_merchant(plant: Plant) -> None:
    house = plant.house
    shadow = shadow_client(house.settings, house.clock, house.telemetry)
    assert shadow is not None
    live = house.settings.known_merchants()["city-water"]
    try:
        await shadow.sale(a_sale_request(), a_submitted_payment(), live, send_before_s=house.clock.boot_s() + 10)
    finally:
        await shadow.close()


async def somebody_guesses(plant: Plant) -> None:
    for _ in range(20):
        assert (await plant.house.get("/payments", {})).status == 401


async def history_is_edited(plant: Plant) -> None:
    with closing(sqlite3.connect(plant.house.data / "payments.sqlite3")) as database, database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        assert database.execute("UPDATE history SET actor = 'nobody' WHERE sequence = 1").rowcount > 0
    await plant.house.clock.advance(DAY_AND_A_HALF_S)
    await plant.house.fire("purge")


async def a_row_contradicts_a_rule(plant: Plant) -> None:
    with closing(sqlite3.connect(plant.house.data / "payments.sqlite3")) as database, database:
        assert database.execute("UPDATE operations SET inquire_at = NULL").rowcount > 0
    await plant.house.fire("purge")


async def the_bank_takes_back_what_was_refunded(plant: Plant) -> None:
    house = plant.house
    sold = await house.sale("captured", billerId="county-tax", statementDescriptor="COUNTY TAX*BILL")
    assert (await house.refund(sold.body["id"])).status == 201
    reported = await house.report(sold.body["id"], "charged_back", evidence={"amountMinor": 12599})
    assert reported.status == 200, reported.text


async def the_database_is_at_work_without_a_pause(plant: Plant) -> None:
    for _ in range(6):
        await asyncio.gather(*(plant.house.services.readiness.check() for _ in range(40)))
        await asyncio.gather(*(plant.house.get("/payments") for _ in range(20)))
        await plant.house.clock.advance(0.001)
        plant.sample()


async def nobody_pays_for_an_hour(plant: Plant) -> None:
    await plant.minutes(61)


async def chase_answers_what_cannot_be_read(plant: Plant) -> None:
    plant.house.simulator.fault("payment", "malformed_json")
    await sales(plant, 1)


async def a_pair_differs(plant: Plant) -> None:
    """The existing processor says that it took a cent less than the candidate."""
    house = plant.house
    rule = {**a_rule(), "billerId": "*", "method": "*", "mode": "shadow", "percentage": 100}
    document = {"rules": [rule], "killSwitch": False, "holdAll": False}
    changed = await change(house, document=document, reason="shadow for all", force=True)
    assert changed.status == 200, changed.text
    await house.clock.advance(60)
    asked = {"attempt": "shadowed", "billerId": "city-water", "method": "card", "reference": "INV-SHADOWED"}
    decided = await house.call("POST", "/rollout/decisions", json.dumps(asked).encode(), house.bearer())
    assert decided.body["mode"] == "shadow", decided.text
    control = {"status": "approved", "code": "00", "amountMinor": 12598}
    assert (await house.sale("shadowed", reference="INV-SHADOWED", control=control)).status == 202
    for _ in range(3):
        await house.fire("outbox_sweep")
        await house.bus.idle()
        await house.clock.advance(60)
    await house.fire("comparison_due")


async def live_sales_go_wrong(plant: Plant) -> None:
    """Five of one biller's are lost within its first step: the guard takes it back, and nobody is charged further."""
    rule = {**a_rule(), "percentage": 100}
    document = {"rules": [rule], "killSwitch": False, "holdAll": False}
    changed = await change(plant.house, document=document, reason="live for one", force=True)
    assert changed.status == 200, changed.text
    # The step begins a moment before its first sale.
    await plant.house.clock.advance(1)
    plant.house.simulator.fault("payment", "drop_before_processing", times=5)
    assert await sales(plant, 5) == [202] * 5
    await plant.house.fire("rollout_guard")


async def pairs_are_lost(plant: Plant) -> None:
    """Over the bound of the backlog nothing is written but how many were lost."""
    day = plant.house.clock.now().date().isoformat()
    with closing(sqlite3.connect(plant.house.data / "payments.sqlite3")) as database, database:
        columns = "(id, day, biller_id, method, kind, lost)"
        database.execute(
            f"INSERT INTO shadow_losses {columns} VALUES ('loss-1', ?, 'city-water', 'card', 'sale', 200)",  # noqa: S608 - our names
            (day,),
        )
    await plant.house.fire("comparison_due")


@dataclass(frozen=True)
class Condition:
    """`causes` it, in a house with these settings."""

    causes: Callable[[Plant], Awaitable[None]]
    settings: Mapping[str, str] = field(default_factory=dict)


CONDITIONS: dict[str, Condition] = {
    "slo-burn-fast": Condition(answers_are_lost),
    "slo-burn-slow": Condition(answers_are_lost_for_hours),
    "chase-down": Condition(chase_is_away),
    "chase-slow": Condition(chase_takes_its_time),
    "breaker-open": Condition(chase_is_away, {"CHASE_BREAKER_FAILURES": "3"}),
    "unknown-too-old": Condition(nobody_knows_for_a_quarter_of_an_hour, {"CHASE_LOOKUP_PARAMETER": "requestId"}),
    "positive-control-failing": Condition(
        look_ups_find_nothing_of_what_is_there, {"CHASE_LOOKUP_PARAMETER": "requestId"}
    ),
    "dead-letters": Condition(a_message_is_unreadable),
    "oldest-message": Condition(nobody_fetches_a_message),
    "outbox-age": Condition(the_broker_is_away, {"MERCHANTS": CAPTURED_AT_ONCE}),
    "ledger-lag": Condition(the_ledger_is_away, {"MERCHANTS": CAPTURED_AT_ONCE, "LEDGER_URL": "http://127.0.0.1:9"}),
    "shadow-coverage": Condition(pairs_are_lost),
    "shadow-mismatch": Condition(a_pair_differs),
    "shadow-production-egress": Condition(shadow_asks_about_a_live_merchant),
    "rollout-demoted": Condition(live_sales_go_wrong),
    "authentication-failures": Condition(somebody_guesses),
    "audit-chain-broken": Condition(history_is_edited),
    "invariants-broken": Condition(a_row_contradicts_a_rule),
    "negative-exposure": Condition(the_bank_takes_back_what_was_refunded, {"MERCHANTS": CAPTURED_AT_ONCE}),
    "database-saturation": Condition(the_database_is_at_work_without_a_pause),
    "no-traffic": Condition(nobody_pays_for_an_hour),
    "other-alarm": Condition(chase_answers_what_cannot_be_read),
}
