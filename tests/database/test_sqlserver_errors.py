"""What the driver says, read by its shape."""

from typing import Any

import pytest

from shared.database.sqlserver_errors import diagnosed, named
from shared.database.unit_of_work import DatabaseUnavailable, GuardFailed, StatementFailed, UniqueViolation
from tests.database.sql_server_stand_in import DRIVER, DriverError, lost, server_error

CARD = "4112344112344113"
KEY = f"Violation of PRIMARY KEY constraint 'keys_pk'. Cannot insert duplicate key in object 'dbo.keys'. The duplicate key value is ({CARD})."  # noqa: E501
INDEX = f"Cannot insert duplicate key row in object 'dbo.t' with unique index 'open_bill'. The duplicate key value is ({CARD})."  # noqa: E501
TRUNCATED = f"String or binary data would be truncated in table 'dbo.t', column 'x'. Truncated value: '{CARD}'."
CHECK = 'The INSERT statement conflicted with the CHECK constraint "refunds_within_capture".'


def told(error: Exception, **options: Any) -> Any:
    return named(diagnosed(error), {}, ("first", "second"), **{"maybe_own": False, **options})


class TestNumbers:
    @pytest.mark.parametrize(
        ("error", "sqlstate", "number"),
        [
            (server_error("23000", KEY, 2627), "23000", 2627),
            (server_error("42000", "guard", 51002, "SQLMoreResults"), "42000", 51002),
            (
                DriverError(
                    "23000",
                    f"[23000] {DRIVER}{KEY} (2627) (SQLExecDirectW); [01000] {DRIVER}The statement has ended. (3621)",
                ),
                "23000",
                2627,
            ),
            (DriverError("40001", f"[40001] {DRIVER}deadlocked (1205); terminated (3621)"), "40001", 1205),
            (lost(), "08S01", 104),
            (DriverError("The SQL contains 3 parameter markers, but 2 parameters were supplied", "HY000"), "HY000", 0),
            (DriverError("Attempt to use a closed connection."), "", 0),
            (ValueError("(2627) (SQLExecDirectW)"), "", 0),
            (DriverError(), "", 0),
        ],
        ids=["server", "at nextset", "two records", "no function", "network", "pyodbc's own", "no state", "other", "-"],
    )
    def test_are_the_servers_wherever_they_stand(self, error: Exception, sqlstate: str, number: int) -> None:
        found = diagnosed(error)

        assert (found.sqlstate, found.number) == (sqlstate, number)

    @pytest.mark.parametrize("value", ["(1205) (SQLExecDirectW)", "(1205);", "constraint 'other'", "x'; (40613) (SQL"])
    def test_cannot_be_forged_by_a_value(self, value: str) -> None:
        error = server_error("23000", KEY.replace(CARD, value), 2627)

        violated = told(error)

        assert not diagnosed(error).transient
        assert violated.constraint == "keys_pk"


class TestNames:
    @pytest.mark.parametrize(("text", "number", "rule"), [(KEY, 2627, "keys_pk"), (INDEX, 2601, "open_bill")])
    def test_of_unique_rules_are_the_constraints_or_the_indexs(self, text: str, number: int, rule: str) -> None:
        violated = told(server_error("23000", text, number), maybe_own=True)

        assert isinstance(violated, UniqueViolation)
        assert (violated.constraint, violated.maybe_own) == (rule, True)

    @pytest.mark.parametrize(("number", "guard"), [(51001, "first"), (51002, "second")])
    def test_of_guards_are_by_their_place(self, number: int, guard: str) -> None:
        failed = told(server_error("42000", "guard", number))

        assert isinstance(failed, GuardFailed)
        assert failed.guard == guard

    def test_of_checks_are_told(self) -> None:
        failed = told(server_error("23000", CHECK, 547))

        assert isinstance(failed, StatementFailed)
        assert "refunds_within_capture" in str(failed)

    @pytest.mark.parametrize(
        "error",
        [
            server_error("23000", KEY, 2627),
            server_error("23000", INDEX, 2601),
            server_error("22001", TRUNCATED, 2628),
            server_error(
                "22018", f"Conversion failed when converting the nvarchar value '{CARD}' to data type int", 245
            ),
            server_error("28000", f"Login failed for user '{CARD}'.", 18456),
            DriverError(f"Invalid parameter type.  param-index=0 param-type={CARD}", "HY105"),
            ValueError(CARD),
        ],
    )
    def test_never_repeat_a_value(self, error: Exception) -> None:
        assert CARD not in f"{told(error)!r} {vars(told(error))} {diagnosed(error)!r}"


class TestKinds:
    @pytest.mark.parametrize("number", [1205, 4060, 40197, 40501, 40613, 49918, 10928, 233, 64, 20])
    def test_transient_numbers_are_worth_another_connection(self, number: int) -> None:
        assert diagnosed(server_error("HY000", "gone", number)).transient

    @pytest.mark.parametrize("sqlstate", ["08S01", "08001", "08003", "HYT01", "40001"])
    def test_so_are_states_of_a_lost_connection(self, sqlstate: str) -> None:
        assert diagnosed(DriverError(sqlstate, f"[{sqlstate}] gone (0) (SQLExecDirectW)")).transient

    @pytest.mark.parametrize("number", [18456, 40544, 40615, 40914])
    def test_refusals_are_not_whatever_state_they_come_with(self, number: int) -> None:
        error = server_error("08001", "refused", number)

        assert not diagnosed(error).transient
        assert isinstance(told(error), DatabaseUnavailable)

    def test_a_time_out_is_not_because_the_unit_may_have_been_done(self) -> None:
        error = DriverError(
            "HYT00", "[HYT00] [Microsoft][ODBC Driver 18 for SQL Server]Query timeout expired (0) (SQLE)"
        )

        assert not diagnosed(error).transient
        assert isinstance(told(error), DatabaseUnavailable)

    def test_whatever_nobody_foresaw_is_a_failed_statement(self) -> None:
        assert str(told(ZeroDivisionError("x"))) == "ZeroDivisionError"
