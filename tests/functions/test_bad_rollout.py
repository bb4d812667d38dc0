"""A rollout document that is wrong anywhere is refused whole, by the path of what is wrong, and the old one stays."""

import json
from typing import Any

import pytest

from tests.conftest import OpenHouse
from tests.house import Answer, House

RULE = {"billerId": "city-water", "method": "card", "mode": "live", "percentage": 10}
OTHER = {"billerId": "county-tax", "method": "card", "mode": "shadow", "percentage": 100}
AT = "document.rules.1"


async def put(house: House, document: Any, *, version: str | None = '"0"', **changed: Any) -> Answer:
    told = {"document": document, "reason": "a step", "force": True, **changed}
    body = json.dumps({name: value for name, value in told.items() if value is not None}).encode()
    matched = {} if version is None else {"If-Match": version}
    return await house.call("PUT", "/rollout/config", body, {**house.bearer(), **matched})


def a_document(*rules: Any, **changed: Any) -> dict[str, Any]:
    return {"rules": list(rules), "killSwitch": False, "holdAll": False, **changed}


BAD = [
    pytest.param(a_document(RULE, {**RULE, "percentage": 20}), AT, id="two rules of one biller and method"),
    pytest.param(a_document(OTHER, {**RULE, "percentage": 101}), f"{AT}.percentage", id="over a hundred"),
    pytest.param(a_document(OTHER, {**RULE, "percentage": -1}), f"{AT}.percentage", id="below zero"),
    pytest.param(a_document(OTHER, {**RULE, "percentage": 9.5}), f"{AT}.percentage", id="half a per cent"),
    pytest.param(a_document(OTHER, {**RULE, "percentage": "10"}), f"{AT}.percentage", id="a text"),
    pytest.param(a_document(OTHER, {**RULE, "percentage": True}), f"{AT}.percentage", id="true"),
    pytest.param(a_document(OTHER, {**RULE, "billerId": "city-wate"}), f"{AT}.billerId", id="an unknown biller"),
    pytest.param(a_document(OTHER, {**RULE, "method": "cheque"}), f"{AT}.method", id="an unknown method"),
    pytest.param(a_document(OTHER, {**RULE, "mode": "on"}), f"{AT}.mode", id="an unknown mode"),
    pytest.param(a_document(OTHER, {**RULE, "percent": 10}), f"{AT}.percent", id="an unknown field of a rule"),
    pytest.param(a_document(RULE, killswitch=True), "document.killswitch", id="an unknown field of the document"),
    pytest.param(a_document(OTHER, {**RULE, "otherwise": "live"}), f"{AT}.otherwise", id="otherwise live"),
    pytest.param(a_document(OTHER, "a rule"), AT, id="a rule that is none"),
    pytest.param({"rules": {}, "killSwitch": False, "holdAll": False}, "document.rules", id="rules that are none"),
    pytest.param({"rules": []}, "document.killSwitch", id="no kill switch"),
]


@pytest.mark.parametrize(("document", "path"), BAD)
async def test_names_its_path_and_leaves_the_old_one(opened: OpenHouse, document: Any, path: str) -> None:
    async with opened() as house:
        written = await put(house, a_document(RULE))

        refused = await put(house, document, version='"1"')

        assert written.status == 200
        assert (refused.status, refused.body["code"]) == (400, "invalid-request")
        assert path in [error["field"] for error in refused.body["errors"]]
        stands = await house.get("/rollout/config")
        assert (stands.headers["etag"], stands.body["document"]) == ('"1"', written.body["document"])


async def test_of_several_faults_names_each(opened: OpenHouse) -> None:
    async with opened() as house:
        refused = await put(house, a_document({**RULE, "percentage": 101, "method": "cheque"}, {**OTHER, "mode": "on"}))

        fields = [error["field"] for error in refused.body["errors"]]
        assert fields == ["document.rules.0.method", "document.rules.0.percentage", "document.rules.1.mode"]


@pytest.mark.parametrize(
    ("version", "status", "code"),
    [
        ('"0"', 412, "stale-version"),
        ('"2"', 412, "stale-version"),
        (None, 428, "version-missing"),
        ("1", 400, "invalid-request"),
        ('"01"', 400, "invalid-request"),
        ("*", 400, "invalid-request"),
    ],
)
async def test_against_another_version_than_stands_changes_nothing(
    opened: OpenHouse, version: str | None, status: int, code: str
) -> None:
    async with opened() as house:
        await put(house, a_document(RULE))

        refused = await put(house, a_document(), version=version)

        assert (refused.status, refused.body["code"]) == (status, code)
        assert "payment" not in refused.body["title"]
        assert (await house.get("/rollout/config")).headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("rule", "is_refused"),
    [
        (OTHER, True),
        ({**RULE, "otherwise": "shadow"}, True),
        ({**OTHER, "billerId": "*"}, True),
        ({**OTHER, "percentage": 0}, False),
        (RULE, False),
    ],
    ids=["in shadow", "otherwise in shadow", "all in shadow", "none in shadow", "live"],
)
async def test_that_shadows_where_shadow_is_not_set_up_is_refused(
    opened: OpenHouse, rule: dict[str, Any], is_refused: bool
) -> None:
    none = {name: "" for name in ("SHADOW_CHASE_BASE_URL", "SHADOW_CHASE_TOKEN_URL", "SHADOW_CHASE_CLIENT_ID")}
    unset = {**none, "SHADOW_CHASE_CLIENT_SECRET": "", "SHADOW_MERCHANT_IDS": "{}"}
    async with opened(**unset) as house:
        told = await put(house, a_document(rule))

        assert told.status == (400 if is_refused else 200)
        if is_refused:
            assert [error["field"] for error in told.body["errors"]] == ["document.rules.0"]
            assert (await house.get("/rollout/config")).headers["etag"] == '"0"'


async def test_beyond_the_evidence_is_refused_unless_it_is_forced(opened: OpenHouse) -> None:
    async with opened() as house:
        await put(house, a_document({**RULE, "mode": "off", "percentage": 100}))

        refused = await put(house, a_document(RULE), version='"1"', force=None)
        forced = await put(house, a_document(RULE), version='"1"')

        assert (refused.status, forced.status) == (409, 200)
        assert (forced.body["forced"], forced.body["reason"]) == (True, "a step")
