"""`make ledger-check`: reads this machine's database and books, and says by its exit code what it found."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from local.chase_simulator import ChaseSimulator
from local.chase_simulator.books import Books
from local.chase_simulator.transaction import Transaction
from local.clock import LocalClock
from local.ledger_check.__main__ import main
from shared.database.check import MIGRATIONS
from shared.database.journal import EmbeddedJournal, SqlPostings, posting_rows
from shared.database.migrations import migrate_sqlite
from shared.database.payments import SqlPayments
from shared.database.sqlite import SqliteEngine
from shared.database.statements import first_by_limit
from shared.payments.idempotency import Fingerprint
from shared.payments.ids import merchant_order_number
from shared.payments.operations import OperationState
from shared.payments.payment import Payment
from shared.payments.posting import postings_of
from shared.payments.state_machine import State
from tests.builders import CHAIN, a_submitted_payment

BILL = 125_99


def now() -> datetime:
    """The check goes by real time: what is to be of now must not be as old as this module, in a long run."""
    return datetime.now(UTC)


def captured(number: int = 1) -> Payment:
    payment = a_submitted_payment(number=number, reference=f"INV-{number}")
    sale = replace(payment.sale, state=OperationState.SUCCEEDED)
    return replace(payment, state=State.CAPTURED, captured_minor=BILL, operations=(sale,), updated_at=now())


async def stored(folder: Path, *payments: Payment, post: bool = True) -> None:
    """Each with its postings, posted to the journal or still on their way."""
    migrate_sqlite(folder / "payments.sqlite3", MIGRATIONS / "sqlite", now=now())
    engine = SqliteEngine(folder / "payments.sqlite3", constraints={})
    for payment in payments:
        await SqlPayments(engine, first=first_by_limit, chain=CHAIN).begin_sale(
            payment, Fingerprint("k1", "f" * 64), None
        )
        postings = postings_of(None, payment)
        await engine.run(posting_rows(postings))
        for posting in postings if post else ():
            await EmbeddedJournal(engine).post(posting)
            await SqlPostings(engine, first=first_by_limit).posted(posting, now())
    await engine.close()


def charged(
    folder: Path,
    payment: Payment,
    amount_minor: int = BILL,
    *,
    clock_moved: timedelta | None = None,
    captures_at: datetime | None = None,
) -> None:
    """A payment in the simulator's books: captured, or to be captured at `captures_at`."""
    state, taken_minor = ("CLOSED", amount_minor) if captures_at is None else ("AUTHORIZED", 0)
    transaction = Transaction(
        transaction_id=f"t-{payment.id}",
        request_id=f"r-{payment.id}",
        merchant_id=payment.merchant_id,
        environment="live",
        approved=True,
        state=state,
        amount=amount_minor,
        currency="USD",
        merchant_order_number=merchant_order_number(payment.id),
        recorded_at=now(),
        captures_at=captures_at or now(),
        said={},
        captured=taken_minor,
    )
    with closing(Books(folder / "chase-books.sqlite3")) as books:
        books.add_payment(transaction)
        if clock_moved is not None:
            books.save_offset(clock_moved)


async def checked(folder: Path, **environ: str) -> tuple[int, str]:
    """Exit code and text; on port 1 no simulator answers."""
    told: list[str] = []
    code = await main({"LOCAL_DATA_DIR": str(folder), "CHASE_SIMULATOR_PORT": "1", **environ}, told.append)
    return code, "".join(told)


@asynccontextmanager
async def answering(status: int, *bodies: str) -> AsyncIterator[str]:
    """The port of something on loopback that gives these answers in turn, the last for ever, whatever it is asked."""
    left = list(bodies)

    async def answer(_request: web.BaseRequest) -> web.Response:
        body = left.pop(0) if len(left) > 1 else left[0]
        return web.Response(status=status, text=body, content_type="application/json")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield str(runner.addresses[0][1])
    finally:
        await runner.cleanup()


class TestAgainstTheBooksFile:
    async def test_exits_0_where_nothing_differs(self, tmp_path: Path) -> None:
        await stored(tmp_path, captured(1), captured(2))
        charged(tmp_path, captured(1))
        charged(tmp_path, captured(2))

        code, text = await checked(tmp_path)

        assert (code, text) == (
            0,
            f"2 payments, 2 postings against {tmp_path / 'chase-books.sqlite3'}: 0 differences\n",
        )

    async def test_exits_1_and_names_the_payment_where_something_differs(self, tmp_path: Path) -> None:
        await stored(tmp_path, captured(1), captured(2))
        charged(tmp_path, captured(1))
        charged(tmp_path, captured(2), 100)

        code, text = await checked(tmp_path)

        head, row, last = text.splitlines()
        assert code == 1
        assert head.split() == ["payment", "what", "ours", "should", "be"]
        assert row.split() == [captured(2).id, "captured", "USD", "12599", "100"]
        assert last.endswith(": 1 difference")

    async def test_goes_by_the_clock_that_was_moved(self, tmp_path: Path) -> None:
        await stored(tmp_path, captured(), post=False)
        charged(tmp_path, captured(), clock_moved=timedelta(hours=1))

        code, text = await checked(tmp_path)

        assert code == 1
        assert "captured not posted" in text

    async def test_has_chase_capture_by_that_clock_too(self, tmp_path: Path) -> None:
        await stored(tmp_path, captured())
        charged(tmp_path, captured(), clock_moved=timedelta(hours=3), captures_at=now() + timedelta(hours=2))

        assert (await checked(tmp_path))[0] == 0

    async def test_waits_for_what_is_under_way_and_for_a_capture_that_is_due(self, tmp_path: Path) -> None:
        sale = replace(captured(1).sale, state=OperationState.UNKNOWN)
        under_way = replace(captured(1), operations=(sale,))
        due = replace(captured(2), state=State.AUTHORIZED, captured_minor=0, captures_at=now() - timedelta(seconds=30))
        await stored(tmp_path, under_way, due)
        charged(tmp_path, under_way, 100)
        charged(tmp_path, due)

        code, text = await checked(tmp_path)

        assert code == 0
        assert [line.split()[0] for line in text.splitlines()[1:3]] == [under_way.id, due.id]

    async def test_leaves_out_what_is_shadow(self, tmp_path: Path) -> None:
        shadow = replace(captured(), mode="shadow")
        await stored(tmp_path, shadow)
        charged(tmp_path, shadow)

        assert (await checked(tmp_path))[0] == 0

    async def test_takes_a_posting_on_its_way_as_booked(self, tmp_path: Path) -> None:
        await stored(tmp_path, captured(), post=False)
        charged(tmp_path, captured())

        assert (await checked(tmp_path))[0] == 0

    async def test_shows_what_waits_and_counts_what_is_of_no_payment(self, tmp_path: Path) -> None:
        await stored(tmp_path, a_submitted_payment(number=1))
        charged(tmp_path, a_submitted_payment(number=1))
        charged(tmp_path, captured(9))

        code, text = await checked(tmp_path)

        assert code == 0
        assert "waiting for Chase's word" in text
        assert "1 in Chase's books are of no payment here" in text

    async def test_leaves_the_entries_to_a_ledger_of_its_own(self, tmp_path: Path) -> None:
        await stored(tmp_path, captured(), post=False)
        engine = SqliteEngine(tmp_path / "payments.sqlite3", constraints={})
        [posting] = postings_of(None, captured())
        await SqlPostings(engine, first=first_by_limit).posted(posting, now())
        await engine.close()
        charged(tmp_path, captured())

        assert (await checked(tmp_path, LEDGER_URL="http://127.0.0.1:7080"))[0] == 0
        assert (await checked(tmp_path))[0] == 1


class TestAgainstARunningSimulator:
    async def test_asks_it_for_its_books(self, tmp_path: Path) -> None:
        await stored(tmp_path, captured())
        charged(tmp_path / "of the simulator", captured(), 100)
        books = tmp_path / "of the simulator" / "chase-books.sqlite3"
        simulator = ChaseSimulator(books=books, clock=LocalClock(), ends_after_s=70.0, credentials=[])
        await simulator.start()
        try:
            port = simulator.control_url.rpartition(":")[2]
            code, text = await checked(tmp_path, CHASE_SIMULATOR_PORT=port)
        finally:
            await simulator.stop()

        assert code == 1
        assert f"against {simulator.control_url}/simulator/books: 1 difference" in text

    async def test_believes_a_difference_that_is_there_twice_for_the_sides_are_read_one_after_the_other(
        self, tmp_path: Path
    ) -> None:
        await stored(tmp_path, captured())
        order = {"merchantOrderNumber": merchant_order_number(captured().id), "currency": "USD", "amount": BILL}
        books = [{**order, "captured": amount, "refunded": 0, "voided": False} for amount in (0, BILL, 1)]
        none_yet, there, other = (json.dumps({"payments": [entry]}) for entry in books)

        async with answering(200, none_yet, there) as port:
            assert (await checked(tmp_path, CHASE_SIMULATOR_PORT=port))[0] == 0
        async with answering(200, none_yet, other) as port:
            assert (await checked(tmp_path, CHASE_SIMULATOR_PORT=port))[0] == 1

    async def test_takes_nothing_else_that_answers_there_for_one(self, tmp_path: Path) -> None:
        await stored(tmp_path, captured())
        charged(tmp_path, captured())
        for status, body in ((404, "{}"), (200, "[]"), (200, "not JSON"), (200, '{"payments": 1}')):
            async with answering(status, body) as port:
                assert (await checked(tmp_path, CHASE_SIMULATOR_PORT=port))[0] == 0


class TestCannotCheck:
    async def test_without_a_database(self, tmp_path: Path) -> None:
        code, text = await checked(tmp_path)

        assert code == 2
        assert text.startswith("not checked: there is no database at")
        assert not (tmp_path / "payments.sqlite3").exists()

    async def test_without_books(self, tmp_path: Path) -> None:
        await stored(tmp_path, captured())

        code, text = await checked(tmp_path)

        assert code == 2
        assert "there are no books at" in text

    @pytest.mark.parametrize("broken", ["payments.sqlite3", "chase-books.sqlite3"])
    async def test_with_a_file_that_is_no_database(self, tmp_path: Path, broken: str) -> None:
        await stored(tmp_path, captured())
        charged(tmp_path, captured())
        (tmp_path / broken).write_text("not a database " * 100)

        code, text = await checked(tmp_path)

        assert code == 2
        assert text.startswith("not checked: ")

    async def test_with_a_database_that_has_no_ledger_yet(self, tmp_path: Path) -> None:
        (tmp_path / "payments.sqlite3").touch()
        charged(tmp_path, captured())

        code, text = await checked(tmp_path)

        assert code == 2
        assert "no such table" in text

    async def test_what_is_in_sql_server(self, tmp_path: Path) -> None:
        code, text = await checked(tmp_path, SQL_CONNECTION_STRING="Server=db;PWD=hidden")

        assert code == 2
        assert "SQL_CONNECTION_STRING" in text
        assert "hidden" not in text
