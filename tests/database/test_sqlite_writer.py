"""What SQLite's engine promises beyond the contract: group commit, savepoints, processes, failures."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from contextlib import asynccontextmanager, closing, contextmanager, suppress

import pytest

from shared.database.sqlite import SqliteEngine
from shared.database.unit_of_work import (
    DatabaseUnavailable,
    GuardFailed,
    Query,
    Statement,
    StatementFailed,
    UniqueViolation,
)
from shared.payments.secret import Secret
from tests.database.conftest import SqliteDatabase

SHORT_S = 0.02
COUNTS_TO_300_000 = """
UPDATE accounts SET note =
(WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 300000) SELECT MAX(x) FROM c)
"""

# Writes units of three rows from 16 tasks for ever; prints the id of each unit once it is acknowledged.
WRITES_UNTIL_KILLED = """
import asyncio, itertools, sys
from shared.database.sqlite import SqliteEngine
from shared.database.unit_of_work import Statement

async def write(engine, name):
    for number in itertools.count():
        unit = f"{name}-{number}"
        account = Statement(
            "INSERT INTO accounts (id, owner, label, balance_minor) VALUES (?, ?, ?, ?)", (unit, "child", unit, 0)
        )
        entries = [Statement("INSERT INTO entries (account_id, sequence) VALUES (?, ?)", (unit, n)) for n in (1, 2)]
        await engine.run([account, *entries])
        print(unit, flush=True)

async def main():
    engine = SqliteEngine(sys.argv[1], constraints={})
    await asyncio.gather(*(write(engine, name) for name in range(16)))

asyncio.run(main())
"""


def opened(account_id, *, label=None, insert="INSERT"):
    sql = f"{insert} INTO accounts (id, owner, label, balance_minor) VALUES (?, ?, ?, ?)"
    return Statement(sql, (account_id, "anna", label or account_id, 0))


async def ids(engine):
    (rows,) = await engine.read([Query("SELECT id FROM accounts ORDER BY id")])
    return [row[0] for row in rows]


@contextmanager
def write_lock(path):
    """Another process's transaction, as far as the engine can tell."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def in_one_group(database, engine, *units):
    """The outcomes of `units`, all of which queued up while an earlier unit waited for its turn."""
    with write_lock(database.path):
        first = asyncio.create_task(engine.run([]))
        while not engine.connections_in_use:
            await asyncio.sleep(0)
        waiting = [asyncio.create_task(engine.run(unit)) for unit in units]
        await asyncio.sleep(0)
    await first
    return await asyncio.gather(*waiting, return_exceptions=True)


async def turns_until(is_over, *, at_most):
    """How many turns the loop made until `is_over`."""
    for turn in range(at_most):
        if is_over():
            return turn
        await asyncio.sleep(0)
    return at_most


@asynccontextmanager
async def a_writing_process(path):
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITES_UNTIL_KILLED, path, stdout=subprocess.PIPE
    )
    yield child
    with suppress(ProcessLookupError):
        child.kill()
    await child.communicate()


class TestGroups:
    async def test_units_that_queued_up_during_a_flush_share_the_next_one(self, sqlite_database):
        engine = sqlite_database.open()

        await in_one_group(sqlite_database, engine, *([opened(f"a{number}")] for number in range(40)))

        assert engine.commits == 41
        assert engine.flushes == 2

    async def test_concurrent_units_need_fewer_flushes_than_there_are_units(self, sqlite_database):
        engine = sqlite_database.open()

        await asyncio.gather(*(engine.run([opened(f"a{number}")]) for number in range(300)))

        assert engine.commits == 300
        assert engine.flushes < 150

    async def test_the_answers_of_a_group_leave_the_loop_free_for_others_in_between(self, sqlite_database):
        engine, answered = sqlite_database.open(), []
        heard = []

        async def unit(number):
            await engine.run([opened(f"a{number}")])
            answered.append(number)
            asyncio.get_running_loop().call_soon(lambda: heard.append(len(answered)))

        with write_lock(sqlite_database.path):
            first = asyncio.create_task(engine.run([]))
            while not engine.connections_in_use:
                await asyncio.sleep(0)
            waiting = [asyncio.create_task(unit(number)) for number in range(40)]
            await asyncio.sleep(0)
        await asyncio.gather(first, *waiting)

        assert engine.flushes == 2
        assert answered == list(range(40))
        assert 0 < heard[0] < 40

    async def test_a_group_is_never_larger_than_its_limit(self, sqlite_database):
        engine = sqlite_database.open(group_max=4)

        await in_one_group(sqlite_database, engine, *([opened(f"a{number}")] for number in range(10)))

        assert engine.flushes == 1 + 3

    async def test_a_failed_unit_is_undone_and_its_neighbours_in_the_group_are_stored(self, sqlite_database):
        engine = sqlite_database.open()
        nobody = Statement("UPDATE accounts SET note = ? WHERE id = ?", ("x", "nobody"), rows=1, guard="found")

        results = await in_one_group(
            sqlite_database,
            engine,
            [opened("a")],
            [opened("b"), nobody],
            [opened("c"), opened("a")],
            [opened("d")],
        )

        assert [type(result) for result in results] == [list, GuardFailed, UniqueViolation, list]
        assert await ids(engine) == ["a", "d"]

    async def test_a_cancelled_caller_leaves_the_rest_of_its_group_alone(self, sqlite_database):
        engine = sqlite_database.open()
        with write_lock(sqlite_database.path):
            units = [asyncio.create_task(engine.run([opened(f"a{number}")])) for number in range(3)]
            await asyncio.sleep(0)
            units[1].cancel()

        results = await asyncio.gather(*units, return_exceptions=True)

        assert [type(result) for result in results] == [list, asyncio.CancelledError, list]
        await engine.run([])
        assert await ids(engine) == ["a0", "a1", "a2"]


class TestTheLoop:
    """Statements run on the loop that asks; what may take long does not."""

    async def test_it_goes_on_while_another_process_writes(self, sqlite_database):
        engine = sqlite_database.open()
        await engine.run([opened("a")])

        with write_lock(sqlite_database.path):
            waiting = asyncio.create_task(engine.run([opened("b")]))
            turns = await turns_until(lambda: False, at_most=1000)
        await waiting

        assert turns == 1000
        assert await ids(engine) == ["a", "b"]

    async def test_it_goes_on_during_a_lengthy_statement(self, sqlite_database):
        engine = sqlite_database.open()
        await engine.run([opened("a")])

        working = asyncio.create_task(engine.run([Statement(COUNTS_TO_300_000, (), rows=None, lengthy=True)]))
        turns = await turns_until(working.done, at_most=1_000_000)
        await working

        assert turns > 50

    async def test_it_goes_on_during_a_unit_of_many_statements(self, sqlite_database):
        engine = sqlite_database.open()
        await engine.run([])

        working = asyncio.create_task(engine.run([opened(f"a{number}") for number in range(2000)]))
        turns = await turns_until(working.done, at_most=1_000_000)
        await working

        assert turns > 10
        assert len(await ids(engine)) == 2000

    @pytest.mark.parametrize("next_call", ["run", "close"])
    def test_one_that_is_closed_before_it_began_a_unit_holds_nobody_up(self, tmp_path, next_call):
        database = SqliteDatabase(tmp_path)
        engine = database.open()
        closed = asyncio.new_event_loop()
        closed.run_until_complete(engine.run([]))
        left = closed.create_task(engine.run([opened("left")]))
        closed.call_soon(closed.stop)
        closed.run_forever()
        closed.set_exception_handler(lambda _loop, _told: None)
        closed.close()

        async def go_on():
            if next_call == "run":
                await engine.run([opened("next")])
            await engine.close()
            return await ids(database.open())

        with closing(asyncio.new_event_loop()) as loop:
            stored = loop.run_until_complete(go_on())
            loop.run_until_complete(database.close())

        assert not left.done()
        assert stored == (["left", "next"] if next_call == "run" else ["left"])


class TestFailures:
    async def test_a_commit_that_fails_fails_every_unit_of_the_group(self, sqlite_database):
        engine = sqlite_database.open()
        await engine.run(
            [Statement("CREATE TABLE late (id TEXT REFERENCES accounts DEFERRABLE INITIALLY DEFERRED)", (), None)]
        )
        fails_at_commit = Statement("INSERT INTO late (id) VALUES (?)", ("nobody",))

        results = await in_one_group(sqlite_database, engine, [opened("a")], [fails_at_commit], [opened("b")])

        assert [type(result) for result in results] == [DatabaseUnavailable] * 3
        assert len({id(result) for result in results}) == 3
        await engine.run([opened("c")])
        assert await ids(engine) == ["c"]

    async def test_units_whose_transaction_is_lost_all_fail_and_the_next_group_works(self, sqlite_database):
        engine = sqlite_database.open()
        await engine.run([opened("there")])
        lost = opened("there", insert="INSERT OR ROLLBACK")

        results = await in_one_group(sqlite_database, engine, [opened("a")], [lost, opened("b")], [opened("c")])
        await engine.run([opened("d")])

        assert [type(result) for result in results] == [DatabaseUnavailable] * 3
        assert await ids(engine) == ["d", "there"]

    async def test_a_full_disk_fails_what_does_not_fit_and_says_so(self, sqlite_database):
        engine = sqlite_database.open()
        (rows,) = await engine.read([Query("PRAGMA page_count")])
        await engine.run([Statement(f"PRAGMA max_page_count={rows[0][0]}", (), rows=None)])

        with pytest.raises(DatabaseUnavailable, match="SQLITE_FULL"):
            await engine.run([opened("a"), opened("x" * 100_000)])

        assert await ids(engine) == []

    async def test_a_lock_held_too_long_is_unavailable_and_only_for_as_long_as_it_is_held(self, sqlite_database):
        engine = sqlite_database.open(busy_timeout_s=SHORT_S)

        with write_lock(sqlite_database.path):
            with pytest.raises(DatabaseUnavailable, match="SQLITE_BUSY"):
                await engine.run([opened("a")])
            assert await ids(engine) == []
        await engine.run([opened("b")])

        assert await ids(engine) == ["b"]

    async def test_a_file_that_cannot_be_opened_is_unavailable(self, tmp_path):
        engine = SqliteEngine(tmp_path / "no such folder" / "payments.db", constraints={})

        with pytest.raises(DatabaseUnavailable, match="SQLITE_CANTOPEN"):
            await engine.run([opened("a")])
        with pytest.raises(DatabaseUnavailable, match="SQLITE_CANTOPEN"):
            await engine.ping()

        await engine.close()

    async def test_a_file_that_is_no_database_is_unavailable(self, tmp_path):
        path = tmp_path / "payments.db"
        path.write_bytes(b"not a database " * 100)
        engine = SqliteEngine(path, constraints={})

        with pytest.raises(DatabaseUnavailable, match="SQLITE_NOTADB"):
            await engine.ping()

        await engine.close()

    async def test_a_rule_without_a_name_of_ours_is_named_by_its_columns(self, sqlite_database):
        engine = sqlite_database.open()
        await engine.run([opened("a")])

        with pytest.raises(UniqueViolation) as violated:
            await engine.run([opened("a", label="other")])

        assert violated.value.constraint == "accounts.id"

    @pytest.mark.parametrize(
        "value",
        ["4112344112344113\ud800", Secret("4112344112344113"), 4112344112344113**2],
        ids=["text", "type", "size"],
    )
    async def test_a_value_that_cannot_be_bound_is_not_repeated(self, sqlite_database, value):
        engine = sqlite_database.open()

        (error,) = await asyncio.gather(
            engine.run([opened("a"), Statement("UPDATE accounts SET note = ?", (value,))]), return_exceptions=True
        )

        assert isinstance(error, StatementFailed)
        assert "4112344112344113" not in f"{error!r} {error.__cause__!r} {error.__context__!r}"
        assert await ids(engine) == []

    async def test_a_wrong_json_path_is_not_repeated(self, sqlite_database):
        engine = sqlite_database.open()

        with pytest.raises(StatementFailed) as failed:
            await engine.read([Query("SELECT json_extract('{}', ?)", ("4112344112344113",))])

        assert "4112344112344113" not in str(failed.value)


class TestDurability:
    async def test_the_file_has_a_wal_and_every_commit_is_flushed(self, sqlite_database):
        engine = sqlite_database.open()

        answers = [
            (await engine.run([], Query(f"PRAGMA {name}")))[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

        assert answers == [[("wal",)], [(2,)], [(1,)]]  # 2 is FULL

    async def test_reads_cannot_write(self, sqlite_database):
        engine = sqlite_database.open()

        with pytest.raises(DatabaseUnavailable, match="SQLITE_READONLY"):
            await engine.read([Query("DELETE FROM accounts")])

    async def test_a_read_does_not_wait_for_a_writer(self, sqlite_database):
        engine = sqlite_database.open()
        await engine.run([opened("a")])

        with write_lock(sqlite_database.path):
            waiting = asyncio.create_task(engine.run([opened("b")]))
            seen = await ids(engine)
        await waiting

        assert seen == ["a"]

    async def test_once_closed_the_engine_holds_nothing_and_the_file_is_all_there_is(self, sqlite_database):
        engine = sqlite_database.open()
        await engine.run([opened("a")])
        await engine.ping()

        await engine.close()

        left = {path.name for path in sqlite_database.path.parent.iterdir() if path.is_file()}
        assert left == {"payments.db"}

    async def test_many_engines_may_open_a_new_file_at_once(self, tmp_path):
        engines = [SqliteEngine(tmp_path / "new.db", constraints={}) for _ in range(8)]

        await asyncio.gather(*(engine.ping() for engine in engines), *(engine.run([]) for engine in engines))

        for engine in engines:
            await engine.close()

    async def test_after_kill_9_every_acknowledged_unit_is_there_and_every_unit_is_whole(self, sqlite_database):
        async with a_writing_process(sqlite_database.path) as child:
            acknowledged = [(await child.stdout.readline()).decode().strip() for _ in range(400)]
            child.send_signal(signal.SIGKILL)
            *rest, _torn = (await child.stdout.read()).decode().split("\n")

        engine = sqlite_database.open()
        per_unit = "SELECT account_id, COUNT(*) FROM entries GROUP BY account_id"
        entries, check = await engine.read([Query(per_unit), Query("PRAGMA integrity_check")])
        stored = set(await ids(engine))
        assert stored >= {*acknowledged, *rest}
        assert dict(entries) == dict.fromkeys(stored, 2)
        assert check == [("ok",)]

    async def test_two_processes_write_to_one_file(self, sqlite_database):
        engine = sqlite_database.open()

        async with a_writing_process(sqlite_database.path) as child:
            theirs_before = (await child.stdout.readline()).decode().strip()
            await asyncio.gather(*(engine.run([opened(f"ours{number}")]) for number in range(50)))
            theirs_after = (await child.stdout.readline()).decode().strip()

        stored = set(await ids(engine))
        assert stored >= {theirs_before, theirs_after, *(f"ours{number}" for number in range(50))}
