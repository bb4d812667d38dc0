"""No secret stands in clear in what follows a sale: voids, refunds, reports, what waits with us, and what is kept."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from local.environment import MERCHANTS
from tests.bank_file_writer import RETURN_COLUMNS
from tests.builders import VISA, an_ach_method
from tests.functions.test_messages import BUS, a_body
from tests.functions.writes import WRITES, Write, over
from tests.journeys.test_no_secret_leaks import FAULTS
from tests.journeys.test_no_secret_leaks_when_refused import SPELLINGS
from tests.journeys.watch import ACCOUNT, TOKEN, Watch, Watching

QUEUEING = json.dumps({name: {**known, "queued_when_down": ["ach", "token"]} for name, known in MERCHANTS.items()})
A_TOKEN = {"type": "card", "token": TOKEN, "expiry": {"month": 5, "year": 2029}}
METHODS = {"a bank account": an_ach_method(), "a token": A_TOKEN}


def rows(watch: Watch, table: str) -> list[tuple[Any, ...]]:
    """As another process would see them."""
    with closing(sqlite3.connect(watch.house.data / "payments.sqlite3")) as file:
        return file.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our own names


async def queued(watch: Watch, method: Mapping[str, Any]) -> str:
    """A sale that Chase could not be reached for: it waits with us, and so does its instrument."""
    watch.house.simulator.revoke_tokens()
    watch.house.simulator.fault("token", "http_503", times=2)
    waiting = await watch.meanwhile(watch.sale(method=method))
    assert (waiting.status, waiting.body["state"]) == (202, "received")
    return str(waiting.body["id"])


class TestAfter:
    async def test_voids_refunds_and_reports_that_go_well(self, watching: Watching) -> None:
        async with watching() as watch:
            sold = await watch.sale()
            await watch.void(sold.body["id"])
            taken = await watch.captured()
            await watch.refund(taken, amountMinor=1)
            await watch.report(taken, "settled", evidence={"depositId": "DEP-1"})
            await watch.report(taken, "charged_back")
            await watch.report(taken, "chargeback_reversed")
            await watch.refund(taken)
            debited = await watch.sale(method=an_ach_method())
            await watch.report(debited.body["id"], "returned", evidence={"returnCode": "R01", "amountMinor": 12599})
            await watch.time_passes()
            await watch.house.services.purge.run_once()

        assert watch.statuses == {200, 201}
        assert watch.leaks() == []

    @pytest.mark.parametrize("operation", ["void", "refund"])
    @pytest.mark.parametrize("fault", FAULTS)
    async def test_every_fault_of_chase(self, watching: Watching, operation: str, fault: str) -> None:
        async with watching(CHASE_BREAKER_FAILURES="100") as watch:
            payment_id = await watch.captured() if operation == "refund" else (await watch.sale()).body["id"]
            watch.house.simulator.fault(operation, fault, times=2, delay_ms=80)
            ask = watch.refund if operation == "refund" else watch.void
            await watch.meanwhile(ask(payment_id))
            await watch.meanwhile(ask(payment_id))
            await watch.time_passes()
            await watch.get(f"/payments/{payment_id}?refresh=true")

        assert watch.house.simulator.calls[operation] > 0
        assert watch.leaks() == []

    async def test_a_time_without_chase(self, watching: Watching) -> None:
        async with watching() as watch:
            taken, sold = await watch.captured(), await watch.sale()
            await watch.house.simulator.refuse_connections(delay_ms=60_000)
            await watch.meanwhile(watch.refund(taken))
            await watch.meanwhile(watch.void(sold.body["id"]))
            await watch.time_passes()

        assert watch.statuses == {201, 202}
        assert rows(watch, "outbox")
        assert watch.leaks() == []


class TestWhatWaitsWithUs:
    @pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
    async def test_is_kept_as_ciphertext_alone_until_it_was_sent(
        self, watching: Watching, method: dict[str, Any]
    ) -> None:
        async with watching(MERCHANTS=QUEUEING) as watch:
            payment_id = await queued(watch, method)
            waiting = rows(watch, "instruments")
            watch.sinks.files()
            await watch.time_passes()
            sent = await watch.house.services.payments.get(payment_id)

        assert [row[0] for row in waiting] == [payment_id]
        assert not any(secret in str(waiting) for secret in (ACCOUNT, TOKEN))
        assert (sent is not None and sent.state, rows(watch, "instruments")) in [("captured", []), ("authorized", [])]
        assert rows(watch, "inbox")
        assert watch.leaks() == []

    @pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
    async def test_is_erased_with_its_payment(self, watching: Watching, method: dict[str, Any]) -> None:
        async with watching(MERCHANTS=QUEUEING) as watch:
            closed = await watch.void(await queued(watch, method))

        assert (closed.body["state"], rows(watch, "instruments")) == ("failed", [])
        assert watch.leaks() == []

    async def test_and_cannot_be_opened_any_more_is_set_aside_without_it(self, watching: Watching) -> None:
        async with watching(MERCHANTS=QUEUEING) as watch:
            payment_id = await queued(watch, an_ach_method())
            with closing(sqlite3.connect(watch.house.data / "payments.sqlite3")) as file, file:
                file.execute("UPDATE instruments SET sealed = 'c2VhbGVkIGZvciBub2JvZHk='")
            await watch.house.clock.advance(95)
            await watch.house.services.outbox_sweep.run_once()
            await watch.house.bus.idle()

        assert [payment_id in str(row) for row in rows(watch, "set_aside")] == [True]
        assert watch.leaks() == []

    async def test_is_forgotten_whole_by_the_purge(self, watching: Watching) -> None:
        async with watching(MERCHANTS=QUEUEING) as watch:
            await queued(watch, an_ach_method())
            await watch.house.clock.advance(4 * 86_400)
            await watch.house.services.purge.run_once()
            audit_anchors = list((watch.house.data / "audit-anchors").rglob("*"))

        assert audit_anchors
        assert watch.leaks() == []


class TestAfterBadInput:
    @over(WRITES)
    @pytest.mark.parametrize("spelled", SPELLINGS)
    async def test_with_a_card_number_as_any_value_or_name(
        self, watching: Watching, write: Write, spelled: str
    ) -> None:
        async with watching() as watch:
            payment_id = (await watch.sale(method=an_ach_method())).body["id"]
            for body in _bodies_with(write.body, spelled):
                await watch.follow_up(write.of(payment_id), body, 2)
            for path in (
                f"/payments/{spelled.replace(' ', '%20')}/{write.path}",
                write.of(payment_id, f"?card={VISA}"),
            ):
                await watch.follow_up(path, write.body, 2)

        assert watch.statuses <= {201, 400, 404, 409}
        assert watch.leaks() == []

    @pytest.mark.parametrize("listening", BUS, ids=lambda each: each.function.name)
    async def test_in_a_message(self, watching: Watching, listening: Any) -> None:
        async with watching() as watch:
            for number, spelled in enumerate(SPELLINGS):
                for body in (a_body(listening.queue), {}):
                    sent = json.dumps({**body, "note": spelled, "paymentId": spelled})
                    await watch.house.bus.send(listening.queue, sent, message_id=f"m-{number}-{len(body)}")
                    await watch.house.bus.send(listening.queue, spelled, message_id=f"t-{number}-{len(body)}")
            await watch.house.bus.idle()

        assert len(rows(watch, "set_aside")) == 4 * len(SPELLINGS)
        assert watch.leaks() == []


async def test_a_bank_file_with_a_card_number_is_refused_without_it(
    watching: Watching, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("bank")
    head = f"bank-file,returns,1\n{RETURN_COLUMNS}\n"
    line = f"RET-1,,{1:032x},return,R01,card {VISA},1,USD,2026-11-23T18:00:00Z\n"
    (folder / "returns.csv").write_text(f"{head}{line}end,1,1\n")
    async with watching(BANK_FILES_FOLDER=str(folder), BANK_FILES_QUIET_S="0") as watch:
        assert watch.house.services.bank_file_import is not None
        await watch.house.services.bank_file_import.run_once()

    assert [row for row in rows(watch, "bank_files") if "refused" in str(row)]
    assert rows(watch, "bank_facts") == []
    assert VISA not in (folder / "set-aside" / "returns.csv.reason.txt").read_text()
    assert watch.leaks() == []


def _bodies_with(whole: Mapping[str, Any], text: str) -> list[dict[str, Any]]:
    """`whole` with `text` in place of each of its values in turn, inside its objects too, and as a name."""
    found = [{**whole, name: text} for name in whole] + [{**whole, f"n{text}": 1, text: 1}]
    for name, inner in whole.items():
        if isinstance(inner, Mapping):
            found += [{**whole, name: {**inner, each: text}} for each in (*inner, text)]
    return found
