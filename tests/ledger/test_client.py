"""The ledger over HTTP: what is sent, what each answer means, and that a posting sent twice is booked once."""

import json
import re
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import unused_port

from shared.ledger.client import HttpLedger, body
from shared.payments.money import Money
from shared.payments.posting import LedgerRefused, LedgerUnavailable, Posting, PostingKind
from shared.payments.secret import Secret
from tests.builders import NOW
from tests.ledger.ledger_service import LedgerService, ledger_service

PAGE = Path(__file__).parents[2] / "docs" / "ledger.md"
TOKEN = "a-token-of-the-ledger"
ID = "5c2f3f0e-6d0c-5b43-9a53-3f0a4c1d7e21"
# Long enough for loopback on a slow machine; only silence takes it whole.
PATIENT_S = 10.0
IMPATIENT_S = 0.05


def a_posting(**changed: Any) -> Posting:
    usual: dict[str, Any] = {"kind": PostingKind.CAPTURED, "amount": Money(125_99, "USD"), **changed}
    return Posting(id=ID, payment_id="pay_1", biller_id="city-water", at=NOW, **usual)


@pytest.fixture
async def service() -> AsyncIterator[LedgerService]:
    async with ledger_service() as service:
        yield service


@pytest.fixture
async def ledger(service: LedgerService) -> AsyncIterator[HttpLedger]:
    ledger = HttpLedger(service.url, token=Secret(TOKEN), timeout_s=PATIENT_S)
    yield ledger
    await ledger.close()


class TestAPosting:
    async def test_is_put_under_its_id_with_its_entries(self, service: LedgerService, ledger: HttpLedger) -> None:
        await ledger.post(a_posting())

        [(headers, sent)] = service.requests
        assert sent == {
            "version": 1,
            "id": ID,
            "paymentId": "pay_1",
            "billerId": "city-water",
            "kind": "captured",
            "amountMinor": 12599,
            "currency": "USD",
            "at": "2026-11-23T18:00:00.000Z",
            "entries": [
                {"line": 1, "account": "chase_clearing", "debitMinor": 12599, "creditMinor": 0, "currency": "USD"},
                {"line": 2, "account": "biller_payable", "debitMinor": 0, "creditMinor": 12599, "currency": "USD"},
            ],
        }
        assert (headers["Idempotency-Key"], headers["Content-Type"]) == (ID, "application/json")
        assert headers["Authorization"] == f"Bearer {TOKEN}"

    def test_is_worded_as_the_contract_shows_it(self) -> None:
        [shown] = re.findall(r"^```json\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
        example = json.loads(shown)
        payment_id, at = example["paymentId"], datetime.fromisoformat(example["at"])

        assert body(replace(a_posting(), id=example["id"], payment_id=payment_id, at=at)) == example

    async def test_goes_without_a_token_where_there_is_none(self, service: LedgerService) -> None:
        ledger = HttpLedger(service.url, token=None, timeout_s=PATIENT_S)

        await ledger.post(a_posting())
        await ledger.close()

        [(headers, _)] = service.requests
        assert "Authorization" not in headers

    async def test_that_comes_twice_is_booked_once(self, service: LedgerService, ledger: HttpLedger) -> None:
        await ledger.post(a_posting())
        await ledger.post(a_posting())

        assert (len(service.requests), list(service.booked)) == (2, [ID])

    async def test_whose_answer_was_lost_is_booked_once_when_it_is_sent_again(
        self, service: LedgerService, ledger: HttpLedger
    ) -> None:
        service.does = "book and drop the line"
        with pytest.raises(LedgerUnavailable):
            await ledger.post(a_posting())

        service.does = "book"
        await ledger.post(a_posting())

        assert list(service.booked) == [ID]


class TestAnAnswer:
    @pytest.mark.parametrize("status", [200, 201, 202, 204, 409])
    async def test_that_it_is_booked_is_believed(self, service: LedgerService, ledger: HttpLedger, status: int) -> None:
        service.does = status

        await ledger.post(a_posting())

    @pytest.mark.parametrize("status", [400, 422])
    async def test_that_refuses_the_posting_is_for_a_person(
        self, service: LedgerService, ledger: HttpLedger, status: int
    ) -> None:
        service.does = status

        with pytest.raises(LedgerRefused, match=rf"{ID} \({status}\)"):
            await ledger.post(a_posting())

    async def test_to_another_posting_under_an_id_that_is_booked_is_a_refusal(
        self, service: LedgerService, ledger: HttpLedger
    ) -> None:
        await ledger.post(a_posting())

        with pytest.raises(LedgerRefused):
            await ledger.post(a_posting(amount=Money(1, "USD")))

    @pytest.mark.parametrize("status", [300, 304, 401, 403, 404, 408, 413, 429, 500, 502, 503])
    async def test_in_other_words_leaves_it_open(self, service: LedgerService, ledger: HttpLedger, status: int) -> None:
        service.does = status

        with pytest.raises(LedgerUnavailable, match=str(status)):
            await ledger.post(a_posting())

    async def test_that_sends_us_elsewhere_is_not_followed(self, service: LedgerService, ledger: HttpLedger) -> None:
        service.does = "redirect"

        with pytest.raises(LedgerUnavailable, match="307"):
            await ledger.post(a_posting())

        assert len(service.requests) == 1

    async def test_that_does_not_come_in_time_leaves_it_open(self, service: LedgerService) -> None:
        service.does = "fall silent"
        ledger = HttpLedger(service.url, token=None, timeout_s=IMPATIENT_S)

        with pytest.raises(LedgerUnavailable, match="Timeout"):
            await ledger.post(a_posting())

        await ledger.close()


class TestTheClient:
    async def test_says_so_when_nobody_listens(self) -> None:
        ledger = HttpLedger(f"http://127.0.0.1:{unused_port()}", token=None, timeout_s=PATIENT_S)

        with pytest.raises(LedgerUnavailable, match="ClientConnector"):
            await ledger.post(a_posting())

        await ledger.close()

    @pytest.mark.parametrize("does", ["refuse", "drop the line", 401, 500])
    async def test_tells_neither_its_token_nor_what_the_ledger_said(
        self, service: LedgerService, ledger: HttpLedger, does: str | int
    ) -> None:
        service.does = does

        with pytest.raises((LedgerRefused, LedgerUnavailable)) as failed:
            await ledger.post(a_posting())

        told = "".join(traceback.format_exception(failed.value)) + repr(vars(ledger))
        assert TOKEN not in told
        assert "a-word-of-the-ledger" not in told

    async def test_with_a_token_that_no_header_can_hold_does_not_tell_it(self, service: LedgerService) -> None:
        ledger = HttpLedger(service.url, token=Secret(f"{TOKEN}\r\nX-Other: 1"), timeout_s=PATIENT_S)

        with pytest.raises(LedgerUnavailable) as failed:
            await ledger.post(a_posting())

        await ledger.close()
        assert TOKEN not in "".join(traceback.format_exception(failed.value))
        assert service.requests == []

    async def test_heeds_no_proxy_of_the_environment(
        self, service: LedgerService, ledger: HttpLedger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port()}")

        await ledger.post(a_posting())

        assert list(service.booked) == [ID]

    async def test_opens_nothing_before_it_is_asked_and_may_be_closed_twice(self, service: LedgerService) -> None:
        ledger = HttpLedger(service.url, token=None, timeout_s=PATIENT_S)
        await ledger.close()

        await ledger.post(a_posting())
        await ledger.close()
        await ledger.close()

        assert list(service.booked) == [ID]
