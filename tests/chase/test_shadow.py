"""
The locks against real money in shadow, each with all the others taken away: it alone lets nobody be charged.

The simulator stands for Chase's production and its tests at once: it tells them apart by credential and merchant id.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.chase_simulator import ChaseSimulator, Credential
from local.clock import ManualClock
from shared.chase import codes
from shared.chase.client import ChaseClient
from shared.chase.endpoint import ChaseEndpoint
from shared.chase.routed import RoutedChase
from shared.chase.shadow import TEST_HOSTS, MerchantPinned, ShadowEndpoint
from shared.payments.operations import OperationKind
from shared.payments.outcome import Approved, NoAnswer, NotSent
from shared.payments.posting import postings_of
from shared.payments.requests import Merchant, SaleRequest
from shared.payments.retry import strategies
from shared.payments.secret import Secret
from shared.shadow.substitution import TEST_ACCOUNT_NUMBER, TEST_CARDS, TEST_PAYER, substitute_request
from tests.builders import (
    CITY_WATER,
    NOW,
    a_bank_account,
    a_captured_payment,
    a_card,
    a_sale_request,
    a_submitted_payment,
    claimed,
)
from tests.chase.desk import Alarms, Clock, Desk
from tests.chase.peer import Peer, a_payment, answers

LIVE_CLIENT, TEST_CLIENT = "live-client", "test-client"
SECRET = Secret("a-secret-of-nobody")
TEST_MERCHANT_ID = "998482157640"
PRODUCTION = "https://api-ms.payments.jpmorgan.com/api/v2"


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[ChaseSimulator]:
    credentials = [
        Credential("live", LIVE_CLIENT, SECRET, frozenset({CITY_WATER.merchant_id})),
        Credential("test", TEST_CLIENT, SECRET, frozenset({TEST_MERCHANT_ID})),
    ]
    made = ChaseSimulator(
        books=tmp_path / "books.sqlite3", clock=ManualClock(NOW), ends_after_s=70.0, credentials=credentials
    )
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def clients() -> AsyncIterator[list[ChaseClient]]:
    made: list[ChaseClient] = []
    yield made
    for client in made:
        await client.close()


def an_endpoint(base_url: str, token_url: str, client_id: str, **changed: Any) -> ChaseEndpoint:
    return ChaseEndpoint(
        base_url=base_url,
        token_url=token_url,
        client_id=client_id,
        client_secret=SECRET,
        scope="jpm:payments:sandbox",
        read_timeout_s=5.0,
        **changed,
    )


def a_client(made: list[ChaseClient], endpoint: ChaseEndpoint) -> ChaseClient:
    """With nothing between it and Chase."""
    clock = Clock()
    client = ChaseClient(
        endpoint,
        strategies=strategies(),
        breaker_failures=1_000,
        breaker_cooldown_s=15.0,
        wait=clock.wait,
        rng=lambda: 1.0,
        boot_s=clock.boot_s,
        alarm=Alarms(),
    )
    made.append(client)
    return client


async def sold(client: Any, request: SaleRequest | None = None, merchant: Merchant = CITY_WATER) -> Any:
    """A payer's own sale, of a production merchant unless told another."""
    return await client.sale(request or a_sale_request(), a_submitted_payment(), merchant, send_before_s=1e9)


async def test_without_any_lock_somebody_would_be_charged(
    simulator: ChaseSimulator, clients: list[ChaseClient]
) -> None:
    client = a_client(clients, an_endpoint(simulator.base_url, simulator.token_url, LIVE_CLIENT))

    assert isinstance(await sold(client), Approved)

    assert [charge["environment"] for charge in simulator.books()] == ["live"]


async def test_the_credential_alone_charges_nobody(simulator: ChaseSimulator, clients: list[ChaseClient]) -> None:
    client = a_client(clients, an_endpoint(simulator.base_url, simulator.token_url, TEST_CLIENT))

    assert not isinstance(await sold(client), Approved)

    assert simulator.books() == []


async def test_the_host_pin_alone_sends_nothing_not_even_for_a_token(clients: list[ChaseClient]) -> None:
    client = a_client(clients, an_endpoint(PRODUCTION, PRODUCTION, LIVE_CLIENT, pinned_to=TEST_HOSTS))

    assert isinstance(await sold(client), NotSent)

    assert client.connections_opened == 0


async def test_the_host_pin_alone_sends_no_sale_though_a_token_was_had_at_a_test_host(
    simulator: ChaseSimulator, clients: list[ChaseClient]
) -> None:
    client = a_client(clients, an_endpoint(PRODUCTION, simulator.token_url, LIVE_CLIENT, pinned_to=TEST_HOSTS))

    outcome = await sold(client)

    assert (type(outcome), outcome.code) == (NotSent, codes.HOST_REFUSED)
    assert simulator.calls["token"] == 1


class TestTheMerchantPinAlone:
    async def test_sends_no_sale_void_or_refund_and_asks_nothing(
        self, simulator: ChaseSimulator, clients: list[ChaseClient]
    ) -> None:
        client = a_client(clients, an_endpoint(simulator.base_url, simulator.token_url, LIVE_CLIENT))
        alarms = Alarms()
        pinned = MerchantPinned(client, frozenset({TEST_MERCHANT_ID}), alarm=alarms)
        payment = claimed(a_captured_payment(), OperationKind.REFUND)
        operation = payment.operations[-1]

        moved = [
            await sold(pinned),
            await pinned.void(payment, operation, CITY_WATER, send_before_s=1e9),
            await pinned.refund(payment, operation, CITY_WATER, full=True, send_before_s=1e9),
        ]
        asked = [
            await pinned.find_sale("r-1", CITY_WATER),
            await pinned.find_refund("r-1", CITY_WATER),
            await pinned.get_payment("t-1", CITY_WATER),
        ]

        assert {(type(outcome), outcome.code) for outcome in moved} == {(NotSent, codes.SHADOW_REFUSED)}
        assert all(isinstance(answer, NoAnswer) for answer in asked)
        assert (simulator.books(), sum(simulator.calls.values())) == ([], 0)
        assert alarms.names == ["shadow.production_egress"] * 6

    async def test_lets_a_test_merchant_through(self, simulator: ChaseSimulator, clients: list[ChaseClient]) -> None:
        client = a_client(clients, an_endpoint(simulator.base_url, simulator.token_url, TEST_CLIENT))
        pinned = MerchantPinned(client, frozenset({TEST_MERCHANT_ID}), alarm=Alarms())
        merchant = Merchant("city-water", TEST_MERCHANT_ID, frozenset({"USD"}), shadow=True)

        assert isinstance(await sold(pinned, merchant=merchant), Approved)

        assert [charge["environment"] for charge in simulator.books()] == ["test"]


def a_number(prefix: str, length: int = 16) -> str:
    """A card number that no list holds: made here, so that none stands in the repository."""
    body = prefix + "7" * (length - len(prefix) - 1)
    digits = [int(digit) for digit in reversed(body)]
    total = sum(sum(divmod(2 * digit, 10)) if at % 2 == 0 else digit for at, digit in enumerate(digits))
    return body + str(-total % 10)


def payers_instruments() -> Iterator[tuple[str, Any]]:
    for brand, prefix, length in (
        ("visa", "4", 16),
        ("mastercard", "53", 16),
        ("amex", "37", 15),
        ("discover", "6011", 16),
    ):
        yield TEST_CARDS[brand], a_card(a_number(prefix, length))
    yield TEST_ACCOUNT_NUMBER, a_bank_account(account_number=Secret("77777777"))


@pytest.mark.parametrize(("sent", "instrument"), list(payers_instruments()))
async def test_the_substituted_instrument_alone_lets_nobodys_be_charged(
    sent: str, instrument: Any, clients: list[ChaseClient]
) -> None:
    own = instrument.number if hasattr(instrument, "number") else instrument.account_number
    async with Peer() as production:
        production.does(answers(200, a_payment()))
        client = a_client(clients, an_endpoint(f"{production.url}/api/v2", f"{production.url}/oauth2/token", "live"))

        await sold(client, substitute_request(a_sale_request(method=instrument)))

    wire = bytes(production.written).decode()
    assert sent in wire
    assert own.reveal() not in wire
    assert "Byron" not in wire
    assert TEST_PAYER.last_name in wire


@pytest.mark.parametrize("mode", ["live", "shadow"])
def test_the_ledger_alone_hears_of_live_money_only(mode: str) -> None:
    before = replace(a_submitted_payment(), mode=mode)
    after = replace(a_captured_payment(), mode=mode)

    assert bool(postings_of(before, after)) is (mode == "live")


class TestTheWay:
    """A payment goes to its own side, or nowhere."""

    @pytest.mark.parametrize("mode", ["live", "shadow"])
    async def test_of_a_merchant_of_the_other_side_is_closed(self, desk: Desk, mode: str) -> None:
        routed = RoutedChase(desk.client, desk.client)
        payment = replace(a_captured_payment(), mode=mode)
        other = replace(CITY_WATER, shadow=mode == "live")
        refund = claimed(payment, OperationKind.REFUND).operations[-1]

        with pytest.raises(ValueError, match="other side"):
            await routed.sale(a_sale_request(), payment, other, send_before_s=1e9)
        with pytest.raises(ValueError, match="other side"):
            await routed.void(payment, refund, other, send_before_s=1e9)
        with pytest.raises(ValueError, match="other side"):
            await routed.refund(payment, refund, other, full=True, send_before_s=1e9)

    async def test_of_shadow_is_closed_where_none_is_set_up(self, desk: Desk) -> None:
        routed, merchant = RoutedChase(desk.client, None), replace(CITY_WATER, shadow=True)

        with pytest.raises(ValueError, match="no shadow"):
            await routed.find_sale("r-1", merchant)
        with pytest.raises(ValueError, match="no shadow"):
            await routed.find_refund("r-1", merchant)
        with pytest.raises(ValueError, match="no shadow"):
            await routed.get_payment("t-1", merchant)


class TestAnEndpointOfShadow:
    @pytest.mark.parametrize(
        ("base_url", "token_url", "named"),
        [(PRODUCTION, "http://127.0.0.1/t", "base_url"), ("http://127.0.0.1/a", PRODUCTION, "token_url")],
    )
    def test_is_refused_for_a_production_host(self, base_url: str, token_url: str, named: str) -> None:
        with pytest.raises(ValueError, match=named):
            ShadowEndpoint(an_endpoint(base_url, token_url, "c", pinned_to=TEST_HOSTS), frozenset({TEST_MERCHANT_ID}))

    def test_is_refused_without_its_pin_or_its_merchants(self) -> None:
        urls = ("http://127.0.0.1/a", "http://127.0.0.1/t", "c")

        with pytest.raises(ValueError, match="pinned_to"):
            ShadowEndpoint(an_endpoint(*urls), frozenset({TEST_MERCHANT_ID}))
        with pytest.raises(ValueError, match="merchant_ids"):
            ShadowEndpoint(an_endpoint(*urls, pinned_to=TEST_HOSTS), frozenset())
