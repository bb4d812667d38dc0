"""The networks' limits are dated data; what contradicts itself does not load."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.payments.networks import RULES_OF, Network
from shared.payments.requests import Initiator
from shared.payments.retry_limits import (
    KEPT_FOR,
    LIMITS,
    InvalidLimits,
    Limit,
    Scope,
    limits_on,
    validated,
)
from shared.payments.term import Term
from tests.builders import NOW

TODAY = NOW.date()
PAYER, BILLER = Initiator.PAYER, Initiator.BILLER


def on(network: Network, day: date = TODAY, initiator: Initiator = PAYER) -> list[tuple[timedelta, int, Scope]]:
    found = limits_on(network, initiator, datetime(day.year, day.month, day.day, tzinfo=UTC))
    return [(limit.window, limit.maximum, limit.scope) for limit in found]


def a_limit(**changed: Any) -> Limit:
    limit = Limit("a-rule", Network.VISA, Term(date(2026, 1, 1)), timedelta(days=30), 20, Scope.INSTRUMENT)
    return replace(limit, **changed)


class TestTheLimits:
    def test_of_visa_went_from_15_to_20_of_an_amount_in_30_days_on_19_april_2025(self) -> None:
        before = limits_on(Network.VISA, PAYER, datetime(2025, 4, 18, 23, 59, 59, 999_000, tzinfo=UTC))
        since = limits_on(Network.VISA, PAYER, datetime(2025, 4, 19, tzinfo=UTC))

        assert [(limit.window.days, limit.maximum, limit.scope) for limit in before] == [(30, 15, Scope.AMOUNT)]
        assert [(limit.window.days, limit.maximum, limit.scope) for limit in since] == [(30, 20, Scope.AMOUNT)]

    @pytest.mark.parametrize("initiator", Initiator)
    def test_of_visa_count_payers_and_billers_apart_since_then(self, initiator: Initiator) -> None:
        [limit] = limits_on(Network.VISA, initiator, NOW)

        assert limit.initiator is initiator

    def test_of_mastercard_are_10_in_24_hours_and_35_of_an_amount_in_30_days(self) -> None:
        assert on(Network.MASTERCARD) == [
            (timedelta(hours=24), 10, Scope.INSTRUMENT),
            (timedelta(days=30), 35, Scope.AMOUNT),
        ]

    def test_of_nacha_are_a_debit_and_two_more_for_a_bill_in_180_days(self) -> None:
        assert on(Network.ACH) == [(timedelta(days=180), 3, Scope.BILL)]

    def test_of_all_card_networks_hold_for_a_card_that_shows_none(self) -> None:
        assert on(Network.UNIDENTIFIED) == [*on(Network.VISA), *on(Network.MASTERCARD)]

    @pytest.mark.parametrize("network", [network for network, rules in RULES_OF.items() if not rules])
    def test_of_a_network_without_public_rules_are_none(self, network: Network) -> None:
        assert on(network) == []

    def test_were_none_before_the_first(self) -> None:
        assert [on(network, date(2015, 1, 1)) for network in Network] == [[]] * len(Network)

    @given(st.dates(date(2015, 1, 1), date(2035, 1, 1)), st.sampled_from(Network), st.sampled_from(Initiator))
    def test_have_on_each_day_one_row_of_a_rule_at_most(self, day: date, network: Network, who: Initiator) -> None:
        names = [limit.name for limit in limits_on(network, who, datetime(day.year, day.month, day.day, tzinfo=UTC))]

        assert len(names) == len(set(names))

    def test_are_asked_about_no_longer_than_tries_are_kept(self) -> None:
        assert max(limit.window for limit in LIMITS) < KEPT_FOR == timedelta(days=200)

    def test_are_told_in_words(self) -> None:
        told = {str(limit) for network in Network for limit in limits_on(network, PAYER, NOW)}

        assert told == {
            "visa allows 20 declined tries of one instrument for the same amount at the same merchant in 30 days,"
            " by the payer",
            "mastercard allows 10 declined tries of one instrument in 24 hours",
            "mastercard allows 35 declined tries of one instrument for the same amount at the same merchant in 30 days",
            "ach allows 3 declined tries of one account for the same amount of the same bill in 180 days",
        }


class TestALimitThatMakesNoSense:
    @pytest.mark.parametrize(
        ("wrong", "why"),
        [
            ({"maximum": 0}, "a-rule: the maximum"),
            ({"window": timedelta()}, "a-rule: the window"),
            ({"network": Network.AMEX}, "a-rule: amex"),
            ({"network": Network.UNIDENTIFIED}, "a-rule: unidentified"),
        ],
    )
    def test_is_refused(self, wrong: dict[str, Any], why: str) -> None:
        with pytest.raises(InvalidLimits, match=why):
            a_limit(**wrong)

    def test_by_its_days_is_refused(self) -> None:
        with pytest.raises(ValueError, match="cannot end before it"):
            Term(date(2026, 1, 2), date(2026, 1, 2))


class TestRowsOfOneRule:
    FIRST, NEXT = Term(date(2025, 1, 1), date(2026, 1, 1)), Term(date(2026, 1, 1))

    def test_may_follow_one_another(self) -> None:
        rows = (a_limit(effective=self.FIRST), a_limit(effective=self.NEXT, maximum=30))

        assert validated(rows) == rows == validated(iter(rows))

    def test_may_be_of_one_day_for_different_initiators(self) -> None:
        assert validated([a_limit(initiator=PAYER), a_limit(initiator=BILLER)])

    def test_of_different_names_may_be_of_one_day(self) -> None:
        assert validated([a_limit(), a_limit(name="another-rule")])

    @pytest.mark.parametrize("initiators", [(None, None), (None, PAYER), (BILLER, None), (PAYER, PAYER)])
    @pytest.mark.parametrize("terms", [(FIRST, Term(date(2025, 12, 31))), (NEXT, NEXT), (NEXT, Term(date(2020, 1, 1)))])
    def test_may_not_bound_the_same_tries_on_one_day(self, initiators: Any, terms: Any) -> None:
        rows = [a_limit(initiator=who, effective=term) for who, term in zip(initiators, terms, strict=True)]

        with pytest.raises(InvalidLimits, match="a-rule: two rows are in force on"):
            validated(rows)

    def test_are_of_one_network(self) -> None:
        with pytest.raises(InvalidLimits, match="one network's"):
            validated([a_limit(effective=self.FIRST), a_limit(effective=self.NEXT, network=Network.MASTERCARD)])
