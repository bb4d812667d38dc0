"""Shadow's locks against real money, each by itself: credential, hosts, merchants. Settings cannot open one."""

import json
from typing import Any

import pytest

from local.clock import ManualClock
from shared.chase import codes
from shared.payments.outcome import NoAnswer, NotSent
from shared.settings import Settings, SettingsError
from shared.telemetry import RecordedTelemetry
from shared.wiring.chase import shadow_client, shadow_endpoint
from tests.builders import CITY_WATER, NOW, a_sale_request, a_submitted_payment
from tests.test_settings import an_environment

# Nobody listens there: what would be sent fails otherwise than what is refused.
NOWHERE = "http://127.0.0.1:9"
SHADOW = {
    "SHADOW_CHASE_BASE_URL": NOWHERE,
    "SHADOW_CHASE_TOKEN_URL": NOWHERE,
    "SHADOW_CHASE_CLIENT_ID": "shadow-client",
    "SHADOW_CHASE_CLIENT_SECRET": "shadow-secret",
    "SHADOW_MERCHANT_IDS": json.dumps({"city-water": "998482157640"}),
}


def settings(**changed: str) -> Settings:
    live = {"city-water": {"merchant_id": "998482157630"}}
    return Settings.from_environment(an_environment(MERCHANTS=json.dumps(live), **{**SHADOW, **changed}))


@pytest.mark.parametrize("name", ["SHADOW_CHASE_BASE_URL", "SHADOW_CHASE_TOKEN_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "https://api-ms.payments.jpmorgan.com/api/v2",
        "https://api.payments.jpmorgan.com/api/v2",
        "https://api-mock.payments.jpmorgan.com.example.com",
    ],
)
def test_a_host_that_is_not_one_of_chases_for_tests_stops_the_start(name: str, url: str) -> None:
    with pytest.raises(SettingsError, match=name):
        shadow_endpoint(settings(**{name: url}))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"SHADOW_CHASE_CLIENT_ID": an_environment()["CHASE_CLIENT_ID"]}, "SHADOW_CHASE_CLIENT_ID"),
        ({"SHADOW_MERCHANT_IDS": json.dumps({"city-water": "998482157630"})}, "SHADOW_MERCHANT_IDS"),
        ({"SHADOW_MERCHANT_IDS": json.dumps({"county-tax": "998482157641"})}, "SHADOW_MERCHANT_IDS"),
    ],
    ids=["the production credential", "a production merchant", "no merchant of its own"],
)
def test_what_would_join_shadow_with_production_stops_the_start(changed: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        settings(**changed)


async def test_under_a_production_merchant_nothing_is_sent_or_asked_and_a_person_is_told() -> None:
    telemetry, clock = RecordedTelemetry(), ManualClock(NOW)
    client: Any = shadow_client(settings(), clock, telemetry)
    payment = a_submitted_payment()

    sold = await client.sale(a_sale_request(), payment, CITY_WATER, send_before_s=1e9)
    found = await client.find_sale("r-1", CITY_WATER)
    await client.close()

    assert isinstance(sold, NotSent)
    assert isinstance(found, NoAnswer)
    assert {sold.code, found.code} == {codes.SHADOW_REFUSED}
    assert telemetry.alarms == [("shadow.production_egress", {"billerId": "city-water"})] * 2
