"""What the repository seals and what the verifier reads back, on each engine."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from shared.database.audit import SqlAuditTrail
from shared.database.migrations import migrate_sqlite
from shared.database.payments import SqlPayments
from shared.database.refusals import UNIQUE_RULES
from shared.database.rows import HISTORY, time_text
from shared.database.sqlite import SqliteEngine
from shared.database.sqlserver_migrations import migrate_sqlserver
from shared.database.statements import first_by_limit, first_by_top
from shared.database.unit_of_work import Engine, Statement, StatementFailed
from shared.payments.anchor import Anchor, Leaf, Standing, Touched
from shared.payments.audit import SEALED, Chain, Keyring
from shared.payments.audit_verification import Head, verify_payment
from shared.payments.idempotency import Fingerprint
from shared.payments.outcome import Declined, Unknown
from shared.payments.payment import Payment
from tests.builders import CHAIN, KEYRING, NOW, a_submitted_payment, approved, sold
from tests.database.conftest import ENGINES, MIGRATIONS, SqlServerDatabase, stand_in

LATER = NOW + timedelta(seconds=5)
NEWER = Keyring({"a2": b"b" * 32, **KEYRING.keys})


@dataclass
class Sealed:
    payments: SqlPayments
    trail: SqlAuditTrail
    engine: Engine

    async def begun(self, number: int = 1) -> Payment:
        payment = a_submitted_payment(number=number, reference=f"INV-{number}")
        await self.payments.begin_sale(payment, Fingerprint("k1", "f" * 64), None)
        return payment

    async def saved(self, before: Payment, outcome: Any = None) -> Payment:
        after = sold(before, outcome or approved(), now=LATER)
        await self.payments.save(before, after)
        return after


@pytest.fixture(params=ENGINES)
async def sealed(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Sealed]:
    first = first_by_limit
    if request.param == "sqlserver":
        database: Any = SqlServerDatabase(request.getfixturevalue("sqlserver"))
        await database.empty()
        await asyncio.to_thread(migrate_sqlserver, database.connect, MIGRATIONS / "sqlserver", now=NOW)
        engine, first = database.open(constraints=UNIQUE_RULES), first_by_top
    elif request.param == "stand-in":
        database = SqlServerDatabase(stand_in(tmp_path).connect)
        engine = database.open(constraints=UNIQUE_RULES)
    else:
        migrate_sqlite(tmp_path / "payments.sqlite3", MIGRATIONS / "sqlite", now=NOW)
        database = engine = SqliteEngine(tmp_path / "payments.sqlite3", constraints=UNIQUE_RULES)
    yield Sealed(SqlPayments(engine, first=first, chain=CHAIN), SqlAuditTrail(engine, first=first), engine)
    await database.close()


def test_a_mac_covers_every_column_that_a_row_of_history_has() -> None:
    assert SEALED == HISTORY


class TestTheRepository:
    async def test_seals_what_it_writes(self, sealed: Sealed) -> None:
        await sealed.saved(await sealed.begun())

        [payment] = await sealed.trail.payments("", 10)

        assert verify_payment(payment, KEYRING) == []
        assert [row.sequence for row in payment.rows] == [1, 2]
        assert isinstance(payment.head, Head)
        assert (payment.head.length, payment.head.key) == (2, "a1")

    async def test_seals_the_same_whether_the_payment_was_read_or_is_still_in_hand(self, sealed: Sealed) -> None:
        in_hand = await sealed.saved(await sealed.begun(1), Unknown("READ_TIMEOUT", "no"))
        await sealed.saved(in_hand)
        await sealed.saved(await sealed.begun(2), Unknown("READ_TIMEOUT", "no"))
        read = await sealed.payments.get(a_submitted_payment(number=2).id)
        assert read is not None
        await sealed.saved(read)

        assert [verify_payment(each, KEYRING) for each in await sealed.trail.payments("", 10)] == [[], []]

    async def test_seals_what_contradicts_with_its_detail(self, sealed: Sealed) -> None:
        known = await sealed.saved(await sealed.begun())
        await sealed.saved(known, Declined("DO_NOT_HONOR", "no", transaction_id="another-one"))

        [payment] = await sealed.trail.payments("", 10)

        assert payment.rows[-1].values[-1] is not None
        assert verify_payment(payment, KEYRING) == []

    async def test_goes_on_under_a_new_key(self, sealed: Sealed) -> None:
        before = await sealed.begun()
        stored = await sealed.payments.get(before.id)
        assert stored is not None
        newer = SqlPayments(sealed.engine, first=first_by_limit, chain=Chain(NEWER))
        await Sealed(newer, sealed.trail, sealed.engine).saved(stored)

        [payment] = await sealed.trail.payments("", 10)

        assert [row.key for row in payment.rows] == ["a1", "a2"]
        assert verify_payment(payment, NEWER) == []

    async def test_seals_a_step_that_adds_no_history(self, sealed: Sealed) -> None:
        known = await sealed.saved(await sealed.begun())
        await sealed.payments.save(known, replace(known, version=known.version + 1))

        [payment] = await sealed.trail.payments("", 10)

        assert verify_payment(payment, KEYRING) == []

    async def test_costs_no_round_trip(self, sealed: Sealed) -> None:
        before = sealed.engine.round_trips
        await sealed.saved(await sealed.begun())

        assert sealed.engine.round_trips - before == 2


class TestTheTrail:
    async def test_gives_payments_by_id_a_page_at_a_time(self, sealed: Sealed) -> None:
        made = [(await sealed.begun(number)).id for number in (1, 2, 3)]

        pages = [[each.id for each in await sealed.trail.payments(after, 2)] for after in ("", made[1], made[2])]

        assert pages == [made[:2], made[2:], []]

    async def test_gives_what_was_touched_in_a_time_a_page_at_a_time(self, sealed: Sealed) -> None:
        made = [await sealed.begun(number) for number in (1, 2, 3, 4)]
        await sealed.saved(made[0])
        page: Touched | None = Touched(NOW, LATER + timedelta(milliseconds=1))
        pages = []

        while page is not None:
            found, page = await sealed.trail.touched(page, 2)
            pages.append([each.id for each in found])

        assert pages == [[made[1].id, made[2].id], [made[3].id, made[0].id], []]

    async def test_leaves_out_what_was_touched_before_or_after(self, sealed: Sealed) -> None:
        early, late = await sealed.begun(1), await sealed.begun(2)
        await sealed.saved(late)

        found, _ = await sealed.trail.touched(Touched(NOW, LATER), 10)
        assert [each.id for each in found] == [early.id]
        found, _ = await sealed.trail.touched(Touched(LATER, LATER + timedelta(days=1)), 10)
        assert [each.id for each in found] == [late.id]

    async def test_says_what_stands_where_leaves_point(self, sealed: Sealed) -> None:
        payment = await sealed.begun()
        [there] = await sealed.trail.payments("", 1)

        standing = await sealed.trail.standing([Leaf(payment.id, 1, ""), Leaf("pay_none", 1, "")])

        assert standing == {
            payment.id: Standing(payment=True, row=True, mac=there.rows[0].mac),
            "pay_none": Standing(payment=False, row=False),
        }
        assert (await sealed.trail.standing([Leaf(payment.id, 2, "")]))[payment.id] == Standing(payment=True, row=False)
        assert await sealed.trail.standing([]) == {}

    async def test_has_no_orphans_where_the_database_holds_its_rules(self, sealed: Sealed) -> None:
        await sealed.begun()

        assert await sealed.trail.orphans("", 10) == []


class TestAnchors:
    async def test_are_kept_by_day_and_the_first_stays(self, sealed: Sealed) -> None:
        day = NOW.date()
        ours, next_day = Anchor(day, 2, 3, "c" * 64, "a1"), Anchor(day + timedelta(days=1), 0, 0, "d" * 64, "a1")
        await sealed.trail.add_anchor(next_day, NOW)
        await sealed.trail.add_anchor(ours, NOW)

        await sealed.trail.add_anchor(replace(ours, root="e" * 64), NOW)

        assert await sealed.trail.anchors() == [ours, next_day]

    @pytest.mark.parametrize("change", ["UPDATE audit_anchors SET payments = 1", "DELETE FROM audit_anchors"])
    async def test_are_never_changed(self, sealed: Sealed, change: str) -> None:
        await sealed.trail.add_anchor(Anchor(NOW.date(), 2, 3, "c" * 64, "a1"), NOW)

        with pytest.raises(StatementFailed):
            await sealed.engine.run([Statement(change, (), rows=None)])


class TestPlans:
    """On SQLite: each page is sought along an index, and none sorted."""

    @pytest.mark.parametrize(
        ("asked", "index"),
        [
            ("id FROM payments WHERE id > '' ORDER BY id", "USING PRIMARY KEY (id>?)"),
            (
                "id FROM payments WHERE updated_at >= '' AND updated_at < '9' AND (updated_at > '' OR id > '')"
                " ORDER BY updated_at, id",
                "USING COVERING INDEX payments_updated (updated_at>? AND updated_at<?)",
            ),
        ],
    )
    def test_go_along_an_index(self, tmp_path: Path, asked: str, index: str) -> None:
        migrate_sqlite(tmp_path / "payments.sqlite3", MIGRATIONS / "sqlite", now=NOW)
        with closing(sqlite3.connect(tmp_path / "payments.sqlite3")) as db:
            plan = db.execute(f"EXPLAIN QUERY PLAN {first_by_limit(10, asked)}").fetchall()

        assert [row[-1] for row in plan] == [f"SEARCH payments {index}"]


def test_times_are_sealed_as_they_are_stored() -> None:
    """DATETIME2(3) gives back these digits: another precision would break every seal."""
    assert time_text(NOW) == "2026-11-23T18:00:00.000"


def test_a_moment_has_one_text_whatever_its_offset() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5)))

    assert [time_text(elsewhere), time_text(NOW)] == ["2026-11-23T18:00:00.000"] * 2
