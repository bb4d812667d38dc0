"""What every answer has in common: its correlation id, its problem details, and nothing that is not the caller's."""

import dataclasses
import logging
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from functions._http import STATUS_OF, status_of
from shared import wiring
from shared.payments import errors
from shared.payments.errors import PaymentServiceError
from tests.builders import VISA, a_sale_body
from tests.conftest import OpenHouse
from tests.functions.bodies import written
from tests.house import PREFIX, Answer, House


async def sale(house: House, key: str = "attempt-1", headers: dict[str, str] | None = None, **changed: Any) -> Answer:
    body = written(a_sale_body(**changed))
    named = {"Idempotency-Key": key, **house.signature("POST", "/payments", body), **(headers or {})}
    return await house.call("POST", "/payments", body, named)


async def look(house: House, path: str, headers: dict[str, str] | None = None) -> Answer:
    return await house.get(path, {**house.signature("GET", path), **(headers or {})})


def is_made_by_us(answer: Answer) -> bool:
    return str(uuid.UUID(answer.headers["x-correlation-id"])) == answer.headers["x-correlation-id"]


class TestTheCorrelationId:
    @pytest.mark.parametrize(
        "sent", ["a", "Order-77.2:retry_1", "x" * 64, "7c9e6679-7425-40de-944b-e07fc1f90ae7", "2026-11-23"]
    )
    async def test_is_the_callers_own(self, house: House, sent: str) -> None:
        answer = await sale(house, headers={"X-Correlation-Id": sent})

        assert (answer.status, answer.headers["x-correlation-id"]) == (201, sent)

    async def test_is_made_where_the_caller_sends_none(self, house: House) -> None:
        answers = [await sale(house), await sale(house)]

        made = [uuid.UUID(answer.headers["x-correlation-id"]) for answer in answers]
        assert made[0] != made[1]

    @pytest.mark.parametrize(
        "sent",
        ["", " ", "x" * 65, "two words", "a, b", "a\nb", "é", "<script>", '"', "a\x00", *("k=v", "{id}", "../..")],
        ids=ascii,
    )
    async def test_is_replaced_where_it_is_odd(self, house: House, sent: str) -> None:
        answer = await look(house, "/payments?state=unknown", {"X-Correlation-Id": sent})

        assert answer.status == 200
        assert is_made_by_us(answer)

    @pytest.mark.parametrize("sent", [VISA, f"sale-{VISA}-1", "4112-3441-1234-4113", "4112.3441.1234.4113", f"x{VISA}"])
    async def test_is_replaced_where_it_holds_a_card_number(self, house: House, sent: str) -> None:
        answer = await sale(house, headers={"X-Correlation-Id": sent})

        assert is_made_by_us(answer)
        assert sent not in repr(answer.headers) + answer.text

    async def test_of_one_call_is_not_that_of_the_next(self, house: House) -> None:
        await sale(house, headers={"X-Correlation-Id": "first"})

        answer = await look(house, "/payments?state=unknown")

        assert answer.headers["x-correlation-id"] != "first"


class TestEveryAnswer:
    async def test_carries_the_correlation_id_and_is_never_cached(self, house: House) -> None:
        own = {"X-Correlation-Id": "mine"}
        sold = await sale(house, headers=own)
        await house.services.database.close()

        answers = [
            sold,
            await sale(house, "", headers=own),
            await sale(house, headers={**own, "Authorization": ""}),
            await sale(house, headers=own),
            await look(house, "/payments", own),
            await look(house, f"/payments/{sold.body['id']}", own),
            await look(house, "/health/live", own),
            await look(house, "/health/ready", own),
            await house.call("POST", "/payments", b" " * 70_000, own),
        ]

        assert [int(answer.status) for answer in answers] == [201, 400, 401, 500, 400, 500, 200, 503, 413]
        for answer in answers:
            assert (answer.headers["x-correlation-id"], answer.headers["cache-control"]) == ("mine", "no-store")

    async def test_is_json_and_a_refusal_is_problem_json(self, house: House) -> None:
        taken, refused = await sale(house), await sale(house, "attempt-2", amountMinor=0)

        assert taken.headers["content-type"] == "application/json"
        assert refused.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize("host", ["[", "[::1", "a b", "evil.example", "℀.example".encode().decode("latin-1"), "@"])
    async def test_does_not_depend_on_the_host_that_was_asked(self, house: House, host: str) -> None:
        found = await look(house, "/payments?state=unknown", {"Host": host})
        refused = await look(house, "/payments?limit=1", {"Host": host})

        assert (found.status, refused.status) == (200, 400)
        assert refused.body["instance"] == f"/{PREFIX}/payments"


class TestAProblem:
    async def test_has_the_members_of_rfc_9457_and_its_code(self, house: House) -> None:
        answer = await look(house, "/payments/pay_0")

        assert answer.body == {
            "type": "urn:ic-chase-payments:problem:not-found",
            "title": "No such resource",
            "status": 404,
            "code": "not-found",
            "detail": "no such payment among this caller's billers",
            "instance": f"/{PREFIX}/payments/pay_0",
        }

    async def test_with_a_field_lists_it_beside_a_readable_detail(self, house: House) -> None:
        answer = await sale(house, currency="EUR", amountMinor=0)

        assert answer.body["errors"] == [
            {"field": "amountMinor", "message": "write an integer of minor units from 1 to 99999999999"}
        ]
        assert answer.body["detail"] == "amountMinor: write an integer of minor units from 1 to 99999999999"

    async def test_says_when_to_come_back_where_waiting_helps(self, opened: OpenHouse) -> None:
        async with opened(SALE_ANSWER_WITHIN_S="0.3") as house:
            house.simulator.fault("payment", "delay", delay_ms=900)
            await sale(house)

            answer = await sale(house)

            assert (answer.status, answer.body["code"]) == (409, "idempotency-in-progress")
            assert int(answer.headers["retry-after"]) > 0


def kinds_of(kind: type[PaymentServiceError]) -> Iterator[type[PaymentServiceError]]:
    for child in kind.__subclasses__():
        yield child
        yield from kinds_of(child)


KINDS = list(kinds_of(PaymentServiceError))
CONCRETE = [kind for kind in KINDS if not kind.__subclasses__()]
# The contract's status codes, by the code that callers go by.
CONTRACT = {
    "invalid-request": 400,
    "idempotency-key-missing": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not-found": 404,
    "invalid-state": 409,
    "idempotency-in-progress": 409,
    "payment-unresolved": 409,
    "decision-required": 409,
    "decision-expired": 409,
    "stale-version": 412,
    "payload-too-large": 413,
    "idempotency-key-reused": 422,
    "refund-exceeds-balance": 422,
    "retry-blocked-by-network-rule": 402,
    "version-missing": 428,
    "payment-failed": 502,
    "overloaded": 503,
    "processor-unavailable": 503,
}


class TestTheTableOfErrors:
    @pytest.mark.parametrize("kind", PaymentServiceError.__subclasses__(), ids=lambda kind: kind.__name__)
    def test_has_each_direct_kind(self, kind: type[PaymentServiceError]) -> None:
        assert kind in STATUS_OF

    @pytest.mark.parametrize("kind", CONCRETE, ids=lambda kind: kind.__name__)
    def test_gives_each_concrete_kind_the_status_of_the_contract(self, kind: type[PaymentServiceError]) -> None:
        assert status_of(kind.__new__(kind)) == CONTRACT[kind.code]

    def test_has_one_meaning_for_each_code(self) -> None:
        declared = [vars(kind)["code"] for kind in KINDS if "code" in vars(kind)]

        assert len(declared) == len(set(declared))
        assert PaymentServiceError.code not in declared

    def test_tells_nothing_but_500_of_what_it_does_not_know(self) -> None:
        assert [status_of(error) for error in (RuntimeError(), KeyError(), PaymentServiceError())] == [500, 500, 500]

    def test_knows_each_kind_of_the_taxonomy_that_is_drawn(self) -> None:
        drawn = set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)*\b", str(errors.__doc__).partition("PaymentService")[2]))

        assert {kind.__name__ for kind in KINDS} <= drawn


SECRET_TEXT = f"could not charge {VISA} with hunter2"


class Broken:
    """A part of the service that fails, whatever is asked of it, with a message that must not get out."""

    def __getattr__(self, name: str) -> Any:
        async def fail(*_: object, **__: object) -> None:
            try:
                raise KeyError(SECRET_TEXT)
            except KeyError as cause:
                raise RuntimeError(SECRET_TEXT) from cause

        return fail


class TestAnUnexpectedError:
    @pytest.mark.parametrize(
        ("part", "path"),
        [
            ("sale", None),
            ("authenticator", None),
            ("authenticator", "/payments?state=unknown"),
            ("payments", "/payments/pay_0"),
            ("payments", "/payments?state=unknown"),
            ("readiness", "/health/ready"),
        ],
    )
    async def test_is_a_500_with_the_correlation_id_and_nothing_else(
        self, house: House, caplog: pytest.LogCaptureFixture, part: str, path: str | None
    ) -> None:
        caplog.set_level(logging.DEBUG)
        broken: dict[str, Any] = {part: Broken()}
        wiring.use(dataclasses.replace(house.services, **broken))

        own = {"X-Correlation-Id": "mine"}
        answer = await (sale(house, headers=own) if path is None else look(house, path, own))

        assert answer.status == 500
        assert answer.body == {
            "type": "urn:ic-chase-payments:problem:internal-error",
            "title": "Something went wrong on our side",
            "status": 500,
            "code": "internal-error",
            "detail": "Something went wrong on our side",
            "instance": f"/{PREFIX}{(path or '/payments').partition('?')[0]}",
            "correlationId": "mine",
        }
        assert answer.headers["x-correlation-id"] == "mine"
        assert_logged_by_type_and_place(caplog)

    async def test_of_unusable_settings_tells_the_caller_none_of_their_names(
        self, house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("CHASE_CLIENT_SECRET", SECRET_TEXT)
        wiring.use(None)

        answer = await sale(house)

        assert (answer.status, answer.body["code"]) == (500, "internal-error")
        assert "CHASE" not in answer.text
        assert SECRET_TEXT not in caplog.text

    async def test_of_the_database_is_a_500_and_nothing_is_sent(self, house: House) -> None:
        await house.services.database.close()

        answer = await sale(house)

        assert (answer.status, answer.body["code"]) == (500, "internal-error")
        assert house.simulator.calls["payment"] == 0


def assert_logged_by_type_and_place(caplog: pytest.LogCaptureFixture) -> None:
    [record] = [record for record in caplog.records if record.name == "payments.http"]
    assert re.fullmatch(r"unexpected RuntimeError at test_http\.py:\d+", record.getMessage())
    assert (record.__dict__["correlation_id"], record.exc_info) == ("mine", None)
    for secret in (VISA, "hunter2", "KeyError"):
        assert secret not in caplog.text
