"""Whatever a caller, the bank or an operator sends: it is read, or refused by the taxonomy's own errors."""

from collections.abc import Mapping
from typing import Any

import azure.functions as func
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from functions._follow_ups import RefundBody, UpdateBody, VoidBody, read_body
from functions._json import BODY_BYTES_MAX, canonical, read_object
from functions._keys import expected_version, idempotency_key
from functions._query import read_nothing, read_refresh, read_search
from functions._requests import fingerprinted, read_sale
from functions._rollout import DecisionBody, RolloutBody
from shared.auth.caller import Caller
from shared.payments.bank_files import BankFile, BankFileRefused, parse
from shared.payments.errors import InvalidRequest
from shared.payments.requests import SaleRequest
from shared.shadow.reading import read_document
from tests.bank_file_writer import a_chargeback, a_fact, a_return, bytes_of
from tests.builders import MASTERCARD, a_google_pay_method, a_sale_body, an_ach_method, an_apple_pay_method
from tests.functions.bodies import a_full_body
from tests.fuzz.counting import TRIED, fuzz
from tests.fuzz.inputs import JSON, NASTY, TEXTS, bodies, changed, damaged

METHODS = {
    "card": a_full_body(),
    "ach": a_sale_body(method=an_ach_method()),
    "apple pay": a_sale_body(method=an_apple_pay_method()),
    "google pay": a_sale_body(method=a_google_pay_method()),
}
RULE = {"billerId": "city-water", "method": "card", "mode": "live", "percentage": 10, "allow": ["INV-1"]}
DOCUMENT = {"rules": [RULE], "killSwitch": False, "holdAll": False}
FOLLOW_UPS: Mapping[type[BaseModel], dict[str, Any]] = {
    VoidBody: {"reason": "the payer asked for it", "ifCaptured": "refund"},
    RefundBody: {"amountMinor": 100, "reason": "too much", "ifNotCaptured": "void"},
    UpdateBody: {
        "event": "returned",
        "reason": "so says the bank",
        "evidence": {"returnCode": "R01", "amountMinor": 100},
        "occurredAt": "2026-11-23T18:00:00.000Z",
    },
    DecisionBody: {"attempt": "a-1", "billerId": "city-water", "method": "card", "reference": "INV-1"},
    RolloutBody: {"document": DOCUMENT, "reason": "the first step"},
}


@fuzz()
@given(body=bodies(a_full_body()) | st.binary(min_size=BODY_BYTES_MAX, max_size=BODY_BYTES_MAX + 8))
def test_a_body_is_an_object_or_refused(body: bytes) -> None:
    TRIED["parsers: JSON bodies"] += 1
    try:
        found = read_object(body)
    except InvalidRequest as refusal:
        told(refusal)
    else:
        # What was taken can be fingerprinted.
        assert canonical(found)


@pytest.mark.parametrize("method", METHODS)
@fuzz()
@given(data=st.data())
def test_a_sale_is_read_or_refused(method: str, data: st.DataObject) -> None:
    TRIED[f"parsers: sales by {method}"] += 1
    try:
        body = read_object(data.draw(bodies(METHODS[method])))
        request, _control = read_sale(body, idempotency_key=data.draw(st.sampled_from(["attempt-1", MASTERCARD])))
    except InvalidRequest as refusal:
        told(refusal)
    else:
        assert isinstance(request, SaleRequest)
        assert fingerprinted(body)


@pytest.mark.parametrize("model", FOLLOW_UPS, ids=lambda model: model.__name__)
@fuzz()
@given(data=st.data())
def test_any_other_body_is_read_or_refused(model: type[BaseModel], data: st.DataObject) -> None:
    TRIED[f"parsers: {model.__name__}"] += 1
    try:
        read = read_body(model, read_object(data.draw(bodies(FOLLOW_UPS[model]))))
        if isinstance(read, UpdateBody):
            read.update()
        if isinstance(read, RolloutBody):
            read_document(read.document, billers=["city-water"])
    except InvalidRequest as refusal:
        told(refusal)


@fuzz()
@given(document=changed(DOCUMENT) | st.dictionaries(TEXTS, JSON, max_size=4))
def test_a_rollout_document_is_read_or_refused(document: dict[str, Any]) -> None:
    TRIED["parsers: rollout documents"] += 1
    try:
        read_document(document, billers=["city-water"])
    except InvalidRequest as refusal:
        told(refusal)


@pytest.mark.parametrize("good", [[a_fact()], [a_return(), a_chargeback()]], ids=["settlement", "returns"])
@fuzz()
@given(data=st.data(), name=st.sampled_from(["day.csv", MASTERCARD]) | TEXTS)
def test_a_bank_file_is_read_whole_or_refused(good: list[Any], data: st.DataObject, name: str) -> None:
    TRIED["parsers: bank files"] += 1
    content = data.draw(damaged(bytes_of(good)) | NASTY | st.binary(max_size=300))
    try:
        found = parse(data.draw(st.just("day.csv") | st.just(name)), content)
    except BankFileRefused as refusal:
        told_of_a_file(refusal)
    else:
        assert isinstance(found, BankFile)
        assert found.total_minor == sum(fact.amount.amount_minor for fact in found.facts)


QUERIES = st.lists(
    st.tuples(st.sampled_from(["reference", "state", "limit", "cursor", "refresh", "idempotencyKey"]) | TEXTS, TEXTS)
)


@fuzz()
@given(pairs=QUERIES, raw=TEXTS, key=TEXTS, version=TEXTS | st.from_regex(r'"[0-9]{1,30}"', fullmatch=True))
def test_a_query_and_the_headers_are_read_or_refused(
    pairs: list[tuple[str, str]], raw: str, key: str, version: str
) -> None:
    TRIED["parsers: queries and headers"] += 1
    query = "&".join(f"{name}={value}" for name, value in pairs) + raw
    headers = {"Idempotency-Key": key, "If-Match": version}
    request = func.HttpRequest("GET", f"/api/v1/payments?{query}", headers=headers, params={}, body=b"")
    caller = Caller("ctp", frozenset(), None)
    for read in (
        lambda: read_search(request, caller),
        lambda: read_refresh(request),
        lambda: read_nothing(request),
        lambda: idempotency_key(request),
        lambda: expected_version(request),
    ):
        try:
            read()
        except InvalidRequest as refusal:
            told(refusal)


def told(refusal: InvalidRequest) -> None:
    """Every refusal names a field and says what to write, and never repeats a card number."""
    assert refusal.errors
    assert all(problem.field and problem.message for problem in refusal.errors)
    assert MASTERCARD not in str(refusal)


def told_of_a_file(refusal: BankFileRefused) -> None:
    assert refusal.where
    assert refusal.write
    assert MASTERCARD not in str(refusal)
