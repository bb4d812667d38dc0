"""The contract cannot lie: docs/openapi.yaml is held to what the service registers, takes and answers."""

import asyncio
import tomllib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from openapi_spec_validator import validate
from pydantic import BaseModel

import function_app
from docs.openapi_schemas import error_codes
from functions._follow_ups import RefundBody, UpdateBody, VoidBody, read_body
from functions._json import BODY_BYTES_MAX
from functions._requests import read_sale
from functions._rollout import DecisionBody, RolloutBody
from local.registered import registered
from shared.auth.caller import Role
from shared.payments.errors import InvalidRequest
from shared.payments.lifecycle import advanced
from shared.payments.operations import OperationEvent, next_operation_state
from shared.payments.search import PAGE_DEFAULT, PAGE_MAX
from shared.payments.state_machine import Event
from shared.shadow.reading import read_document
from tests import decision_stories as decisions
from tests import follow_up_stories as stories
from tests import rollout_stories
from tests.builders import VISA, a_sale_body
from tests.conftest import OpenHouse
from tests.contract import DOCUMENT, OPERATIONS, departures, errors, resolved
from tests.follow_up_stories import QUEUEING, Story
from tests.house import PREFIX, Answer, House

ROOT = Path(__file__).parents[1]
SCHEMAS = DOCUMENT["components"]["schemas"]
# Each body of what follows a sale, as small as it may be.
FOLLOW_UPS: dict[type[BaseModel], dict[str, Any]] = {
    VoidBody: {"reason": "billed twice"},
    RefundBody: {"reason": "billed twice"},
    UpdateBody: {
        "event": "settled",
        "reason": "so says the bank",
        "evidence": {},
        "occurredAt": "2026-11-23T18:00:00.000Z",
    },
}
SECURED = [name for name, operation in OPERATIONS.items() if operation.role is not None]


def test_is_a_valid_openapi_document() -> None:
    validate(DOCUMENT)


def test_has_every_route_and_method_of_the_app_under_its_function_s_name_and_no_other() -> None:
    served = {
        (function.function.name, method, f"/{function.route}")
        for function in registered(function_app.app, {}).http
        for method in function.methods
    }

    assert {(operation.function, operation.method, operation.path) for operation in OPERATIONS.values()} == served


def test_has_the_route_prefix_of_the_host_and_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert {urlsplit(server["url"]).path for server in DOCUMENT["servers"]} == {f"/{PREFIX}"}
    assert DOCUMENT["info"]["version"] == project["version"]


def test_has_every_error_code_and_says_its_status_nowhere_else_than_the_service_does() -> None:
    codes = error_codes()
    told = [
        (code, status)
        for operation in OPERATIONS.values()
        for status, response in operation.responses.items()
        for code in _codes(response)
    ]

    assert set(SCHEMAS["ErrorCode"]["enum"]) == set(codes)
    assert [(code, status) for code, status in told if codes[code][0] != status] == []


def test_has_the_limits_of_a_page() -> None:
    parameters = OPERATIONS["FindPayments"].described["parameters"]
    [limit] = [parameter["schema"] for parameter in parameters if parameter.get("name") == "limit"]

    assert (limit["maximum"], limit["default"]) == (PAGE_MAX, PAGE_DEFAULT)
    assert SCHEMAS["Page"]["properties"]["items"]["maxItems"] == PAGE_MAX


def test_every_example_is_what_its_schema_says() -> None:
    told = {path: errors(schema, value) for path, schema, value in _examples()}

    assert len(told) >= 12
    assert {path: found for path, found in told.items() if found} == {}


class TestASale:
    BODY = OPERATIONS["Sale"].described["requestBody"]["content"]["application/json"]

    def test_of_the_example_is_taken(self) -> None:
        for example in self.BODY["examples"].values():
            read_sale(example["value"], idempotency_key="attempt-1")

    @pytest.mark.parametrize(
        "changed",
        [
            {},
            {"reference": ""},
            {"reference": "Ä-1"},
            {"billerId": "City Water"},
            {"amountMinor": 0},
            {"amountMinor": 99_999_999_999},
            {"amountMinor": 100_000_000_000},
            {"amountMinor": "12599"},
            {"amountMinor": True},
            {"currency": "usd"},
            {"initiator": "somebody"},
            {"statementDescriptor": None},
            {"statementDescriptor": "abc"},
            {"metadata": {"1st": "x"}},
            {"metadata": {"channel": 1}},
            {"metadata": {f"name{n}": "x" for n in range(21)}},
            {"metadata": {"place": "Zürich 東京"}},
            {"metadata": {"place": "a\nb"}},
            {"control": {"status": "approved", "latencyMs": 12}},
            {"control": {"status": "perhaps"}},
            {"control": None},
            {"tip": 100},
            {"method": {"type": "card", "number": VISA, "expiry": {"month": 13, "year": 2029}}},
            {"method": {"type": "card", "number": VISA, "expiry": {"month": 5, "year": 2029}, "tokenType": "network"}},
            {"method": {"type": "card", "number": VISA, "token": None, "expiry": {"month": 5, "year": 2029}}},
            {"method": {"type": "card", "number": VISA, "token": "tok123", "expiry": {"month": 5, "year": 2029}}},
            {"method": {"type": "card", "token": "tok123", "expiry": {"month": 5, "year": 2029}}},
            {"method": {"type": "card", "token": "t0k", "expiry": {"month": 5, "year": 2029}}},
            {"method": {"type": "card", "expiry": {"month": 5, "year": 2029}}},
            {"method": {"type": "cash"}},
        ],
        ids=str,
    )
    def test_is_taken_by_the_service_if_its_schema_takes_it_and_only_then(self, changed: dict[str, Any]) -> None:
        body = a_sale_body(**changed)

        assert (errors(self.BODY["schema"], body) == []) is _is_taken(body)


OF_A_RETURN = {"event": "returned", "evidence": {"returnCode": "R01", "amountMinor": 1}}
UNKNOWN_OPERATION = "op_" + "0" * 32
CHANGES: list[tuple[type[BaseModel], dict[str, Any]]] = [
    *((model, {}) for model in FOLLOW_UPS),
    *((model, {"reason": reason}) for model in FOLLOW_UPS for reason in ("", "a" * 201, "a\nb", "Zürich", None, 1)),
    *((model, {"tip": 1}) for model in FOLLOW_UPS),
    *((model, {"control": {"status": "perhaps"}}) for model in FOLLOW_UPS),
    *((model, {"control": control}) for model in (VoidBody, RefundBody) for control in (None, {"status": "approved"})),
    *((VoidBody, {"ifCaptured": choice}) for choice in ("reject", "refund", "void", None)),
    *((RefundBody, {"ifNotCaptured": choice}) for choice in ("reject", "refund", "void", None)),
    *((RefundBody, {"amountMinor": amount}) for amount in (1, 99_999_999_999, 100_000_000_000, 0, "1", True, None)),
    *((UpdateBody, {"event": event}) for event in ("charged_back", "captured", "control_reported", None)),
    *((UpdateBody, {"evidence": evidence}) for evidence in (None, [], {"a b": 1}, {"x": 1.5}, {"x": True}, {"x": []})),
    *((UpdateBody, {"evidence": evidence}) for evidence in ({"x": -1}, {"x": ""}, {"x": "a"}, {"x": 99_999_999_999})),
    (UpdateBody, {"evidence": {f"name{n}": "x" for n in range(21)}}),
    *((UpdateBody, {"evidence": {"amountMinor": amount}}) for amount in (0, 1, "1")),
    (UpdateBody, OF_A_RETURN),
    (UpdateBody, {**OF_A_RETURN, "evidence": {"returnCode": "R1", "amountMinor": 1}}),
    (UpdateBody, {**OF_A_RETURN, "evidence": {"returnCode": "R01"}}),
    *(
        (UpdateBody, {"occurredAt": f"2026-11-23T{time}"})
        for time in ("18:00:00Z", "18:00:00+01:00", "18:00:00", "24:00:00Z")
    ),
    *((UpdateBody, {"occurredAt": f"{year}-01-01T00:00:00Z"}) for year in ("1999", "2000", "2099", "2100", "0001")),
    *((UpdateBody, {"operationId": operation}) for operation in (None, UNKNOWN_OPERATION, "op_1", 1)),
    *(
        (UpdateBody, {"event": "resolved_declined", "operationId": operation})
        for operation in (None, UNKNOWN_OPERATION)
    ),
    (UpdateBody, {"event": "resolved_declined"}),
    (UpdateBody, {"event": "control_reported", "control": {"status": "approved"}}),
    (UpdateBody, {"control": {"status": "approved"}}),
]


class TestWhatFollowsASale:
    @pytest.mark.parametrize("operation", ["Void", "Refund", "UpdatePaymentState"])
    def test_of_the_example_is_taken(self, operation: str) -> None:
        [content] = OPERATIONS[operation].described["requestBody"]["content"].values()
        [model] = [each for each in FOLLOW_UPS if content["schema"]["$ref"].endswith(each.__name__)]

        assert [name for name, example in content["examples"].items() if not _is_read(model, example["value"])] == []

    @pytest.mark.parametrize(("model", "changed"), CHANGES, ids=lambda value: getattr(value, "__name__", str(value)))
    def test_is_taken_by_the_service_if_its_schema_takes_it_and_only_then(
        self, model: type[BaseModel], changed: dict[str, Any]
    ) -> None:
        body = {**FOLLOW_UPS[model], **changed}

        assert (errors(SCHEMAS[model.__name__], body) == []) is _is_read(model, body)


class TestTheRollout:
    @pytest.mark.parametrize(
        "changed",
        [
            {},
            {"attempt": ""},
            {"attempt": "a b"},
            {"billerId": "City Water"},
            {"method": "cash"},
            {"reference": " a"},
            {"reference": "a" * 65},
            {"giveUp": True},
            {"giveUp": False},
            {"giveUp": None},
            {"tip": 1},
        ],
        ids=str,
    )
    def test_takes_a_question_if_its_schema_takes_it_and_only_then(self, changed: dict[str, Any]) -> None:
        body = {"attempt": "attempt-1", **rollout_stories.BILL, **changed}

        assert (errors(SCHEMAS["DecisionBody"], body) == []) is _is_read(DecisionBody, body)

    @pytest.mark.parametrize(
        "changed",
        [
            {},
            {"reason": ""},
            {"reason": "a" * 201},
            {"force": True},
            {"force": False},
            {"document": {"rules": []}},
            {"document": {**rollout_stories.OFF, "killSwitch": 1}},
            {"document": {**rollout_stories.OFF, "tip": 1}},
            *(
                {"document": {**rollout_stories.OFF, "rules": [{**rollout_stories.a_rule(), **rule}]}}
                for rule in (
                    {},
                    {"percentage": 101},
                    {"percentage": 1.5},
                    {"mode": "on"},
                    {"method": "*"},
                    {"otherwise": "live"},
                    {"allow": ["INV 1"]},
                    {"allow": [" INV"]},
                    {"deny": ["a" * 65]},
                    {"minimumDwellHours": 2160},
                    {"minimumDwellHours": 2161},
                    {"tip": 1},
                )
            ),
        ],
        ids=str,
    )
    def test_takes_a_document_if_its_schema_takes_it_and_only_then(self, changed: dict[str, Any]) -> None:
        body = {"document": rollout_stories.OFF, "reason": "not yet", **changed}

        assert (errors(SCHEMAS["RolloutBody"], body) == []) is _is_a_version(body)


@pytest.mark.parametrize("name", SECURED)
async def test_says_which_role_an_operation_needs(house: House, name: str) -> None:
    role = OPERATIONS[name].role

    with_it = await CALLS[name](house, house.bearer(roles=[role]))
    with_every_other = await CALLS[name](house, house.bearer(roles=[other for other in Role if other != role]))

    assert with_it.status != 403
    assert with_every_other.status == 403


@pytest.mark.parametrize("event", SCHEMAS["UpdateBody"]["properties"]["event"]["enum"])
async def test_says_which_role_an_event_needs(house: House, event: str) -> None:
    role = OPERATIONS["UpdatePaymentState"].role_of_event(event)

    with_it = await stories.report(house, house.bearer(roles=[role]), event)
    with_every_other = await stories.report(
        house, house.bearer(roles=[other for other in Role if other != role]), event
    )

    assert (with_it.status, with_every_other.status) == (404, 403)


async def _approved(house: House) -> Answer:
    return await house.sale("attempt-1")


async def _replayed(house: House) -> Answer:
    await house.sale("attempt-1")
    return await house.sale("attempt-1")


async def _declined(house: House) -> Answer:
    return await house.sale("attempt-1", amountMinor=521_00)


async def _blocked(house: House) -> Answer:
    await house.sale("attempt-0", amountMinor=502_00)
    return await house.sale("attempt-1")


async def _unknown(house: House) -> Answer:
    house.simulator.fault("payment", "drop_after_processing")
    return await house.sale("attempt-1")


async def _answered_before_chase(house: House) -> Answer:
    house.simulator.fault("payment", "delay", delay_ms=30)
    first = asyncio.create_task(house.sale("attempt-1"))
    while house.simulator.calls["payment"] == 0:
        await asyncio.sleep(0)
    second = await house.sale("attempt-1")
    await first
    return second


async def _another_is_open(house: House) -> Answer:
    await _unknown(house)
    return await house.sale("attempt-2")


async def _another_body(house: House) -> Answer:
    await house.sale("attempt-1")
    return await house.sale("attempt-1", amountMinor=1)


async def _too_large(house: House) -> Answer:
    return await house.call("POST", "/payments", b" " * (BODY_BYTES_MAX + 1), house.bearer())


async def _not_reached(house: House) -> Answer:
    house.simulator.fault("token", "http_503", times=2)
    call = asyncio.create_task(house.sale("attempt-1"))
    while not call.done():
        await house.clock.advance(0.5)
    return call.result()


async def _given_up(house: House) -> Answer:
    refused = await _not_reached(house)
    payment = await house.services.payments.get(refused.body["paymentId"])
    assert payment is not None
    failed = replace(payment.sale, state=next_operation_state(payment.sale.state, OperationEvent.FAILED))
    closed = advanced(payment, Event.SALE_GIVEN_UP, failed, actor="ctp", now=house.clock.now())
    await house.services.payments.save(payment, closed)
    return await house.sale("attempt-1")


async def _read(house: House) -> Answer:
    sold = await house.sale("attempt-1")
    return await house.get(f"/payments/{sold.body['id']}")


async def _read_with_a_parameter_of_its_own(house: House) -> Answer:
    sold = await house.sale("attempt-1")
    return await house.get(f"/payments/{sold.body['id']}?expand=all")


async def _refreshed(house: House) -> Answer:
    lost = await _unknown(house)
    return await house.get(f"/payments/{lost.body['id']}?refresh=true")


async def _read_not_reached(house: House) -> Answer:
    refused = await _not_reached(house)
    return await house.get(f"/payments/{refused.body['paymentId']}")


async def _found(house: House) -> Answer:
    await _declined(house)
    return await house.get("/payments?reference=INV-2026-000123&limit=1")


async def _ready_without_database(house: House) -> Answer:
    await house.services.database.close()
    return await house.get("/health/ready", {})


CALLS: dict[str, Callable[[House, dict[str, str]], Awaitable[Answer]]] = {
    "Sale": lambda house, headers: house.sale("attempt-1", headers=headers),
    "GetPayment": lambda house, headers: house.get("/payments/pay_1", headers),
    "FindPayments": lambda house, headers: house.get("/payments?state=unknown", headers),
    "Void": stories.void,
    "Refund": stories.refund,
    "UpdatePaymentState": stories.report,
    **rollout_stories.CALLS,
}
STORIES: list[tuple[str, int, Story]] = [
    ("Sale", 201, _approved),
    ("Sale", 201, _replayed),
    ("Sale", 202, _unknown),
    ("Sale", 202, stories.sale_waits_with_us),
    ("Sale", 400, lambda house: house.sale("attempt-1", amountMinor=1.5)),
    ("Sale", 400, lambda house: house.sale()),
    ("Sale", 402, _declined),
    ("Sale", 402, _blocked),
    ("Sale", 200, decisions.left_to_existing),
    ("Sale", 202, decisions.in_shadow),
    ("Sale", 409, decisions.too_late),
    ("Sale", 422, decisions.of_another_bill),
    ("Sale", 409, _answered_before_chase),
    ("Sale", 409, _another_is_open),
    ("Sale", 413, _too_large),
    ("Sale", 422, _another_body),
    ("Sale", 502, _given_up),
    ("Sale", 503, _not_reached),
    ("GetPayment", 200, _read),
    ("GetPayment", 200, _refreshed),
    ("GetPayment", 200, _read_not_reached),
    ("GetPayment", 400, _read_with_a_parameter_of_its_own),
    ("GetPayment", 404, lambda house: house.get("/payments/pay_1")),
    ("FindPayments", 200, _found),
    ("FindPayments", 200, lambda house: house.get("/payments?state=settled")),
    ("FindPayments", 400, lambda house: house.get("/payments?limit=101")),
    ("Void", 201, stories.voided),
    ("Void", 201, stories.void_again),
    ("Void", 201, stories.void_or_refund),
    ("Void", 201, stories.void_of_what_waits),
    ("Void", 202, stories.void_lost),
    ("Void", 202, stories.void_waits),
    ("Void", 400, stories.unreadable("void", Idempotency_Key="void-1")),
    ("Void", 400, stories.unreadable("void")),
    ("Void", 402, stories.void_as_a_refund_declined),
    ("Void", 404, lambda house: house.void(stories.NOWHERE)),
    ("Void", 409, stories.void_at_work),
    ("Void", 409, stories.void_too_near),
    ("Void", 409, stories.void_after_the_capture),
    ("Void", 409, stories.void_that_failed),
    ("Void", 413, stories.too_large("void")),
    ("Void", 422, stories.void_of_another_body),
    ("Refund", 201, stories.refunded_in_part),
    ("Refund", 201, stories.refund_again),
    ("Refund", 201, stories.refund_or_void),
    ("Refund", 202, stories.refund_lost),
    ("Refund", 202, stories.refund_waits),
    ("Refund", 400, stories.unreadable("refunds", Idempotency_Key="refund-1")),
    ("Refund", 400, stories.unreadable("refunds")),
    ("Refund", 402, stories.refund_declined),
    ("Refund", 402, stories.refund_declined_again),
    ("Refund", 404, lambda house: house.refund(stories.NOWHERE)),
    ("Refund", 409, stories.refund_before_the_capture),
    ("Refund", 409, stories.refund_on_hold),
    ("Refund", 409, stories.refund_at_work),
    ("Refund", 409, stories.refund_beside_another),
    ("Refund", 409, stories.refund_that_failed),
    ("Refund", 413, stories.too_large("refunds")),
    ("Refund", 422, stories.refund_of_too_much),
    ("Refund", 422, stories.refund_of_another_body),
    ("UpdatePaymentState", 200, stories.settled),
    ("UpdatePaymentState", 200, stories.settled_again),
    ("UpdatePaymentState", 200, stories.returned),
    ("UpdatePaymentState", 200, stories.sale_resolved),
    ("UpdatePaymentState", 400, stories.unreadable("state", If_Match='"1"')),
    ("UpdatePaymentState", 404, lambda house: house.report(stories.NOWHERE, "settled")),
    ("UpdatePaymentState", 409, stories.settled_too_early),
    ("UpdatePaymentState", 409, stories.resolved_without_need),
    ("UpdatePaymentState", 409, stories.control_of_a_live_payment),
    ("UpdatePaymentState", 412, stories.stale),
    ("UpdatePaymentState", 413, stories.too_large("state")),
    ("UpdatePaymentState", 428, stories.without_a_version),
    *rollout_stories.STORIES,
    ("Live", 200, lambda house: house.get("/health/live", {})),
    ("Ready", 200, lambda house: house.get("/health/ready", {})),
    ("Ready", 503, _ready_without_database),
]


@pytest.mark.parametrize(("operation", "status", "story"), STORIES)
async def test_says_what_the_service_answers(opened: OpenHouse, operation: str, status: int, story: Story) -> None:
    async with opened(MERCHANTS=QUEUEING) as house:
        answer = await story(house)

    assert answer.status == status
    assert departures(answer, operation) == []


@pytest.mark.parametrize("operation", SECURED)
class TestAnySecuredOperation:
    async def test_says_what_a_stranger_hears(self, house: House, operation: str) -> None:
        answer = await CALLS[operation](house, {"Authorization": ""})

        assert answer.status == 401
        assert departures(answer, operation) == []

    async def test_says_what_a_caller_without_the_role_hears(self, house: House, operation: str) -> None:
        answer = await CALLS[operation](house, house.bearer(roles=[]))

        assert answer.status == 403
        assert departures(answer, operation) == []

    async def test_says_what_a_fault_of_ours_looks_like(self, house: House, operation: str) -> None:
        await house.services.database.close()

        answer = await CALLS[operation](house, house.bearer())

        assert answer.status == 500
        assert departures(answer, operation) == []


def test_promises_no_answer_that_is_not_shown_here() -> None:
    shown = {(operation, status) for operation, status, _ in STORIES}
    shown |= {(operation, status) for operation in SECURED for status in (401, 403, 500)}

    assert {(name, status) for name, operation in OPERATIONS.items() for status in operation.responses} == shown


def _is_taken(body: dict[str, Any]) -> bool:
    try:
        read_sale(body, idempotency_key="attempt-1")
    except InvalidRequest:
        return False
    return True


def _is_read(model: type[BaseModel], body: dict[str, Any]) -> bool:
    try:
        read = read_body(model, body)
        if isinstance(read, UpdateBody):
            read.update()
    except InvalidRequest:
        return False
    return True


def _is_a_version(body: dict[str, Any]) -> bool:
    try:
        read_document(read_body(RolloutBody, body).document, billers=["city-water", "county-tax"])
    except InvalidRequest:
        return False
    return True


def _codes(response: dict[str, Any]) -> list[str]:
    schema = response["content"].get("application/problem+json", {}).get("schema", {})
    code = schema.get("properties", {}).get("code", {})
    return code.get("enum") or ([code["const"]] if code else [])


def _examples() -> Iterator[tuple[str, dict[str, Any], Any]]:
    for name, operation in OPERATIONS.items():
        described = {"body": operation.described.get("requestBody", {}), **operation.responses}
        for part, node in described.items():
            for content in node.get("content", {}).values():
                for example, value in content.get("examples", {}).items():
                    yield f"{name} {part} {example}", content["schema"], resolved(value)["value"]
