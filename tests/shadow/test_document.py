"""The rollout document: which rule speaks of a bill, and how a document is kept."""

import itertools
import json

import pytest
from hypothesis import given

from shared.shadow.document import ALL, ALL_OFF, Document, as_json, scopes_of
from shared.shadow.reading import read_document
from tests.shadow.any_document import documents
from tests.shadow.scenes import BILLERS, a_document, a_rule
from tests.shadow.steady import steady

SCOPES = [("city-water", "card"), ("city-water", ALL), (ALL, "card"), (ALL, ALL)]
ELSEWHERE = [("county-tax", "card"), ("county-tax", ALL), (ALL, "ach"), ("city-water", "ach"), ("county-tax", "ach")]


@pytest.mark.parametrize("present", list(itertools.product([False, True], repeat=4)))
def test_the_most_specific_rule_wins_whichever_of_them_there_are(present: tuple[bool, ...]) -> None:
    there = [scope for scope, is_there in zip(SCOPES, present, strict=True) if is_there]
    others = [scope for scope in ELSEWHERE if scope not in there]
    document = a_document(*(a_rule(biller_id=biller, method=method) for biller, method in [*others, *reversed(there)]))

    found = document.rule_for("city-water", "card")

    assert (found.scope if found else None) == (there[0] if there else None)


def test_a_biller_outranks_a_method_because_its_contract_is_its_own() -> None:
    assert scopes_of("city-water", "card") == tuple(SCOPES)


def test_two_rules_of_one_scope_make_no_document() -> None:
    with pytest.raises(ValueError, match="same biller and method"):
        a_document(a_rule(), a_rule(percentage=20))


def test_where_nothing_can_be_read_nobody_takes_part() -> None:
    assert ALL_OFF == Document()
    assert ALL_OFF.rule_for("city-water", "card") is None


@steady
@given(documents)
def test_a_document_comes_back_from_its_json_as_it_went(document: Document) -> None:
    written = json.loads(json.dumps(as_json(document)))

    assert read_document(written, billers=BILLERS) == document
    assert as_json(read_document(written, billers=BILLERS)) == written
