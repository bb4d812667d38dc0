"""A rollout document from outside: taken whole, or refused whole with every problem and its path."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.payments.errors import InvalidRequest
from shared.shadow.document import DWELL_HOURS_DEFAULT, Document, Mode
from shared.shadow.reading import LIST_MAX, PROBLEMS_MAX, RULES_MAX, read_document
from tests.builders import VISA
from tests.shadow.scenes import BILLERS
from tests.shadow.steady import steady


def rule(**changed: Any) -> dict[str, Any]:
    return {"billerId": "city-water", "method": "card", "mode": "live", "percentage": 10, **changed}


def body(*rules: Any, **changed: Any) -> dict[str, Any]:
    return {"rules": list(rules), "killSwitch": False, "holdAll": False, **changed}


def refused(document: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refusal:
        read_document(document, billers=BILLERS)
    return {error.field: error.message for error in refusal.value.errors}


def test_a_rule_that_says_little_is_careful() -> None:
    read = read_document(body(rule()), billers=BILLERS).rules[0]

    assert (read.otherwise, read.allow, read.deny) == (Mode.OFF, frozenset(), frozenset())
    assert read.minimum_dwell_hours == DWELL_HOURS_DEFAULT


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"percentage": -1}, "percentage"),
        ({"percentage": 101}, "percentage"),
        ({"percentage": 10.0}, "percentage"),
        ({"percentage": True}, "percentage"),
        ({"percentage": "10"}, "percentage"),
        ({"billerId": "city-gas"}, "billerId"),
        ({"billerId": ["city-water"]}, "billerId"),
        ({"method": "cheque"}, "method"),
        ({"method": None}, "method"),
        ({"mode": "on"}, "mode"),
        ({"otherwise": "live"}, "otherwise"),
        ({"mode": "off", "otherwise": "shadow"}, "otherwise"),
        ({"allow": "INV-1"}, "allow"),
        ({"allow": [""]}, "allow"),
        ({"allow": [7]}, "allow"),
        ({"deny": ["x" * 65]}, "deny"),
        ({"deny": ["INV"] * (LIST_MAX + 1)}, "deny"),
        ({"allow": ["INV-1"], "deny": ["INV-1"]}, "deny"),
        ({"minimumDwellHours": -1}, "minimumDwellHours"),
        ({"minimumDwellHours": 24 * 91}, "minimumDwellHours"),
        ({"percent": 10}, "percent"),
    ],
)
def test_what_is_wrong_in_a_rule_is_named_by_its_path(changed: dict[str, Any], field: str) -> None:
    assert list(refused(body(rule(method="ach"), rule(**changed)))) == [f"document.rules.1.{field}"]


@pytest.mark.parametrize("name", ["billerId", "method", "mode", "percentage"])
def test_what_a_rule_must_say_is_missed(name: str) -> None:
    lacking = {key: value for key, value in rule().items() if key != name}

    assert refused(body(lacking)) == {f"document.rules.0.{name}": "is required"}


def test_a_document_says_both_switches_so_that_leaving_one_out_releases_nothing() -> None:
    assert refused({"rules": []}) == {"document.killSwitch": "is required", "document.holdAll": "is required"}


@pytest.mark.parametrize("value", [None, [], "off", 1])
def test_what_is_no_object_is_no_document_and_no_rule(value: Any) -> None:
    assert "rules, killSwitch, holdAll" in refused(value)["document"]
    assert "billerId, method, mode" in refused(body(value))["document.rules.0"]


@pytest.mark.parametrize("rules", [None, {}, "all", [{}] * (RULES_MAX + 1)], ids=["none", "object", "text", "many"])
def test_rules_are_a_list_of_bounded_length(rules: Any) -> None:
    assert list(refused({**body(), "rules": rules})) == ["document.rules"]


@pytest.mark.parametrize("switch", ["killSwitch", "holdAll"])
@pytest.mark.parametrize("value", [0, "false", None])
def test_a_switch_is_true_or_false_and_nothing_like_it(switch: str, value: Any) -> None:
    assert refused(body(**{switch: value})) == {f"document.{switch}": "write true or false"}


def test_two_rules_of_one_biller_and_method_overlap() -> None:
    overlapping = body(rule(), rule(method="*"), rule(percentage=20), rule(mode="off"))

    found = refused(overlapping)

    assert list(found) == ["document.rules.2", "document.rules.3"]
    assert "rule 0" in found["document.rules.3"]


def test_every_problem_is_told_at_once() -> None:
    found = refused(
        body(rule(percentage=500, mode="on"), "all", rule(billerId=7), rule(), rule(), killSwitch="yes", x=1)
    )

    assert set(found) == {
        "document.x",
        "document.killSwitch",
        "document.rules.0.percentage",
        "document.rules.0.mode",
        "document.rules.1",
        "document.rules.2.billerId",
        "document.rules.3",
        "document.rules.4",
    }


def test_who_has_too_many_problems_hears_the_first_of_them() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        read_document(body(*({} for _ in range(RULES_MAX))), billers=BILLERS)

    assert len(refusal.value.errors) == PROBLEMS_MAX


@pytest.mark.parametrize("name", [VISA, f"x{VISA}", "no name", "ß", "a" * 41])
def test_a_field_is_named_back_only_if_it_looks_like_a_name(name: str) -> None:
    assert list(refused(body(rule(**{name: 1})))) == ["document.rules.0.(unnamed)"]


def test_what_was_stored_is_read_though_a_biller_has_left_the_settings() -> None:
    stored = body(rule(billerId="city-gas"), rule(billerId="*"))

    assert [read.biller_id for read in read_document(stored, billers=None).rules] == ["city-gas", "*"]
    with pytest.raises(InvalidRequest, match="billerId"):
        read_document(body(rule(billerId="")), billers=None)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ["billerId", "method", "mode", "percentage", "otherwise", "allow", "deny", "minimumDwellHours", "mod"]
ANY_RULE = ANY_JSON | st.dictionaries(
    st.sampled_from(FIELDS), ANY_JSON | st.sampled_from(["city-water", "*", "card", "live", "off", 10]), max_size=9
)


@steady
@given(st.fixed_dictionaries({"rules": st.lists(ANY_RULE, max_size=4), "killSwitch": ANY_JSON, "holdAll": ANY_JSON}))
def test_whatever_is_sent_becomes_a_document_or_a_refusal(anything: dict[str, Any]) -> None:
    with suppress(InvalidRequest):
        assert isinstance(read_document(anything, billers=BILLERS), Document)
