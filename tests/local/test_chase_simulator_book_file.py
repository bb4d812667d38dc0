"""The books' file through the versions: what a developer has in it stays."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.chase_simulator.book_file import VERSION
from local.chase_simulator.books import Books
from local.refusal import CannotStart
from tests.local.chase_bodies import a_refund
from tests.local.chase_calls import Merchant, a_payment
from tests.local.chase_schema import PAYMENT_ANSWER, disagreements
from tests.local.conftest import NOON, Running

# A file as the first version wrote it: request-1 (NOW) and request-2 (declined), and a clock moved by an hour.
VERSION_1 = Path(__file__).with_name("chase_books_1.sql")


TOMORROW = NOON + timedelta(days=1)


def write_version_1(path: Path) -> None:
    file = sqlite3.connect(path)
    file.executescript(VERSION_1.read_text())
    file.close()


async def test_books_of_the_first_version_are_taken_over(running: Running, session, books, clock) -> None:
    write_version_1(books)

    async with running() as simulator:
        merchant = Merchant(simulator, session)
        await merchant.sign_in()
        (entry,) = simulator.books()
        found, declined = await merchant.find("request-1"), await merchant.find("request-2")
        repeated = await merchant.pay("request-1", a_payment(captureMethod="NOW"))
        refunded = await merchant.post("refunds", "the-refund", a_refund(found.body["transactionId"], 599))

    assert (entry["requestId"], entry["state"], entry["captured"]) == ("request-1", "CLOSED", 12599)
    assert disagreements(PAYMENT_ANSWER, found.body) == []
    assert declined.body["responseCode"] == "INSUFFICIENT_FUNDS"
    assert repeated.status == 409
    assert refunded.body["remainingRefundableAmount"] == 12000
    assert clock.now() == datetime(2026, 11, 23, 13, tzinfo=UTC)


async def test_another_body_under_a_request_id_of_the_first_version_is_still_known(
    running: Running, session, books
) -> None:
    write_version_1(books)

    async with running() as simulator:
        merchant = Merchant(simulator, session)
        await merchant.sign_in()
        answered = await merchant.pay("request-1", a_payment(amount=1))

    assert (answered.status, answered.body["validationErrors"][0]["code"]) == (400, "REUSED")


def test_a_file_is_brought_up_once(books) -> None:
    write_version_1(books)
    for _ in range(2):
        Books(books).close()

    file = sqlite3.connect(books)
    version, payments = (
        file.execute("PRAGMA user_version").fetchone(),
        file.execute("SELECT * FROM payments").fetchall(),
    )
    tables = {name for (name,) in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    file.close()

    assert version == (VERSION,)
    assert len(payments) == 2
    assert "transactions" not in tables


def test_a_file_of_a_later_version_is_left_alone_and_named(books) -> None:
    file = sqlite3.connect(books)
    file.execute(f"PRAGMA user_version = {VERSION + 1}")
    file.close()
    content = books.read_bytes()

    with pytest.raises(CannotStart, match=r"chase\.sqlite was written by a later version"):
        Books(books)

    assert books.read_bytes() == content


def test_a_file_that_is_no_database_is_left_alone_and_named(books) -> None:
    books.write_text("what a developer keeps here" * 100)

    with pytest.raises(CannotStart, match=r"chase\.sqlite holds no books"):
        Books(books)

    assert books.read_text().startswith("what a developer keeps here")


def test_what_is_begun_and_not_ended_well_is_not_written(books) -> None:
    kept = Books(books)

    with pytest.raises(ZeroDivisionError):
        write_and_fail(kept)
    used = kept.use_assertion("client", "jti", expires_at=TOMORROW, now=NOON)
    kept.close()

    assert used


def write_and_fail(kept: Books) -> None:
    with kept.writing():
        assert kept.use_assertion("client", "jti", expires_at=TOMORROW, now=NOON)
        raise ZeroDivisionError
