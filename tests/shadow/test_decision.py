"""Who is in which mode: the same bill always, and who is in stays in when the percentage is raised."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.shadow.decision import Why, decide
from shared.shadow.document import ALL, METHODS, Document, Mode
from tests.shadow.any_document import documents
from tests.shadow.scenes import BILLERS, a_document, a_rule
from tests.shadow.steady import steady

REFERENCES = [f"INV-2026-{number:06d}" for number in range(5_000)]
references = st.text("aAzZ09._-", min_size=1, max_size=4) | st.text("ABCxyz012._-", min_size=1, max_size=64)
methods = st.sampled_from([method for method in METHODS if method != ALL])


def modes(document: Document, method: str = "card") -> dict[str, Mode]:
    return {reference: decide(document, "city-water", method, reference).mode for reference in REFERENCES}


@steady
@given(documents, st.sampled_from(BILLERS), methods, references)
def test_every_bill_is_decided_and_always_alike(document: Document, biller: str, method: str, reference: str) -> None:
    decided = decide(document, biller, method, reference)

    assert decided == decide(document, biller, method, reference)
    assert decided.processor == ("chase" if decided.mode is Mode.LIVE else "existing")
    assert (decided.rule is None) == (decided.why is Why.NO_RULE)


@steady
@given(st.integers(0, 100), st.integers(0, 100), st.sampled_from(BILLERS), references)
def test_raising_the_percentage_moves_nobody_out(one: int, other: int, biller: str, reference: str) -> None:
    low, high = sorted((one, other))

    def inside(percentage: int) -> bool:
        document = a_document(a_rule(biller_id=biller, percentage=percentage))
        return decide(document, biller, "card", reference).why is Why.INSIDE

    assert inside(low) <= inside(high)
    assert not inside(0)
    assert inside(100)


@pytest.mark.parametrize("percentage", [1, 10, 30, 50, 99])
def test_a_percentage_is_that_share_of_the_bills(percentage: int) -> None:
    live = sum(mode is Mode.LIVE for mode in modes(a_document(a_rule(percentage=percentage))).values())

    # Three standard deviations of 5,000 draws are at most 2.2 points.
    assert abs(100 * live / len(REFERENCES) - percentage) < 2.2


def test_those_outside_the_percentage_do_otherwise() -> None:
    found = modes(a_document(a_rule(percentage=10, otherwise=Mode.SHADOW)))

    assert set(found.values()) == {Mode.LIVE, Mode.SHADOW}
    assert set(modes(a_document(a_rule(percentage=10))).values()) == {Mode.LIVE, Mode.OFF}


def test_attempts_at_one_bill_decide_alike_by_whatever_method_and_rule() -> None:
    by_card = modes(a_document(a_rule(), a_rule(biller_id=ALL, method=ALL)))
    by_bank = modes(a_document(a_rule(), a_rule(biller_id=ALL, method=ALL)), "ach")

    assert by_card == by_bank


def test_the_share_of_one_biller_says_nothing_of_that_of_another() -> None:
    document = a_document(a_rule(biller_id=ALL, percentage=50))
    both = [
        [decide(document, biller, "card", reference).mode is Mode.LIVE for reference in REFERENCES]
        for biller in BILLERS
    ]

    alike = sum(one == other for one, other in zip(*both, strict=True))

    assert 0.45 < alike / len(REFERENCES) < 0.55


def test_the_deal_is_never_dealt_anew() -> None:
    """A bill's place is SHA-256 of biller, reference and the flag's name: another one would move open bills."""
    place = hashlib.sha256(b"city-water:INV-2026-000123\nchase").digest()[:4]
    percent = int.from_bytes(place, "little") / (2**32 - 1) * 100

    def inside(percentage: int) -> bool:
        rule = a_rule(percentage=percentage)
        return decide(a_document(rule), "city-water", "card", "INV-2026-000123").mode is Mode.LIVE

    assert not inside(int(percent))
    assert inside(int(percent) + 1)


class TestLists:
    @steady
    @given(documents, st.sampled_from(BILLERS), methods, references)
    def test_who_is_denied_is_off_whatever_else_is_said(
        self, document: Document, biller: str, method: str, reference: str
    ) -> None:
        decided = decide(document, biller, method, reference)
        rule = decided.rule

        if rule is not None and {biller, reference} & rule.deny:
            assert (decided.mode, decided.why) == (Mode.OFF, Why.DENIED)

    @pytest.mark.parametrize("named", ["INV-1", "city-water"])
    def test_deny_wins_over_allow_and_over_all_of_them(self, named: str) -> None:
        rule = a_rule(percentage=100, allow=frozenset({"INV-1", "city-water"}), deny=frozenset({named}))

        assert decide(a_document(rule), "city-water", "card", "INV-1").why is Why.DENIED

    @pytest.mark.parametrize("named", ["INV-1", "city-water"])
    def test_who_is_allowed_is_in_at_no_percentage(self, named: str) -> None:
        decided = decide(a_document(a_rule(percentage=0, allow=frozenset({named}))), "city-water", "card", "INV-1")

        assert (decided.mode, decided.why) == (Mode.LIVE, Why.ALLOWED)


class TestTheKillSwitch:
    def test_turns_live_into_off_for_everybody_allowed_or_not(self) -> None:
        rule = a_rule(percentage=100, allow=frozenset({"INV-1"}))

        for reference in ("INV-1", "INV-2"):
            decided = decide(a_document(rule, kill_switch=True), "city-water", "card", reference)
            assert (decided.mode, decided.why, decided.rule) == (Mode.OFF, Why.KILL_SWITCH, rule)

    def test_leaves_shadow_as_it_is(self) -> None:
        beside = a_rule(percentage=10, otherwise=Mode.SHADOW)

        assert set(modes(a_document(beside, kill_switch=True)).values()) == {Mode.OFF, Mode.SHADOW}

    @steady
    @given(documents, st.sampled_from(BILLERS), methods, references)
    def test_lets_no_bill_be_live(self, document: Document, biller: str, method: str, reference: str) -> None:
        stopped = Document(document.rules, kill_switch=True)

        assert decide(stopped, biller, method, reference).mode is not Mode.LIVE

    def test_is_not_hold_all_which_decides_nothing(self) -> None:
        rule = a_rule(percentage=100)

        assert decide(a_document(rule, hold_all=True), "city-water", "card", "INV-1").mode is Mode.LIVE
