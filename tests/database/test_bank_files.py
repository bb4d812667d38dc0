"""What the bank said, at rest: once each, whoever stores it at the same time, on every engine."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from shared.database.bank_files import SqlBankLedger
from shared.database.check import MIGRATIONS
from shared.database.migrations import migrate_sqlite
from shared.database.payments import SqlPayments
from shared.database.sqlite import SqliteEngine
from shared.database.statements import first_by_limit
from shared.database.unit_of_work import Engine, Query, Row, Statement, StatementFailed, UniqueViolation
from shared.payments.bank_facts import BankFact, KeptFact
from shared.payments.bank_files import BankFile, parse
from shared.payments.money import Money
from shared.payments.outcome import Declined, TransactionState
from shared.payments.payment import Payment
from shared.payments.sale_outcome import with_sale_outcome
from tests.bank_file_writer import TRANSACTION_ID, a_chargeback, a_fact, a_return, bytes_of
from tests.builders import NOW, an_occasion, approved
from tests.database.test_payments import begun

LATER = NOW + timedelta(minutes=5)
FACTS = [a_fact(f"SET-{number}") for number in range(3)]
OTHER = "b1f7c0de-0000-4000-8000-000000000002"


@pytest.fixture
def ledger(payments: SqlPayments) -> SqlBankLedger:
    """On the same database as the payments."""
    return SqlBankLedger(payments._engine, first=payments._first)


async def stored(ledger: SqlBankLedger, *facts: BankFact) -> BankFile:
    file = parse("a.csv", bytes_of(facts))
    await ledger.begin(file, NOW)
    assert await ledger.keep(file.sha256, file.facts, NOW) == []
    return file


async def sold(payments: SqlPayments, number: int = 1, **changed: object) -> Payment:
    payment = await begun(payments, number)
    outcome = approved(**{"state": TransactionState.CLOSED, **changed})
    after = with_sale_outcome(payment, outcome, occasion=an_occasion(NOW, inquire_at=LATER), actor="chase")
    assert after is not None
    await payments.save(payment, after)
    return after


class TestAFile:
    async def test_is_importing_until_all_its_facts_are_kept(self, ledger: SqlBankLedger) -> None:
        assert await ledger.outcome_of("0" * 64) is None
        file = await stored(ledger, *FACTS)
        first = await ledger.outcome_of(file.sha256)

        await ledger.begin(file, LATER)
        await ledger.finish(file.sha256, LATER)
        await ledger.finish(file.sha256, LATER)

        assert (first, await ledger.outcome_of(file.sha256)) == ("importing", "imported")

    async def test_that_was_refused_may_be_begun_and_one_that_was_imported_is_not_refused(
        self, ledger: SqlBankLedger
    ) -> None:
        file = parse("a.csv", bytes_of(FACTS))
        await ledger.refuse(file.sha256, "a b", "name: write another", NOW)
        await ledger.refuse(file.sha256, "a b", "name: write another", NOW)
        refused = await ledger.outcome_of(file.sha256)
        await ledger.begin(file, NOW)
        await ledger.finish(file.sha256, NOW)

        await ledger.refuse(file.sha256, "a b", "name: write another", LATER)

        assert (refused, await ledger.outcome_of(file.sha256)) == ("refused", "imported")


class TestFacts:
    async def test_are_read_as_they_were_stored_in_the_order_in_which_they_occurred(
        self, ledger: SqlBankLedger
    ) -> None:
        late = a_chargeback("CBK-1", occurred_at=NOW + timedelta(milliseconds=2), transaction_id=None)
        early = a_return("RET-1", reason="NSF", order_number=None, amount=Money(99_999_999_999, "CAD"))
        await stored(ledger, late, early)
        await stored(ledger, replace(FACTS[0], occurred_at=NOW + timedelta(milliseconds=1)))

        due = await ledger.due(NOW, 10)

        assert due == [
            KeptFact(early, 0),
            KeptFact(replace(FACTS[0], occurred_at=NOW + timedelta(milliseconds=1)), 0),
            KeptFact(late, 0),
        ]
        assert await ledger.due(NOW, 1) == due[:1]
        assert await ledger.due(NOW - timedelta(milliseconds=1), 10) == []

    async def test_are_kept_once_and_a_contradiction_is_told(self, ledger: SqlBankLedger) -> None:
        file = await stored(ledger, *FACTS)
        other = replace(FACTS[1], amount=Money(1, "USD"))

        assert await ledger.keep(file.sha256, FACTS, LATER) == []
        assert await ledger.keep(file.sha256, [FACTS[0], other], LATER) == [other]
        for _ in range(2):
            await ledger.keep_contradiction(file.sha256, other, "another amount", LATER)

        assert [kept.fact for kept in await ledger.due(LATER, 10)] == FACTS

    async def test_of_a_long_file_are_all_kept(self, ledger: SqlBankLedger) -> None:
        facts = [a_fact(f"SET-{number:04}") for number in range(120)]

        await stored(ledger, *facts)

        assert [kept.fact for kept in await ledger.due(NOW, 200)] == facts

    async def test_are_kept_by_two_importers_at_once(self, ledger: SqlBankLedger) -> None:
        file = await stored(ledger, FACTS[0])

        await asyncio.gather(*(ledger.keep(file.sha256, FACTS, NOW) for _ in range(4)))

        assert [kept.fact for kept in await ledger.due(NOW, 10)] == FACTS

    async def test_are_taken_by_one(self, ledger: SqlBankLedger) -> None:
        await stored(ledger, FACTS[0])
        [kept] = await ledger.due(NOW, 10)

        taken = await asyncio.gather(*(ledger.take(kept, LATER) for _ in range(4)))

        assert sorted(taken) == [False, False, False, True]
        assert await ledger.due(NOW, 10) == []
        assert await ledger.due(LATER, 10) == [KeptFact(FACTS[0], 1)]

    async def test_that_are_applied_or_set_aside_are_due_no_more_and_stay_so(
        self, ledger: SqlBankLedger, payments: SqlPayments
    ) -> None:
        payment = await sold(payments)
        await stored(ledger, *FACTS)
        first, second, third = await ledger.due(NOW, 10)

        await ledger.applied(first, payment.id, NOW)
        await ledger.put_aside(first, None, "never", NOW)
        await ledger.put_aside(second, payment.id, "another amount", NOW)
        await ledger.applied(second, payment.id, NOW)

        assert await ledger.due(LATER, 10) == [third]
        assert not await ledger.take(first, LATER)

    async def test_are_of_a_payment_that_is_there(self, ledger: SqlBankLedger) -> None:
        await stored(ledger, FACTS[0])
        [kept] = await ledger.due(NOW, 10)

        with pytest.raises(StatementFailed):
            await ledger.applied(kept, "pay_nobody", NOW)

    async def test_are_of_a_file_that_is_there(self, ledger: SqlBankLedger) -> None:
        with pytest.raises(StatementFailed):
            await ledger.keep("0" * 64, FACTS, NOW)


class TestPayments:
    async def test_are_found_by_chases_id_of_their_sale(self, ledger: SqlBankLedger, payments: SqlPayments) -> None:
        first, second = await sold(payments, 1), await sold(payments, 2)
        await sold(payments, 3, transaction_id=OTHER)
        declined = await begun(payments, 4)
        no = Declined("DO_NOT_HONOR", "no", transaction_id=OTHER)
        after = with_sale_outcome(declined, no, occasion=an_occasion(NOW, inquire_at=LATER), actor="chase")
        assert after is not None
        await payments.save(declined, after)

        assert await ledger.payment_ids(TRANSACTION_ID) == [first.id, second.id]
        assert await ledger.payment_ids(OTHER) == [f"pay_{3:032x}"]
        assert await ledger.payment_ids("nobody") == []

    async def test_that_are_captured_and_not_settled_are_counted_oldest_first(
        self, ledger: SqlBankLedger, payments: SqlPayments
    ) -> None:
        captured = [await sold(payments, number) for number in (1, 2, 3)]
        settled = await sold(payments, 4)
        await payments.save(settled, replace(settled, version=settled.version + 1, settled_at=NOW))
        await sold(payments, 5, state=TransactionState.AUTHORIZED)

        found = await ledger.unsettled(LATER, 2)

        assert (found.count, found.payment_ids) == (3, [payment.id for payment in captured[:2]])
        assert (await ledger.unsettled(NOW, 2)).count == 0


class ContestedEngine:
    """An Engine whose first `losses` units lose against another importer's."""

    def __init__(self, losses: int) -> None:
        self.losses, self.runs = losses, 0

    async def run(self, statements: list[Statement], answer: Query | None = None) -> list[Row]:
        self.runs += 1
        if self.runs <= self.losses:
            raise UniqueViolation("bank_facts_pk")
        return []


class TestAUnitThatLosesARace:
    @pytest.mark.parametrize("losses", [1, 2])
    async def test_is_made_again(self, losses: int) -> None:
        engine: Engine = ContestedEngine(losses)  # type: ignore[assignment]

        await SqlBankLedger(engine, first=first_by_limit).refuse("0" * 64, "a.csv", "no", NOW)

        assert engine.runs == losses + 1  # type: ignore[attr-defined]

    async def test_is_not_made_for_ever(self) -> None:
        with pytest.raises(UniqueViolation):
            await SqlBankLedger(ContestedEngine(3), first=first_by_limit).refuse("0" * 64, "a.csv", "no", NOW)  # type: ignore[arg-type]


class Planning:
    """An Engine that asks SQLite how it would answer, and answers with nothing."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.plans = engine, list[str]()

    async def read(self, queries: list[Query]) -> list[list[Row]]:
        for query in queries:
            [plan] = await self.engine.read([Query(f"EXPLAIN QUERY PLAN {query.sql}", query.parameters)])
            self.plans += [row[3] for row in plan]
        return [[(0,)] for _ in queries]


class TestEachQuestion:
    @pytest.mark.parametrize(
        ("index", "ask"),
        [
            ("bank_facts_pending", lambda ledger: ledger.due(NOW, 0)),
            ("operations_sale_transaction", lambda ledger: ledger.payment_ids(TRANSACTION_ID)),
            ("payments_unsettled", lambda ledger: ledger.unsettled(NOW, 10)),
        ],
    )
    async def test_has_its_index(
        self, tmp_path: Path, index: str, ask: Callable[[SqlBankLedger], Awaitable[object]]
    ) -> None:
        migrate_sqlite(tmp_path / "payments.db", MIGRATIONS / "sqlite", now=NOW)
        engine = SqliteEngine(tmp_path / "payments.db", constraints={})
        planning = Planning(engine)
        with suppress(ValueError):  # the rows that are no answer
            await ask(SqlBankLedger(planning, first=first_by_limit))  # type: ignore[arg-type]
        await engine.close()

        assert planning.plans
        assert all(index in plan for plan in planning.plans)
