"""
Every route but the health ones asks who calls, what they may do, and for whom: walked over the app itself.

A function that is not in DOORS fails here, so no route can be added without saying whom it lets in.
"""

import json
from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import function_app
from local.environment import HMAC_KEY_ID
from local.keys import LocalKeys
from local.registered import declared
from shared.auth.caller import Role
from tests.builders import a_sale_body, an_ach_method
from tests.conftest import OpenHouse
from tests.functions.forgeries import FORGED_SIGNATURES, FORGED_TOKENS, Premises, other_key, signed_by
from tests.functions.routes import Door, Doors, Route, http_routes, over
from tests.functions.traces import no_trace, traces
from tests.functions.writes import REFUND, REPORT, VOID, WITHOUT_HOLD
from tests.house import PREFIX, Answer, House
from tests.rollout_stories import BILL, OFF

DOORS: Doors = {
    "Live": Door(None),
    "Ready": Door(None),
    "Sale": Door(Role.WRITE, HTTPStatus.FORBIDDEN, body=a_sale_body(reference="INV-2")),
    "GetPayment": Door(Role.READ, HTTPStatus.NOT_FOUND),
    "Void": Door(Role.WRITE, HTTPStatus.NOT_FOUND, body=VOID.body),
    "Refund": Door(Role.WRITE, HTTPStatus.NOT_FOUND, body=REFUND.body, captured=True),
    "UpdatePaymentState": Door(Role.OPERATE, HTTPStatus.NOT_FOUND, body=REPORT.body, captured=True),
    "FindPayments": Door(Role.READ, HTTPStatus.OK, query="?reference=INV-2026-000123"),
    "DecideRollout": Door(
        Role.WRITE, HTTPStatus.FORBIDDEN, body={"attempt": "attempt-2", **BILL, "reference": "INV-2"}
    ),
    # The document, and the report, are about every biller.
    "RolloutConfig": {
        "GET": Door(Role.OPERATE, HTTPStatus.FORBIDDEN),
        "PUT": Door(Role.OPERATE, HTTPStatus.FORBIDDEN, body={"document": OFF, "reason": "not yet"}, version=0),
    },
    "ShadowReport": Door(Role.OPERATE, HTTPStatus.FORBIDDEN),
}

ROUTES = http_routes(DOORS)
OPEN = [route for route in ROUTES if route.door.role is None]
GUARDED = [route for route in ROUTES if route not in OPEN]
WRITES = [route for route in GUARDED if route.method != "GET"]

# What everybody hears who is not let in, whatever the reason. `instance` is the path they asked for.
REFUSAL = {
    "type": "urn:ic-chase-payments:problem:unauthenticated",
    "title": "Authentication is required",
    "status": 401,
    "code": "unauthenticated",
    "detail": "Authentication is required",
}


@pytest.fixture(scope="module")
def strangers_key() -> str:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="module")
def signed_before() -> dict[str, str]:
    """Tokens that an earlier test has paid for: signing one takes 30 ms."""
    return {}


@pytest.fixture
async def premises(
    opened: OpenHouse, keys: LocalKeys, strangers_key: str, signed_before: dict[str, str]
) -> AsyncIterator[Premises]:
    callers = {
        "ctp": {"keys": {HMAC_KEY_ID: keys.hmac_key.reveal()}, "roles": list(Role), "billers": "*"},
        "nobody": {"keys": {"no-role": other_key("no-role").reveal()}, "roles": [], "billers": "*"},
        "county": {"keys": {"county": other_key("county").reveal()}, "roles": list(Role), "billers": ["county-tax"]},
    }
    async with opened(HMAC_CALLERS=json.dumps(callers), MERCHANTS=WITHOUT_HOLD) as house:
        house.signed.update(signed_before)
        sold = await house.signed_sale("attempt-1")
        captured = await house.signed_sale("attempt-3", reference="INV-3", method=an_ach_method())
        yield Premises(house, sold.body["id"], strangers_key, captured.body["id"])
        signed_before.update(house.signed)


def assert_refused(premises: Premises, route: Route, answer: Answer, reason: str) -> None:
    path = premises.path(route).partition("?")[0]
    assert answer.status == 401
    assert answer.body == {**REFUSAL, "instance": f"/{PREFIX}{path}"}
    assert answer.headers["www-authenticate"] == "Bearer, IC-HMAC-SHA256"
    assert answer.headers["content-type"] == "application/problem+json"
    name, fields = premises.house.telemetry.events[-1]
    assert (name, str(fields["reason"])[: len(reason)]) == ("auth.refused", reason)


class TestTheAppItself:
    def test_has_no_route_that_this_table_does_not_know(self) -> None:
        known = {(name, method) for name, door in DOORS.items() if isinstance(door, dict) for method in door}

        assert {route.name for route in ROUTES} == set(DOORS)
        assert {(route.name, route.method) for route in ROUTES if isinstance(DOORS[route.name], dict)} == known

    def test_opens_the_health_routes_alone_to_anybody(self) -> None:
        open_to_all = {route.template for route in OPEN}

        assert open_to_all == {"health/live", "health/ready"}

    def test_leaves_authentication_to_us_and_not_to_the_platforms_keys(self) -> None:
        levels = {each.get_trigger().get_dict_repr().get("authLevel") for each in declared(function_app.app)} - {None}

        assert [str(getattr(level, "value", level)).lower() for level in levels] == ["anonymous"]

    def test_gives_timers_and_queues_no_http_route(self) -> None:
        others = [
            each.get_trigger().get_dict_repr()
            for each in declared(function_app.app)
            if each.get_function_name() not in DOORS
        ]

        assert {trigger["type"] for trigger in others} <= {"timerTrigger", "serviceBusTrigger"}
        assert not any("route" in trigger for trigger in others)

    async def test_answers_404_where_a_timers_name_is_asked_for(self, house: House) -> None:
        names = [
            each.get_function_name() for each in declared(function_app.app) if each.get_function_name() not in DOORS
        ]

        answers = [await house.call(method, f"/{name}") for name in names for method in ("GET", "POST")]

        assert answers
        assert {answer.status for answer in answers} == {404}


@over(OPEN)
async def test_a_health_route_asks_nobody_who_they_are(premises: Premises, route: Route) -> None:
    answer = await premises.call(route, {})

    assert answer.status == 200


@over(GUARDED)
class TestEachRoute:
    """The positive case first: without it, a route that refuses everybody would pass the others."""

    @pytest.mark.parametrize("scheme", ["token", "signature"])
    async def test_lets_a_good_caller_in(self, premises: Premises, route: Route, scheme: str) -> None:
        headers = premises.house.bearer() if scheme == "token" else premises.signature(route)

        answer = await premises.call(route, headers)

        assert answer.status < 300
        assert "auth.refused" not in dict(premises.house.telemetry.events)

    @pytest.mark.parametrize("forgery", FORGED_TOKENS)
    async def test_refuses_by_token(self, premises: Premises, route: Route, forgery: str) -> None:
        made, reason = FORGED_TOKENS[forgery]

        async with no_trace(premises.house):
            answer = await premises.call(route, made(premises))

        assert_refused(premises, route, answer, reason)

    @pytest.mark.parametrize("forgery", FORGED_SIGNATURES)
    async def test_refuses_by_signature(self, premises: Premises, route: Route, forgery: str) -> None:
        made, reason = FORGED_SIGNATURES[forgery]

        async with no_trace(premises.house):
            answer = await premises.call(route, made(premises, route))

        assert_refused(premises, route, answer, reason)

    @pytest.mark.parametrize("roles", ["every other", "none", "nearly"])
    async def test_refuses_a_caller_without_the_role(self, premises: Premises, route: Route, roles: str) -> None:
        wanted = str(route.door.role)
        held = {"every other": [role for role in Role if role != wanted], "none": [], "nearly": [wanted.lower()]}[roles]

        async with no_trace(premises.house):
            answer = await premises.call(route, premises.house.bearer(roles=held))

        assert (answer.status, answer.body["code"]) == (403, "forbidden")
        assert "amountMinor" not in answer.text

    async def test_refuses_a_signer_without_the_role(self, premises: Premises, route: Route) -> None:
        async with no_trace(premises.house):
            answer = await premises.call(route, signed_by(premises, route, "no-role", other_key("no-role")))

        assert (answer.status, answer.body["code"]) == (403, "forbidden")

    @pytest.mark.parametrize("billers", [["county-tax"], [], ["*"], ["CITY-WATER"]], ids=str)
    async def test_shows_and_does_nothing_for_another_biller(
        self, premises: Premises, route: Route, billers: list[str]
    ) -> None:
        async with no_trace(premises.house):
            answer = await premises.call(route, premises.house.bearer(billers=billers))

        assert answer.status == route.door.foreign
        assert "amountMinor" not in answer.text
        if answer.status == HTTPStatus.OK:
            assert answer.body == {"items": [], "nextCursor": None}

    async def test_shows_and_does_nothing_for_the_signer_of_another_biller(
        self, premises: Premises, route: Route
    ) -> None:
        async with no_trace(premises.house):
            answer = await premises.call(route, signed_by(premises, route, "county", other_key("county")))

        assert answer.status == route.door.foreign
        assert "amountMinor" not in answer.text


@over(WRITES)
async def test_a_signed_write_is_taken_once(premises: Premises, route: Route) -> None:
    headers = premises.signature(route, nonce="once")
    first = await premises.call(route, headers)

    async with no_trace(premises.house):
        again = await premises.call(route, headers)

    assert first.status < 300
    assert_refused(premises, route, again, "nonce seen before")


class TestRefresh:
    """`?refresh=true` asks Chase, so it needs Operate beside Read."""

    @pytest.mark.parametrize("roles", [[Role.READ], [Role.READ, Role.WRITE], [Role.OPERATE]], ids=str)
    async def test_is_refused_without_both_roles(self, premises: Premises, roles: list[Role]) -> None:
        async with no_trace(premises.house):
            answer = await premises.house.get(
                f"/payments/{premises.payment_id}?refresh=true", premises.house.bearer(roles=roles)
            )

        assert (answer.status, answer.body["code"]) == (403, "forbidden")

    async def test_asks_chase_for_a_caller_with_both(self, premises: Premises) -> None:
        before = await traces(premises.house)

        answer = await premises.house.get(
            f"/payments/{premises.payment_id}?refresh=true", premises.house.bearer(roles=[Role.READ, Role.OPERATE])
        )

        assert answer.status == 200
        assert (await traces(premises.house)).calls == {**before.calls, "inquiry": 1}

    async def test_that_is_false_needs_no_more_than_read(self, premises: Premises) -> None:
        async with no_trace(premises.house):
            answer = await premises.house.get(
                f"/payments/{premises.payment_id}?refresh=false", premises.house.bearer(roles=[Role.READ])
            )

        assert answer.status == 200

    async def test_of_another_billers_payment_is_404_like_any_look(self, premises: Premises) -> None:
        async with no_trace(premises.house):
            answer = await premises.house.get(
                f"/payments/{premises.payment_id}?refresh=true", premises.house.bearer(billers=["county-tax"])
            )

        assert answer.status == 404


class TestAudit:
    """`AUTH_MODE=audit`: who would be refused gets in, and is written down."""

    async def test_lets_a_stranger_in_and_records_why_it_would_not(self, opened: OpenHouse) -> None:
        async with opened(AUTH_MODE="audit") as house:
            sold = await house.call(
                "POST", "/payments", json.dumps(a_sale_body()).encode(), {"Idempotency-Key": "attempt-1"}
            )

            assert sold.status == 201
            assert ("auth.would_refuse", {"reason": "no Authorization header"}) in house.telemetry.events
            assert sold.body["history"][0]["actor"] == "unauthenticated"

    async def test_knows_a_good_caller_by_name(self, opened: OpenHouse) -> None:
        async with opened(AUTH_MODE="audit") as house:
            sold = await house.sale("attempt-1")

            assert sold.body["history"][0]["actor"] == "ctp"
            assert "auth.would_refuse" not in dict(house.telemetry.events)

    async def test_still_minds_the_role_of_a_caller_it_knows(self, opened: OpenHouse) -> None:
        async with opened(AUTH_MODE="audit") as house:
            answer = await house.sale("attempt-1", headers=house.bearer(roles=[Role.READ]))

            assert answer.status == 403
