"""Errors of our own, and of the database, tell no secret, whatever their text quotes."""

import sqlite3
from contextlib import closing

import pytest

from shared.database.unit_of_work import DatabaseError
from shared.payments.requests import Card
from shared.payments.secret import Secret
from shared.use_cases.sale import SaleCall
from tests.builders import VISA, a_sale_request
from tests.functions.writes import WRITES
from tests.journeys.broken import AGREEABLE_CHASE, Breaking, serving_with
from tests.journeys.watch import CVV, Watch, Watching

_FOLLOW_UPS = {write.path: write.body for write in WRITES}


class TestAfterAnErrorOfOurOwn:
    @pytest.mark.parametrize("method", ["sale", "find_sale", "get_payment", "void", "refund", "find_refund"])
    async def test_in_the_client_of_chase(self, watching: Watching, method: str) -> None:
        async with watching(chatty=False) as watch:
            taken, given_back = await watch.captured(), await watch.captured()
            watch.house.simulator.fault("refund", "drop_after_processing")
            await watch.refund(given_back)
            watch.house.simulator.fault("payment", "drop_after_processing")
            lost = await watch.sale()
            async with serving_with(watch.house, chase=Breaking(AGREEABLE_CHASE, _said(watch), method)) as services:
                sold = await watch.sale()
                for payment_id in (lost.body["id"], sold.body["id"], given_back):
                    await watch.get(f"/payments/{payment_id}?refresh=true")
                await watch.void(sold.body["id"])
                await _followed_up(watch, taken)
                await watch.house.clock.advance(95)
                await services.reconciliation.run_once()

        assert watch.house.telemetry.alarms or 500 in watch.statuses
        assert watch.leaks() == []

    @pytest.mark.parametrize(
        "method",
        [
            *("begin_sale", "by_key", "refuse", "save", "get", "find", "schedule", "latest_approved"),
            *("claim", "spend", "latest_refunded", "sealed_instrument"),
        ],
    )
    async def test_in_the_database(self, watching: Watching, method: str) -> None:
        async with watching(chatty=False) as watch:
            watch.house.simulator.fault("payment", "drop_before_processing")
            taken = await watch.captured()
            lost = await watch.sale("lost", reference="INV-0")
            broken = Breaking(watch.house.services.payments, _said(watch), method)
            async with serving_with(watch.house, payments=broken) as services:
                await watch.sale()
                await watch.sale("lost", reference="INV-0")
                await watch.sale("other", reference="INV-0")
                await watch.get(f"/payments/{lost.body['id']}?refresh=true")
                await watch.get("/payments?state=unknown")
                await _followed_up(watch, taken)
                await watch.house.clock.advance(95)
                await services.reconciliation.run_once()

        assert watch.leaks() == []

    @pytest.mark.parametrize("part", ["authenticator", "readiness", "fingerprints"])
    async def test_in_a_part_that_every_call_needs(self, watching: Watching, part: str) -> None:
        async with watching(chatty=False) as watch:
            whole = getattr(watch.house.services, part)
            broken = Breaking(whole, _said(watch), "authenticate", "check", "of")
            async with serving_with(watch.house, **{part: broken}):
                await watch.sale()
                await watch.get("/health/ready")

        assert 500 in watch.statuses
        assert watch.leaks() == []


async def _followed_up(watch: Watch, payment_id: str) -> None:
    """What may follow a sale, and a repeat of each, whatever comes of it."""
    for _ in range(2):
        await watch.void(payment_id)
        await watch.refund(payment_id, amountMinor=1)
        await watch.report(payment_id, "settled")


class TestAfterTheDatabase:
    @pytest.mark.parametrize("table", ["payments", "operations", "history", "idempotency_keys"])
    async def test_lost_a_table(self, watching: Watching, table: str) -> None:
        async with watching() as watch:
            sold = await watch.sale("sold", reference="INV-0")
            with closing(sqlite3.connect(watch.house.data / "payments.sqlite3")) as file:
                file.execute(f"DROP TABLE {table}")
            await watch.sale()
            await watch.sale("sold", reference="INV-0")
            await watch.get("/payments?state=authorized")
            for path, body in _FOLLOW_UPS.items():
                await watch.follow_up(f"/payments/{sold.body['id']}/{path}", body)
            with pytest.raises(DatabaseError) as raised:
                await watch.house.services.sale.take(_call(watch))
            watch.sinks.exception(raised.value)

        assert 500 in watch.statuses
        assert watch.leaks() == []

    async def test_went_away(self, watching: Watching) -> None:
        async with watching() as watch:
            await watch.house.services.database.close()
            await watch.sale()
            await watch.get("/payments?state=authorized")
            await watch.get("/health/ready")
            for path, body in _FOLLOW_UPS.items():
                await watch.follow_up(f"/payments/pay_{'0' * 32}/{path}", body)
            for work in (watch.house.services.sale.take(_call(watch)), watch.house.services.reconciliation.run_once()):
                with pytest.raises(DatabaseError) as raised:
                    await work
                watch.sinks.exception(raised.value)

        assert watch.statuses == {500, 503}
        assert watch.leaks() == []


def _said(watch: Watch) -> str:
    """What an error may quote at worst."""
    keys = watch.house.keys
    secrets = (keys.hmac_key, keys.fingerprint_key, keys.chase_client_secret)
    return " ".join((VISA, f'"cvv": "{CVV}"', *watch.tap.issued, *(secret.reveal() for secret in secrets)))


def _call(watch: Watch) -> SaleCall:
    body = watch.house.services.fingerprints.of(f'{{"number":"{VISA}","cvv":"{CVV}"}}'.encode())
    method = Card(number=Secret(VISA), month=5, year=2029, cvv=Secret(CVV))
    return SaleCall(a_sale_request(method=method, reference="INV-9"), "ctp", "attempt-9", body)
