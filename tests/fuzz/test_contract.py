"""
Whatever the contract lets a caller write, and whatever it does not: no 5xx that it does not name, no answer that it
does not describe. Schemathesis draws the calls from docs/openapi.yaml and holds each answer against it.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import hypothesis.strategies as st
import pytest
import requests
import schemathesis
import yaml
from hypothesis import given
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from docs.generate import DOCS
from tests.builders import a_sale_body
from tests.fuzz.counting import TRIED, fuzz
from tests.loopback import Loopback, a_service

SCHEMA = schemathesis.openapi.from_dict(yaml.safe_load((DOCS / "openapi.yaml").read_text("utf-8")))
OPERATIONS = {found.ok().definition.raw["operationId"]: found.ok() for found in SCHEMA.get_all_operations()}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
KEYS = (f"fuzz-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    with a_service(tmp_path_factory.mktemp("contract")) as running:
        yield running


@pytest.fixture(scope="module")
def payment_ids(service: Loopback) -> list[str]:
    """Payments in several states, so that not every drawn call is about one that is not there."""
    ids = []
    with requests.Session() as session:
        for number, amount_minor in enumerate([10_00, 20_00, 521_00, 30_00]):
            body = a_sale_body(reference=f"SEED-{number}", amountMinor=amount_minor)
            headers = {**service.headers, "Idempotency-Key": next(KEYS)}
            ids.append(session.post(f"{service.api_url}/payments", json=body, headers=headers).json()["id"])
    return ids


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_one_that_the_contract_describes(
    service: Loopback, payment_ids: list[str], name: str, mode: GenerationMode
) -> None:
    operation = OPERATIONS[name]

    # Over HTTP one call costs what a hundred inputs of a parser cost.
    @fuzz(cost=10)
    @given(case=operation.as_strategy(mode), known=st.none() | st.sampled_from(payment_ids))
    def answered(case: Any, known: str | None) -> None:
        if known is not None and "id" in (case.path_parameters or {}):
            case.path_parameters["id"] = known
        TRIED[f"calls of {name}, {mode.value}"] += 1
        # What Schemathesis makes up as a credential is in the way of what is behind the door.
        case.headers = {**(case.headers or {}), **service.headers}
        answer = case.call(base_url=service.api_url, session=session, allow_redirects=False)
        case.validate_response(answer, checks=CHECKS)

    with requests.Session() as session:
        answered()


@pytest.mark.parametrize("name", [name for name, each in OPERATIONS.items() if each.definition.raw.get("security")])
def test_nobody_gets_in_with_a_credential_that_is_made_up(service: Loopback, name: str) -> None:
    operation = OPERATIONS[name]

    @fuzz(cost=10)
    @given(case=operation.as_strategy(GenerationMode.POSITIVE), made_up=st.text(st.characters(codec="latin-1")))
    def refused(case: Any, made_up: str) -> None:
        TRIED[f"strangers at {name}"] += 1
        credential = "".join(character for character in made_up if character.isprintable()).strip()
        case.headers = {**(case.headers or {}), "Authorization": credential}
        answer = case.call(base_url=service.api_url, session=session, allow_redirects=False)
        assert answer.status_code == 401
        case.validate_response(answer, checks=CHECKS)

    with requests.Session() as session:
        refused()
