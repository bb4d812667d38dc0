"""The contract of every engine: portable SQL only, the same tests for SQLite and SQL Server."""

import asyncio

import pytest

from shared.database.unit_of_work import (
    DatabaseUnavailable,
    GuardFailed,
    Query,
    Statement,
    StatementFailed,
    UniqueViolation,
)

ALL_IDS = Query("SELECT id FROM accounts ORDER BY id")
ALL_ENTRIES = Query("SELECT account_id, sequence FROM entries ORDER BY account_id, sequence")


def opened(account_id, *, owner="anna", label=None, balance_minor=0, note=None):
    sql = "INSERT INTO accounts (id, owner, label, balance_minor, note) VALUES (?, ?, ?, ?, ?)"
    return Statement(sql, (account_id, owner, label or account_id, balance_minor, note))


def entered(account_id, sequence=1):
    return Statement("INSERT INTO entries (account_id, sequence) VALUES (?, ?)", (account_id, sequence))


def withdrawn(account_id, amount_minor):
    sql = "UPDATE accounts SET balance_minor = balance_minor - ? WHERE id = ? AND balance_minor >= ?"
    return Statement(sql, (amount_minor, account_id, amount_minor), rows=1, guard="balance")


async def ids(engine):
    (rows,) = await engine.read([ALL_IDS])
    return [row[0] for row in rows]


async def outcomes(*units):
    return await asyncio.gather(*units, return_exceptions=True)


class TestAllOrNone:
    async def test_a_unit_stores_all_of_its_statements(self, engine):
        await engine.run([opened("a"), entered("a", 1), entered("a", 2)])

        accounts, entries = await engine.read([ALL_IDS, ALL_ENTRIES])
        assert [tuple(row) for row in accounts] == [("a",)]
        assert [tuple(row) for row in entries] == [("a", 1), ("a", 2)]

    async def test_a_guard_that_fails_leaves_nothing_of_its_unit(self, engine):
        with pytest.raises(GuardFailed) as failed:
            await engine.run([opened("a"), withdrawn("nobody", 1), entered("a")])

        assert failed.value.guard == "balance"
        assert await engine.read([ALL_IDS, ALL_ENTRIES]) == [[], []]

    async def test_a_statement_that_affects_too_many_rows_fails_its_guard(self, engine):
        await engine.run([opened("a"), opened("b")])

        with pytest.raises(GuardFailed):
            await engine.run([Statement("UPDATE accounts SET note = ?", ("all",), rows=1, guard="one")])

        (rows,) = await engine.read([Query("SELECT COUNT(*) FROM accounts WHERE note IS NULL")])
        assert rows[0][0] == 2

    async def test_a_statement_without_a_count_may_affect_any_number(self, engine):
        await engine.run([opened("a"), opened("b")])

        await engine.run([Statement("UPDATE accounts SET note = ? WHERE id = ?", ("x", "nobody"), rows=None)])
        await engine.run([Statement("UPDATE accounts SET note = ?", ("all",), rows=None)])

        (rows,) = await engine.read([Query("SELECT COUNT(*) FROM accounts WHERE note = ?", ("all",))])
        assert rows[0][0] == 2

    @pytest.mark.parametrize(
        "broken",
        [
            entered("nobody"),
            opened("b", balance_minor=-1),
            Statement("INSERT INTO nowhere (id) VALUES (?)", ("x",)),
        ],
        ids=["foreign key", "check", "no such table"],
    )
    async def test_an_error_in_a_later_statement_rolls_back_the_earlier_ones(self, engine, broken):
        with pytest.raises(StatementFailed):
            await engine.run([opened("a"), broken])

        assert await ids(engine) == []

    async def test_an_answer_that_fails_rolls_back_the_statements(self, engine):
        with pytest.raises(StatementFailed):
            await engine.run([opened("a")], Query("SELECT id FROM nowhere"))

        assert await ids(engine) == []


class TestUniqueRules:
    @pytest.mark.parametrize(
        ("second", "rule"),
        [(opened("b", label="savings"), "account_label"), (entered("a"), "entry_sequence")],
        ids=["unique columns", "primary key"],
    )
    async def test_a_unique_violation_carries_our_name_for_the_rule(self, engine, second, rule):
        await engine.run([opened("a", label="savings"), entered("a")])

        with pytest.raises(UniqueViolation) as violated:
            await engine.run([opened("c"), second])

        assert violated.value.constraint == rule
        assert await ids(engine) == ["a"]

    async def test_of_many_units_with_one_key_exactly_one_is_stored(self, engine):
        units = [engine.run([opened(f"a{number}", label="savings")]) for number in range(50)]

        results = await outcomes(*units)

        assert results.count([]) == 1
        assert sum(isinstance(result, UniqueViolation) for result in results) == 49
        assert len(await ids(engine)) == 1


class TestSideBySide:
    async def test_two_hundred_units_at_once_are_all_stored_once(self, engine):
        numbers = [f"a{number:03}" for number in range(200)]

        await asyncio.gather(*(engine.run([opened(number), entered(number)]) for number in numbers))

        accounts, entries = await engine.read([ALL_IDS, ALL_ENTRIES])
        assert [row[0] for row in accounts] == numbers
        assert [row[0] for row in entries] == numbers

    async def test_a_unit_that_fails_does_not_touch_its_neighbours(self, engine):
        units = []
        for number in range(60):
            failing = [[], [withdrawn("nobody", 1)], [opened("x", balance_minor=-1)]][number % 3]
            units.append(engine.run([opened(f"a{number:02}"), *failing]))

        results = await outcomes(*units)

        assert await ids(engine) == [f"a{number:02}" for number in range(0, 60, 3)]
        assert [type(result) for result in results] == [list, GuardFailed, StatementFailed] * 20

    async def test_of_fifty_conditional_updates_exactly_one_wins(self, engine):
        await engine.run([opened("a", balance_minor=100)])

        results = await outcomes(*(engine.run([withdrawn("a", 60)]) for _ in range(50)))

        (rows,) = await engine.read([Query("SELECT balance_minor FROM accounts")])
        assert results.count([]) == 1
        assert rows[0][0] == 40

    async def test_two_engines_share_one_database(self, database):
        one, other = database.open(), database.open()
        await one.run([opened("a", balance_minor=100)])

        stored = [
            engine.run([opened(f"{name}{n:02}")]) for n in range(20) for name, engine in (("b", one), ("c", other))
        ]
        results = await outcomes(*stored, *(engine.run([withdrawn("a", 60)]) for engine in (one, other) * 10))

        assert results.count([]) == 41
        assert len(await ids(one)) == len(await ids(other)) == 41


class TestReading:
    async def test_the_answer_of_a_unit_sees_the_units_own_writes(self, engine):
        await engine.run([opened("a", balance_minor=100)])

        [rows] = await engine.run(
            [withdrawn("a", 30)], Query("SELECT balance_minor FROM accounts WHERE id = ?", ("a",))
        )

        assert [tuple(row) for row in rows] == [(70,)]

    async def test_a_unit_without_a_question_answers_with_no_rows(self, engine):
        assert await engine.run([opened("a")]) == []

    async def test_a_unit_may_be_a_question_alone(self, engine):
        assert await engine.run([], ALL_IDS) == [[]]

    async def test_each_query_of_a_read_has_its_own_rows(self, engine):
        await engine.run([opened("a"), opened("b"), entered("b", 7)])

        accounts, none, entries = await engine.read(
            [ALL_IDS, Query("SELECT id FROM accounts WHERE owner = ?", ("nobody",)), ALL_ENTRIES]
        )

        assert [row[0] for row in accounts] == ["a", "b"]
        assert none == []
        assert [tuple(row) for row in entries] == [("b", 7)]

    async def test_a_read_never_sees_half_a_unit(self, engine):
        async def write():
            for number in range(100):
                await engine.run([opened(f"a{number}"), entered(f"a{number}")])

        writing = asyncio.create_task(write())
        counts = []
        while not writing.done():
            accounts, entries = await engine.read([ALL_IDS, ALL_ENTRIES])
            counts.append((len(accounts), len(entries)))
        await writing

        assert all(accounts == entries for accounts, entries in counts)

    async def test_a_read_that_fails_says_so_and_the_next_one_works(self, engine):
        with pytest.raises(StatementFailed):
            await engine.read([Query("SELECT id FROM nowhere")])

        assert await ids(engine) == []


class TestValues:
    async def test_none_is_stored_as_null_and_comes_back_as_none(self, engine):
        await engine.run([opened("a", note=None), opened("b", note="")])

        (rows,) = await engine.read([Query("SELECT note FROM accounts ORDER BY id")])
        assert [row[0] for row in rows] == [None, ""]

    @pytest.mark.parametrize("text", ["Zoë Żółć", "支払い", "🧾 paid", "o'hara; -- ?", "line\nend"])
    async def test_text_comes_back_as_it_was_given(self, engine, text):
        await engine.run([opened("a", note=text)])

        (rows,) = await engine.read([Query("SELECT note FROM accounts WHERE note = ?", (text,))])
        assert rows[0][0] == text

    async def test_an_amount_may_be_larger_than_32_bits(self, engine):
        await engine.run([opened("a", balance_minor=9_000_000_000_000_000)])

        (rows,) = await engine.read([Query("SELECT balance_minor FROM accounts")])
        assert rows[0][0] == 9_000_000_000_000_000

    @pytest.mark.parametrize(
        "broken",
        [
            opened("a", note="4112344112344113", balance_minor=-1),
            opened("a", label="4112344112344113"),
            Statement("UPDATE accounts SET note = ?", ("4112344112344113",), rows=9, guard="nine"),
            Statement("UPDATE accounts SET note = ? WHERE nothing = 1", ("4112344112344113",)),
        ],
        ids=["check", "unique", "guard", "no such column"],
    )
    async def test_no_error_repeats_a_value(self, engine, broken):
        await engine.run([opened("x", label="4112344112344113")])

        (error,) = await outcomes(engine.run([broken]))

        assert isinstance(error, GuardFailed | UniqueViolation | StatementFailed)
        assert "4112344112344113" not in f"{error} {error!r} {vars(error)} {broken!r}"
        assert error.__cause__ is None
        assert error.__context__ is None


class TestLifeOfAnEngine:
    async def test_what_was_stored_is_there_after_closing_and_opening_again(self, database):
        before = database.open()
        await before.run([opened("a")])
        await before.close()

        after = database.open()

        assert await ids(after) == ["a"]

    async def test_closing_finishes_what_was_begun(self, database):
        engine = database.open()
        begun = [asyncio.create_task(engine.run([opened(f"a{number:02}")])) for number in range(20)]
        await asyncio.sleep(0)

        await engine.close()

        assert await asyncio.gather(*begun) == [[]] * 20
        assert len(await ids(database.open())) == 20

    async def test_a_closed_engine_is_unavailable_and_may_be_closed_again(self, engine):
        await engine.run([opened("a")])
        await engine.close()
        await engine.close()

        results = await outcomes(engine.run([opened("b")]), engine.read([ALL_IDS]), engine.ping())

        assert [type(result) for result in results] == [DatabaseUnavailable] * 3

    async def test_an_engine_that_was_never_used_can_be_closed(self, engine):
        await engine.close()

    async def test_a_cancelled_caller_does_not_stop_its_unit(self, database):
        engine = database.open()
        unit = asyncio.create_task(engine.run([opened("a"), entered("a")]))
        await asyncio.sleep(0)
        unit.cancel()

        await outcomes(unit)
        await engine.close()

        assert unit.cancelled()
        accounts, entries = await database.open().read([ALL_IDS, ALL_ENTRIES])
        assert [row[0] for row in accounts] == ["a"]
        assert [row[0] for row in entries] == ["a"]

    async def test_an_engine_serves_several_event_loops_at_once(self, engine):
        def elsewhere(name):
            async def store():
                await asyncio.gather(*(engine.run([opened(f"{name}{number:02}")]) for number in range(20)))

            asyncio.run(store())

        await asyncio.gather(*(asyncio.to_thread(elsewhere, name) for name in "abc"))

        assert len(await ids(engine)) == 60


class TestCounters:
    async def test_every_call_is_one_round_trip_and_every_stored_unit_one_commit(self, engine):
        await engine.ping()
        before = (engine.round_trips, engine.commits)

        await engine.run([opened("a"), entered("a", 1), entered("a", 2)], ALL_IDS)
        await engine.read([ALL_IDS, ALL_ENTRIES])

        assert (engine.round_trips - before[0], engine.commits - before[1]) == (2, 1)

    async def test_a_unit_that_failed_is_a_round_trip_and_no_commit(self, engine):
        await outcomes(engine.run([withdrawn("nobody", 1)]))

        assert (engine.round_trips, engine.commits) == (1, 0)

    async def test_no_connection_is_in_use_when_nothing_is_running(self, engine):
        await outcomes(engine.run([opened("a")]), engine.run([withdrawn("nobody", 1)]), engine.read([ALL_IDS]))

        assert engine.connections_in_use == 0
