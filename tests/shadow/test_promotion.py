"""A new document may go up one step where the evidence allows it, and down at any time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.payments.requests import MethodType
from shared.shadow.document import ALL, Document, Mode, Rule, Scope
from shared.shadow.evidence import Arms, standing_of
from shared.shadow.ladder import step_of
from shared.shadow.promotion import promotion_allowed
from shared.shadow.readiness import Readiness, readiness
from tests.builders import NOW
from tests.shadow.any_document import documents
from tests.shadow.scenes import BILLERS, EVEN, a_document, a_rule, a_version, enough_for
from tests.shadow.steady import steady

LATER = NOW + timedelta(days=3)
SCOPES = [(biller, str(method)) for biller in BILLERS for method in MethodType]


def judged(old: Document, *, ready: bool = True) -> dict[Scope, Readiness]:
    found = {}
    for scope in SCOPES:
        stands = standing_of([a_version(old)], *scope, BILLERS)
        found[scope] = readiness(stands, enough_for(*scope) if ready else {}, EVEN if ready else Arms(), now=LATER)
    return found


def refusals(old: Document, new: Document, *, ready: bool = True, because: str | None = None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for error in promotion_allowed(
        old, new, judged(old, ready=ready), billers=BILLERS, now=LATER, forced_because=because
    ):
        found.setdefault(error.field, []).append(error.message)
    return found


def shadow(percentage: int, **changed: object) -> Rule:
    return a_rule(mode=Mode.SHADOW, percentage=percentage, **changed)


def live(percentage: int, **changed: object) -> Rule:
    return a_rule(percentage=percentage, **changed)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([], [shadow(1)]),
        ([shadow(10)], [shadow(100)]),
        ([shadow(10)], [shadow(50)]),
        ([shadow(100)], [live(1)]),
        ([live(25)], [live(50)]),
        ([live(5)], [live(5)]),
        ([shadow(100)], [live(0, allow=frozenset({"INV-1"}))]),
        ([live(1)], [live(1, otherwise=Mode.SHADOW)]),
    ],
)
def test_one_step_up_is_allowed_where_the_evidence_is_there(old: list[Rule], new: list[Rule]) -> None:
    assert refusals(a_document(*old), a_document(*new)) == {}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ([], [shadow(10)], "city-water card would go from off to shadow 10 %: the next step is shadow 1 %"),
        ([], [live(1)], "from off to live 1 %: the next step is shadow 1 %"),
        ([shadow(10)], [live(1)], "from shadow 10 % to live 1 %: the next step is shadow 100 %"),
        ([live(5)], [live(26)], "from live 5 % to live 26 %: the next step is live 25 %"),
        ([live(5)], [live(5, allow=frozenset({"city-water"}))], "to live 100 %: the next step is live 25 %"),
        ([], [live(0, allow=frozenset({"INV-1"}))], "from off to live 1 %"),
        ([live(100, deny=frozenset({"city-water"}))], [live(100)], "from off to live 100 %"),
        ([], [shadow(0), replace(live(1), biller_id=ALL, method=ALL)], "county-tax card would go from off"),
    ],
)
def test_more_than_one_step_is_refused_and_says_which_is_next(old: list[Rule], new: list[Rule], says: str) -> None:
    found = refusals(a_document(*old), a_document(*new))

    assert any(says in message for messages in found.values() for message in messages)


def test_a_step_without_evidence_is_refused_with_what_is_missing() -> None:
    found = refusals(a_document(shadow(100)), a_document(live(1)), ready=False)

    (message,) = found["document.rules.0"]
    assert "no sale was eligible" in message
    assert "needs 3,688 more comparable pairs in all billers, card sale" in message


def test_a_refusal_names_the_rule_that_would_do_it() -> None:
    new = a_document(a_rule(biller_id="county-tax", mode=Mode.OFF), replace(live(1), biller_id=ALL, method=ALL))

    found = refusals(a_document(), new)

    assert list(found) == ["document.rules.1"]
    assert len(found["document.rules.1"]) == len(SCOPES) - 1


def test_a_step_back_needs_nothing() -> None:
    assert refusals(a_document(live(50)), a_document(live(1)), ready=False) == {}
    assert refusals(a_document(live(50)), a_document(shadow(100)), ready=False) == {}
    assert refusals(a_document(live(50)), a_document(), ready=False) == {}


@steady
@given(documents, st.booleans(), st.booleans())
def test_the_switches_and_the_same_rules_need_nothing(document: Document, kill: bool, hold: bool) -> None:
    assert refusals(document, replace(document, kill_switch=kill, hold_all=hold), ready=False) == {}


@steady
@given(documents, documents)
def test_whatever_goes_up_without_evidence_is_refused_and_nothing_else(old: Document, new: Document) -> None:
    up = [
        (old_step, new_step)
        for scope in SCOPES
        if (new_step := step_of(new, *scope, BILLERS)).rank > (old_step := step_of(old, *scope, BILLERS)).rank
    ]
    # From off to the first share of shadow nothing is needed.
    refused = [steps for steps in up if not (steps[0].rank == (0, 0) and steps[1].rank <= (1, 1))]

    assert sum(map(len, refusals(old, new, ready=False).values())) == len(refused)


def test_an_operator_may_force_it_with_a_reason_and_not_without() -> None:
    old, new = a_document(), a_document(live(100))

    assert refusals(old, new, because="the existing processor is down for good") == {}
    assert refusals(old, new, because="  ") == refusals(old, new) != {}


def test_the_dwell_is_asked_again_when_the_change_is_made() -> None:
    old, new = a_document(shadow(10, minimum_dwell_hours=72)), a_document(shadow(100))
    known = judged(old)

    early = promotion_allowed(old, new, known, billers=BILLERS, now=LATER - timedelta(milliseconds=1))

    assert [error.message for error in early] == [
        "city-water card would go from shadow 10 % to shadow 100 %: the minimum dwell is not over"
    ]
    assert promotion_allowed(old, new, known, billers=BILLERS, now=LATER) == ()


@pytest.mark.parametrize("known", [{}, judged(a_document(shadow(1)))], ids=["none", "of another step"])
def test_readiness_for_another_step_allows_nothing(known: dict[Scope, Readiness]) -> None:
    old, new = a_document(shadow(10)), a_document(shadow(100))

    (error,) = promotion_allowed(old, new, known, billers=BILLERS, now=LATER)

    assert error.message.endswith("there is no readiness for it; read the report again")
