"""What a network's no means for the next try."""

from datetime import UTC, date, datetime

import pytest

from shared.payments.networks import Network
from shared.payments.never_again import (
    NEVER,
    PRESENTED_AGAIN,
    Blocks,
    InvalidCodes,
    Meaning,
    Never,
    Said,
    meaning_of,
    never_again,
    validated,
)
from shared.payments.term import Term
from tests.builders import NOW

VISA_CARD = ["04", "07", "14", "15", "41", "43", "46", "R3"]
VISA_MERCHANT = ["12", "57", "R0", "R1"]
ACCOUNT = ["R02", "R03", "R04", "R12", "R13", "R20"]
AUTHORIZATION = ["R05", "R07", "R08", "R10", "R29", "R51"]


def of_card(
    network: Network, code: str = "DECLINED", network_code: str | None = None, advice: str | None = None
) -> Blocks:
    return never_again(network, Said(code, network_code, advice), NOW)


class TestVisasCategory1:
    @pytest.mark.parametrize("code", VISA_CARD)
    def test_of_a_card_that_is_no_more_blocks_it_everywhere(self, code: str) -> None:
        assert of_card(Network.VISA, network_code=code) is Blocks.INSTRUMENT

    @pytest.mark.parametrize("code", VISA_MERCHANT)
    def test_of_what_was_asked_blocks_the_card_at_that_merchant(self, code: str) -> None:
        assert of_card(Network.VISA, network_code=code) is Blocks.MERCHANT

    @pytest.mark.parametrize(
        "code", ["03", "05", "19", "51", "54", "59", "61", "62", "65", "75", "78", "91", "96", "N7"]
    )
    def test_does_not_hold_the_codes_of_other_categories(self, code: str) -> None:
        assert of_card(Network.VISA, network_code=code) is Blocks.NOTHING

    @pytest.mark.parametrize(
        ("word", "blocks"),
        [
            ("PICKUP", Blocks.INSTRUMENT),
            ("LOST_STOLEN", Blocks.INSTRUMENT),
            ("CLOSED_ACCOUNT", Blocks.INSTRUMENT),
            ("INVALID_ACCOUNT", Blocks.INSTRUMENT),
            ("STOP_PAYMENT", Blocks.MERCHANT),
            ("REVOCATION", Blocks.MERCHANT),
            ("INSUFFICIENT_FUNDS", Blocks.NOTHING),
            ("INVALID_TRANSACTION_TYPE", Blocks.NOTHING),
            ("A_WORD_OF_NEXT_YEAR", Blocks.NOTHING),
        ],
    )
    def test_is_known_by_chases_words_where_the_code_is_not_told(self, word: str, blocks: Blocks) -> None:
        assert of_card(Network.VISA, word) is blocks

    def test_is_not_taken_from_a_word_where_the_code_says_otherwise(self) -> None:
        assert of_card(Network.VISA, "CLOSED_ACCOUNT", "05") is Blocks.NOTHING

    def test_was_no_rule_before_its_day(self) -> None:
        assert never_again(Network.VISA, Said("PICKUP"), datetime(2022, 3, 31, tzinfo=UTC)) is Blocks.NOTHING


class TestMastercardsAdvice:
    @pytest.mark.parametrize(
        ("advice", "blocks"),
        [("03", Blocks.INSTRUMENT), ("3", Blocks.INSTRUMENT), ("21", Blocks.MERCHANT)]
        + [(other, Blocks.NOTHING) for other in ("01", "02", "24", "30", "", None)],
    )
    def test_says_whether_there_may_be_a_next_try(self, advice: str | None, blocks: Blocks) -> None:
        assert of_card(Network.MASTERCARD, advice=advice) is blocks

    def test_is_heard_whatever_code_comes_with_it(self) -> None:
        assert of_card(Network.MASTERCARD, network_code="05", advice="03") is Blocks.INSTRUMENT

    def test_is_not_visas(self) -> None:
        assert of_card(Network.VISA, advice="03") is Blocks.NOTHING


def test_what_is_not_identified_hears_both_and_the_stronger_counts() -> None:
    both = of_card(Network.UNIDENTIFIED, network_code="57", advice="03")
    visas = of_card(Network.UNIDENTIFIED, network_code="57")

    assert (both, visas) == (Blocks.INSTRUMENT, Blocks.MERCHANT)


def test_a_network_without_public_rules_blocks_nothing_and_its_declines_are_counted_for_the_day_it_has_some() -> None:
    assert meaning_of(Network.AMEX, Said("PICKUP", "04", "03"), NOW) == Meaning(True, Blocks.NOTHING)


class TestAReturn:
    @pytest.mark.parametrize("code", ACCOUNT)
    def test_of_an_account_that_takes_no_debit_blocks_it(self, code: str) -> None:
        assert meaning_of(Network.ACH, Said(code), NOW) == Meaning(False, Blocks.INSTRUMENT)

    @pytest.mark.parametrize("code", AUTHORIZATION)
    def test_of_a_debit_that_was_not_authorized_blocks_what_rests_on_that_authorization(self, code: str) -> None:
        assert meaning_of(Network.ACH, Said(code), NOW) == Meaning(False, Blocks.AUTHORIZATION)

    @pytest.mark.parametrize("code", sorted(PRESENTED_AGAIN))
    def test_for_want_of_funds_counts_and_blocks_nothing(self, code: str) -> None:
        assert meaning_of(Network.ACH, Said(code), NOW) == Meaning(True, Blocks.NOTHING)

    @pytest.mark.parametrize("code", ["R06", "R11", "R16", "R24", "CLOSED_ACCOUNT"])
    def test_of_another_kind_does_neither(self, code: str) -> None:
        assert meaning_of(Network.ACH, Said(code), NOW) == Meaning(False, Blocks.NOTHING)


class TestTheTable:
    FIRST, NEXT = Term(date(2025, 1, 1), date(2026, 1, 1)), Term(date(2026, 1, 1))

    def row(self, term: Term = NEXT, network: Network = Network.VISA, blocks: Blocks = Blocks.MERCHANT) -> Never:
        return Never(network, term, blocks, codes=frozenset({"57"}))

    def test_gives_a_code_one_meaning_a_day(self) -> None:
        with pytest.raises(InvalidCodes, match="visa: 57 stands in two rows"):
            validated([self.row(), self.row(blocks=Blocks.INSTRUMENT)])

    def test_may_give_it_another_from_a_day_on_and_another_at_each_network(self) -> None:
        rows = (self.row(self.FIRST), self.row(blocks=Blocks.INSTRUMENT), self.row(network=Network.MASTERCARD))

        assert validated(iter(rows)) == rows

    def test_holds_every_code_that_is_specified_here_and_no_other(self) -> None:
        assert sorted(code for row in NEVER for code in row.codes) == sorted(
            VISA_CARD + VISA_MERCHANT + ACCOUNT + AUTHORIZATION
        )
        assert all(row.blocks is not Blocks.NOTHING for row in NEVER)
