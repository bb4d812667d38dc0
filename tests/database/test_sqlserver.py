"""What SQL Server's engine promises beyond the contract: batches believed last, reruns, its pool, its threads."""

import asyncio
import threading
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from shared.database import sqlserver_batch
from shared.database.sqlserver import SqlServerEngine
from shared.database.sqlserver_connection import PREPARED_MAX
from shared.database.unit_of_work import (
    DatabaseUnavailable,
    GuardFailed,
    Query,
    Statement,
    StatementFailed,
    UniqueViolation,
)
from tests.database.scripted_odbc import Says, ScriptedDriver
from tests.database.sql_server_stand_in import DriverError, lost, server_error

DUPLICATE = "Violation of PRIMARY KEY constraint 'keys_pk'. The duplicate key value is (secret)."
VIOLATED = server_error("23000", DUPLICATE, 2627)
DEADLOCK = server_error("40001", "Transaction (Process ID 52) was deadlocked and has been chosen as the victim.", 1205)
MOVED = server_error("HY000", "Database 'appdb' is not currently available.", 40613)
TIMED_OUT = DriverError("HYT00", "[HYT00] [Microsoft][ODBC Driver 18 for SQL Server]Query timeout expired (0) (SQLEx)")
STORED = Statement("INSERT INTO t (id) VALUES (?)", ("a",), guard="stored")
ONE = Query("SELECT id FROM t")


@asynccontextmanager
async def an_engine(driver, **options):
    waits = []
    engine = SqlServerEngine(driver.connect, **{"constraints": {}, "sleep": waits.append, **options})
    engine.waits = waits
    yield engine
    await engine.close()


class TestBelieving:
    async def test_rows_are_believed_only_once_the_last_result_is_drained(self):
        driver = ScriptedDriver(Says([[("a",)]], VIOLATED, at="nextset"))

        async with an_engine(driver) as engine:
            with pytest.raises(UniqueViolation):
                await engine.run([STORED], ONE)

        assert engine.commits == 0

    @pytest.mark.parametrize("at", ["execute", "fetchall", "nextset"])
    async def test_an_error_counts_wherever_it_surfaces(self, at):
        driver = ScriptedDriver(Says([[("a",)]], VIOLATED, at=at))

        async with an_engine(driver) as engine:
            with pytest.raises(UniqueViolation):
                await engine.run([STORED], ONE)

    async def test_results_without_rows_are_passed_over(self):
        async with an_engine(ScriptedDriver(Says([None, None, [("a",)], None]))) as engine:
            assert await engine.run([STORED], ONE) == [[("a",)]]

    @pytest.mark.parametrize("results", [[], [[], []]], ids=["fewer", "more"])
    async def test_other_results_than_were_asked_for_are_no_answer(self, results):
        async with an_engine(ScriptedDriver(Says(results))) as engine:
            with pytest.raises(DatabaseUnavailable, match="results came for 1 queries"):
                await engine.run([STORED], ONE)

    async def test_a_cursor_that_cannot_be_closed_does_not_unsay_the_answer(self):
        async with an_engine(ScriptedDriver(Says([[("a",)]], lost(), at="close"))) as engine:
            assert await engine.run([], ONE) == [[("a",)]]

    async def test_times_come_back_as_the_text_that_they_were_bound_as(self):
        at = datetime(2026, 1, 2, 3, 4, 5, 678000)  # noqa: DTZ001 - as the driver gives it
        says = Says([[("a", at), ("b", None), ("c", at.replace(microsecond=0))]], types=(str, datetime))

        async with an_engine(ScriptedDriver(says)) as engine:
            [rows] = await engine.read([ONE])

        assert rows == [("a", "2026-01-02T03:04:05.678"), ("b", None), ("c", "2026-01-02T03:04:05.000")]


class TestNaming:
    async def test_a_guard_is_told_by_its_statements_place(self):
        driver = ScriptedDriver(Says(error=server_error("42000", "guard", 51002)))

        async with an_engine(driver) as engine:
            with pytest.raises(GuardFailed, match="second"):
                await engine.run([STORED, Statement("UPDATE t SET x = 1", (), guard="second")])

    async def test_a_rule_of_the_schema_is_no_guard(self):
        driver = ScriptedDriver(Says(error=server_error("42000", "history is append-only", 50001)))

        async with an_engine(driver) as engine:
            with pytest.raises(StatementFailed, match="history is append-only"):
                await engine.run([STORED])

    async def test_a_unique_rule_carries_our_name(self):
        async with an_engine(ScriptedDriver(Says(error=VIOLATED)), constraints={"keys_pk": "key"}) as engine:
            with pytest.raises(UniqueViolation) as violated:
                await engine.run([STORED])

        assert (violated.value.constraint, violated.value.maybe_own) == ("key", False)
        assert "secret" not in repr(violated.value)


class TestRunningAgain:
    @pytest.mark.parametrize("error", [lost(), MOVED, DEADLOCK], ids=["lost", "moved", "deadlock"])
    async def test_a_transient_error_is_followed_by_the_whole_unit_on_a_new_connection(self, error):
        driver = ScriptedDriver(Says(error=error))

        async with an_engine(driver) as engine:
            await engine.run([STORED])

        first, second = driver.asked
        assert (first.sql, first.parameters) == (second.sql, second.parameters)
        assert (first.connection, second.connection) == (1, 2)
        assert (engine.reruns, engine.commits, engine.round_trips, engine.waits) == (1, 1, 1, [])

    async def test_a_second_run_that_meets_a_row_says_that_it_may_be_its_own(self):
        async with an_engine(ScriptedDriver(Says(error=lost()), Says(error=VIOLATED))) as engine:
            with pytest.raises(UniqueViolation) as violated:
                await engine.run([STORED])

        assert violated.value.maybe_own

    async def test_a_unit_that_never_left_cannot_meet_its_own_rows(self):
        driver = ScriptedDriver(Says(error=VIOLATED))
        driver.logins.append(MOVED)

        async with an_engine(driver) as engine:
            with pytest.raises(UniqueViolation) as violated:
                await engine.run([STORED])

        assert not violated.value.maybe_own

    async def test_a_database_that_stays_away_is_unavailable_after_a_bounded_time(self):
        driver = ScriptedDriver()
        driver.logins.extend([MOVED] * 99)

        async with an_engine(driver) as engine:
            with pytest.raises(DatabaseUnavailable, match="40613"):
                await engine.run([STORED])

        assert len(driver.logins) == 99 - 9
        assert 30 < sum(engine.waits) < 60
        assert driver.asked == []

    async def test_a_database_that_comes_back_is_used(self):
        driver = ScriptedDriver()
        driver.logins.extend([MOVED] * 5)

        async with an_engine(driver) as engine:
            await engine.run([STORED])

        assert (engine.commits, len(driver.asked)) == (1, 1)

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (TIMED_OUT, "HYT00"),
            (server_error("28000", "Login failed for user 'payments'.", 18456), "the login was refused"),
            (server_error("08001", "Client with IP address '10.0.0.1' is not allowed", 40615), "firewall"),
            (server_error("42000", "The database has reached its size quota", 40544), "size quota"),
        ],
        ids=["time-out", "login", "firewall", "quota"],
    )
    async def test_what_no_rerun_mends_is_told_at_once(self, error, said):
        driver = ScriptedDriver(Says(error=error))

        async with an_engine(driver) as engine:
            with pytest.raises(DatabaseUnavailable, match=said):
                await engine.run([STORED])

        assert len(driver.asked) == 1
        assert driver.open == set()

    async def test_a_ping_does_not_wait_for_a_database_that_is_away(self):
        driver = ScriptedDriver()
        driver.logins.extend([MOVED] * 99)

        async with an_engine(driver) as engine:
            with pytest.raises(DatabaseUnavailable):
                await engine.ping()

        assert (engine.waits, engine.reruns) == ([], 1)

    async def test_closing_ends_the_waiting(self):
        driver = ScriptedDriver()
        driver.logins.extend([MOVED] * 99)
        engine = SqlServerEngine(driver.connect, constraints={})
        unit = asyncio.create_task(engine.run([STORED]))
        while engine.reruns == 0:
            await asyncio.sleep(0)

        await engine.close()

        with pytest.raises(DatabaseUnavailable):
            await unit


class TestPool:
    async def test_one_connection_serves_one_after_another(self):
        driver = ScriptedDriver()

        async with an_engine(driver) as engine:
            for _ in range(5):
                await engine.run([STORED])
                await engine.read([ONE])

            assert driver.opened == 1
        assert driver.open == set()

    async def test_there_are_never_more_connections_than_the_limit_nor_two_users_of_one(self):
        driver = ScriptedDriver()
        most, together = 0, threading.Barrier(3)

        def meanwhile():
            nonlocal most
            together.wait(timeout=5)
            most = max(most, engine.connections_in_use)

        driver.script.extend(Says(meanwhile=meanwhile) for _ in range(12))
        async with an_engine(driver, connections_max=3) as engine:
            await asyncio.gather(*(engine.run([STORED]) for _ in range(12)))

        assert (most, driver.opened, driver.shared_connections, engine.connections_in_use) == (3, 3, 0, 0)

    @pytest.mark.parametrize(
        ("error", "opened"),
        [
            (VIOLATED, 1),
            (server_error("42000", "guard", 51001), 1),
            (server_error("42S02", "Invalid object name 'nowhere'.", 208), 2),
            (TIMED_OUT, 2),
            (ValueError("a defect"), 2),
        ],
        ids=["unique", "guard", "no such table", "time-out", "not the driver's"],
    )
    async def test_only_a_connection_known_to_be_clean_is_used_again(self, error, opened):
        driver = ScriptedDriver(Says(error=error))

        async with an_engine(driver) as engine:
            await asyncio.gather(engine.run([STORED]), return_exceptions=True)
            await engine.run([STORED])

        assert driver.opened == opened

    async def test_a_lost_connection_takes_the_idle_ones_with_it(self):
        driver, both = ScriptedDriver(), threading.Barrier(2)
        driver.script.extend(Says(meanwhile=lambda: both.wait(timeout=5)) for _ in range(2))

        async with an_engine(driver) as engine:
            await asyncio.gather(engine.run([STORED]), engine.run([STORED]))
            driver.script.append(Says(error=lost()))
            await engine.run([STORED])

            assert driver.open == {3}

    async def test_an_old_connection_is_not_used_again(self):
        driver, seconds = ScriptedDriver(), [0.0]

        async with an_engine(driver, connection_age_max_s=60, monotonic=lambda: seconds[0]) as engine:
            await engine.run([STORED])
            seconds[0] = 60.0
            await engine.run([STORED])

            assert (driver.opened, driver.open) == (2, {2})

    async def test_a_login_that_fails_leaves_nothing_in_use(self):
        driver = ScriptedDriver()
        driver.logins.append(server_error("28000", "Login failed for user 'payments'.", 18456))

        async with an_engine(driver) as engine:
            with pytest.raises(DatabaseUnavailable) as failed:
                await engine.run([STORED])

            assert engine.connections_in_use == 0
        assert "'payments'" not in str(failed.value)

    async def test_a_database_without_snapshots_is_read_as_it_is(self):
        driver = ScriptedDriver(snapshots=0)

        async with an_engine(driver) as engine:
            await engine.read([ONE])

        assert "ISOLATION LEVEL READ COMMITTED;" in driver.asked[0].sql


class TestPrepared:
    async def test_a_text_is_prepared_once_on_each_connection(self):
        driver = ScriptedDriver()

        async with an_engine(driver) as engine:
            for name in ("a", "b", "c"):
                await engine.run([Statement("INSERT INTO t (id) VALUES (?)", (name,))])

        first, *others = driver.asked
        assert all(asked.cursor == first.cursor and asked.sql is first.sql for asked in others)

    async def test_a_text_that_was_made_anew_is_given_as_the_object_that_was_prepared(self):
        driver = ScriptedDriver()
        texts = ["".join(["SELECT id FROM t WHERE id", " = ?"]) for _ in range(2)]

        async with an_engine(driver) as engine:
            for text in texts:
                sqlserver_batch._text.cache_clear()
                await engine.read([Query(text, ("a",))])

        assert driver.asked[0].sql is driver.asked[1].sql

    async def test_after_an_error_it_is_prepared_anew(self):
        driver = ScriptedDriver(Says(error=VIOLATED))

        async with an_engine(driver) as engine:
            await asyncio.gather(engine.run([STORED]), return_exceptions=True)
            await engine.run([STORED])

        assert driver.asked[0].cursor != driver.asked[1].cursor

    async def test_only_so_many_are_kept(self):
        driver = ScriptedDriver()

        async with an_engine(driver) as engine:
            for number in range(PREPARED_MAX + 10):
                await engine.read([Query(f"SELECT {number} FROM t WHERE id = ?", ("a",))])  # noqa: S608

            assert driver.cursors_open == PREPARED_MAX


class TestThreads:
    async def test_a_caller_who_hangs_up_does_not_stop_a_unit_that_waits_for_its_turn(self):
        driver, go = ScriptedDriver(), threading.Event()
        driver.script.append(Says(meanwhile=lambda: go.wait(timeout=5)))

        async with an_engine(driver, connections_max=1) as engine:
            first = asyncio.create_task(engine.run([STORED]))
            second = asyncio.create_task(engine.run([Statement("UPDATE t SET x = ?", (2,), rows=None)]))
            await asyncio.sleep(0)
            second.cancel()
            go.set()
            await first

        assert (second.cancelled(), engine.commits) == (True, 2)

    async def test_closing_finishes_what_waits_for_its_turn(self):
        driver = ScriptedDriver()
        engine = SqlServerEngine(driver.connect, constraints={}, connections_max=1)
        units = [asyncio.create_task(engine.run([STORED])) for _ in range(20)]
        await asyncio.sleep(0)

        await asyncio.gather(engine.close(), engine.close())

        assert await asyncio.gather(*units) == [[]] * 20
        assert driver.open == set()
