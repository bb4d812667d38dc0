"""
The connection is lost before, during and after a commit: each unit is done once, and its caller hears the truth.

On SQL Server's engine the unit is run again; on SQLite a file has no line to lose, and what stands in for it are a lock
that is never had, a transaction that is torn away, and a process killed after its commit (test_sqlite_writer.py).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.database.migrations import migrate_sqlite
from shared.database.payments import SqlPayments
from shared.database.refusals import UNIQUE_RULES
from shared.database.sqlite import SqliteEngine
from shared.database.sqlserver import SqlServerEngine
from shared.database.sqlserver_connection import Connect, OdbcConnection, OdbcCursor
from shared.database.sqlserver_migrations import migrate_sqlserver
from shared.database.statements import first_by_limit, first_by_top
from shared.database.unit_of_work import DatabaseUnavailable
from shared.payments.claims import Claim
from shared.payments.errors import BillOpen, ChangedMeanwhile, KeyTaken, Unauthenticated
from shared.payments.idempotency import Fingerprint, Nonce
from shared.payments.operations import OperationKind
from shared.payments.outcome import TransactionState, Unknown
from shared.payments.payment import Payment
from shared.payments.sale_outcome import with_sale_outcome
from tests.builders import CHAIN, NOW, a_submitted_payment, an_occasion, approved, sold
from tests.database.conftest import MIGRATIONS, SqlServerDatabase, stand_in
from tests.database.sql_server_stand_in import lost

PRINT = Fingerprint("k1", "f" * 64)
NONCE = Nonce("ctp-1", "nonce-1", NOW)
MOMENTS = ["before", "during", "after"]


class Line:
    """Between the engine and any server: cuts the connection at a moment of the next batch that commits."""

    def __init__(self, connect: Connect) -> None:
        self.cut_at: str | None = None
        self.cuts = 0
        self._connect = connect

    def connect(self) -> "CutConnection":
        return CutConnection(self, self._connect())


class CutConnection:
    def __init__(self, line: Line, connection: OdbcConnection) -> None:
        self.timeout = 0
        self.line, self.connection = line, connection

    def cursor(self) -> "CutCursor":
        return CutCursor(self, self.connection.cursor())

    def close(self) -> None:
        self.connection.close()


class CutCursor:
    def __init__(self, owner: CutConnection, cursor: OdbcCursor) -> None:
        self._owner, self._cursor = owner, cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, sql: str, *parameters: Any) -> None:
        line = self._owner.line
        if line.cut_at is None or "READ COMMITTED" not in sql or "COMMIT;" not in sql:
            self._cursor.execute(sql, *parameters)
            return
        moment, line.cut_at = line.cut_at, None
        line.cuts += 1
        if moment == "during":
            with suppress(Exception):  # a server may say that the batch left a transaction open: it did
                self._cursor.execute(sql.replace("COMMIT;", ""), *parameters)
        if moment == "after":
            self._cursor.execute(sql, *parameters)
            while self._cursor.nextset():
                pass
        self._owner.connection.close()
        raise lost()


@pytest.fixture(params=["stand-in", "sqlserver"])
async def line(request: pytest.FixtureRequest, tmp_path: Path) -> Line:
    if request.param == "stand-in":
        return Line(stand_in(tmp_path).connect)
    connect = request.getfixturevalue("sqlserver")
    database = SqlServerDatabase(connect)
    await database.empty()
    await database.close()
    await asyncio.to_thread(migrate_sqlserver, connect, MIGRATIONS / "sqlserver", now=NOW)
    return Line(connect)


@pytest.fixture
async def payments(line: Line, request: pytest.FixtureRequest) -> AsyncIterator[SqlPayments]:
    engine = SqlServerEngine(line.connect, constraints=UNIQUE_RULES)
    real = "sqlserver" in request.node.name
    yield SqlPayments(engine, first=first_by_top if real else first_by_limit, chain=CHAIN)
    await engine.close()


@pytest.fixture(params=MOMENTS)
def cut(request: pytest.FixtureRequest, line: Line) -> Callable[[], None]:
    """Call it: the next unit's connection is lost at this moment of it."""

    def at_the_next() -> None:
        line.cut_at = request.param

    return at_the_next


def lost_answer(payment: Payment) -> Payment:
    found = with_sale_outcome(
        payment, Unknown("READ_TIMEOUT", "no"), occasion=an_occasion(NOW, inquire_at=NOW), actor="chase"
    )
    assert found is not None
    return found


class TestASale:
    @pytest.mark.parametrize("nonce", [None, NONCE], ids=["token", "signature"])
    async def test_is_begun_once_and_its_caller_may_go_on(
        self, payments: SqlPayments, line: Line, cut: Callable[[], None], nonce: Nonce | None
    ) -> None:
        payment = a_submitted_payment()
        cut()

        await payments.begin_sale(payment, PRINT, nonce)

        assert line.cuts == 1
        assert await payments.get(payment.id) == payment

    async def test_of_another_call_under_the_same_key_is_told_apart_by_its_operation(
        self, payments: SqlPayments, cut: Callable[[], None]
    ) -> None:
        await payments.begin_sale(a_submitted_payment(), PRINT, None)
        other = replace(a_submitted_payment(number=2, reference="INV-2"), idempotency_key="attempt-1")
        cut()

        with pytest.raises(KeyTaken):
            await payments.begin_sale(other, PRINT, None)

        assert await payments.get(other.id) is None

    async def test_for_a_bill_that_is_open_is_refused(self, payments: SqlPayments, cut: Callable[[], None]) -> None:
        await payments.begin_sale(a_submitted_payment(), PRINT, None)
        cut()

        with pytest.raises(BillOpen):
            await payments.begin_sale(a_submitted_payment(number=2), PRINT, None)

    async def test_with_a_nonce_seen_before_never_passes(self, payments: SqlPayments, cut: Callable[[], None]) -> None:
        await payments.begin_sale(a_submitted_payment(), PRINT, NONCE)
        cut()

        with pytest.raises((Unauthenticated, DatabaseUnavailable)):
            await payments.begin_sale(a_submitted_payment(number=2, reference="INV-2"), PRINT, NONCE)

    async def test_that_is_refused_is_refused_once(self, payments: SqlPayments, cut: Callable[[], None]) -> None:
        open_payment = a_submitted_payment()
        await payments.begin_sale(open_payment, PRINT, None)
        cut()

        refused_for = await payments.refuse(a_submitted_payment(number=2), PRINT, NONCE)

        found = await payments.by_key("ctp", "attempt-2", None)
        assert found is not None
        assert refused_for == found.refused_for == open_payment.id


class TestAClaim:
    @pytest.mark.parametrize("nonce", [None, NONCE], ids=["token", "signature"])
    async def test_is_made_once_and_its_caller_may_go_on(
        self, payments: SqlPayments, line: Line, cut: Callable[[], None], nonce: Nonce | None
    ) -> None:
        captured = await a_capture(payments)
        cut()

        payment = await payments.claim(a_refund_of(captured, nonce=nonce))

        assert line.cuts == 1
        assert (payment.refund_reserved_minor, len(payment.operations)) == (60, 2)
        assert await payments.get(payment.id) == payment

    async def test_of_another_call_under_the_same_key_is_told_apart_by_its_operation(
        self, payments: SqlPayments, cut: Callable[[], None]
    ) -> None:
        captured = await a_capture(payments)
        first = await payments.claim(a_refund_of(captured))
        cut()

        with pytest.raises(KeyTaken):
            await payments.claim(replace(a_refund_of(captured), operation_id="op_other"))

        assert await payments.get(captured.id) == first

    async def test_that_the_payment_does_not_allow_is_refused(
        self, payments: SqlPayments, cut: Callable[[], None]
    ) -> None:
        captured = await a_capture(payments)
        cut()

        with pytest.raises(ChangedMeanwhile):
            await payments.claim(replace(a_refund_of(captured), amount_minor=999_99))

        assert await payments.get(captured.id) == captured


async def a_capture(payments: SqlPayments) -> Payment:
    payment = a_submitted_payment()
    await payments.begin_sale(payment, PRINT, None)
    captured = sold(payment, approved(state=TransactionState.CLOSED))
    await payments.save(payment, captured)
    return captured


def a_refund_of(payment: Payment, nonce: Nonce | None = None) -> Claim:
    return Claim(
        kind=OperationKind.REFUND,
        payment_id=payment.id,
        operation_id="op_refund",
        request_id="request-of-the-refund",
        billers=None,
        caller="ctp",
        idempotency_key="refund-1",
        fingerprint=PRINT,
        nonce=nonce,
        reason="the payer asked for it",
        now=NOW,
        captures_after=NOW,
        amount_minor=60,
    )


class TestAStep:
    async def test_is_stored_once(self, payments: SqlPayments, cut: Callable[[], None]) -> None:
        payment = a_submitted_payment()
        await payments.begin_sale(payment, PRINT, None)
        cut()

        with suppress(ChangedMeanwhile):  # by itself: who reads again finds its own step
            await payments.save(payment, lost_answer(payment))

        assert await payments.get(payment.id) == lost_answer(payment)

    async def test_of_two_at_once_one_is_stored(self, payments: SqlPayments, cut: Callable[[], None]) -> None:
        payment = a_submitted_payment()
        await payments.begin_sale(payment, PRINT, None)
        known = with_sale_outcome(payment, approved(), occasion=an_occasion(NOW, inquire_at=NOW), actor="chase")
        assert known is not None
        cut()

        steps = (payments.save(payment, step) for step in (lost_answer(payment), known))
        await asyncio.gather(*steps, return_exceptions=True)

        stored = await payments.get(payment.id)
        assert stored in (lost_answer(payment), known)

    async def test_an_inquiry_is_taken_by_one_at_most(self, payments: SqlPayments, cut: Callable[[], None]) -> None:
        payment = a_submitted_payment()
        await payments.begin_sale(payment, PRINT, None)
        await payments.save(payment, lost_answer(payment))
        sale = lost_answer(payment).sale
        cut()

        taken = await asyncio.gather(*(payments.schedule(sale, replace(sale, inquiries=1)) for _ in range(4)))

        assert taken.count(True) <= 1
        stored = await payments.get(payment.id)
        assert stored is not None
        assert stored.sale.inquiries == 1


class TestOnSqlite:
    async def test_a_unit_made_again_by_its_caller_is_told_by_its_operation(self, tmp_path: Path) -> None:
        migrate_sqlite(tmp_path / "payments.db", MIGRATIONS / "sqlite", now=NOW)
        engine = SqliteEngine(tmp_path / "payments.db", constraints=UNIQUE_RULES)
        payments = SqlPayments(engine, first=first_by_limit, chain=CHAIN)
        payment = a_submitted_payment()
        await payments.begin_sale(payment, PRINT, None)

        with pytest.raises(KeyTaken):
            await payments.begin_sale(payment, PRINT, None)

        known = await payments.by_key(payment.caller, payment.idempotency_key, None)
        await engine.close()
        assert known is not None
        assert known.payment is not None
        assert known.payment.sale.id == payment.sale.id
