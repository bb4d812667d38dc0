"""The text of each batch, its values and their types, exactly."""

import pytest

from shared.database.sqlserver_batch import SNAPSHOT, reading_batch, unit_batch
from shared.database.unit_of_work import Query, Statement, StatementFailed
from tests.database import rendered

NAMES = sorted(path.stem for path in rendered.FOLDER.glob("*.sql"))


class TestTheRepositorysBatches:
    async def test_are_those_that_are_kept(self) -> None:
        assert sorted(await rendered.batches()) == NAMES

    @pytest.mark.parametrize("name", NAMES)
    async def test_have_the_text_that_is_kept(self, name: str) -> None:
        made = await rendered.batches()

        assert made[name].sql + "\n" == (rendered.FOLDER / f"{name}.sql").read_text("utf-8")

    async def test_have_a_value_and_a_type_for_each_mark(self) -> None:
        for batch in (await rendered.batches()).values():
            assert batch.sql.count("?") == len(batch.parameters) == len(batch.sizes)
            assert None not in batch.parameters

    async def test_of_one_kind_are_one_text_whatever_the_values(self) -> None:
        first, again = await rendered.batches(), await rendered.batches()

        assert all(first[name].sql is again[name].sql for name in NAMES)


class TestAUnit:
    def test_is_one_batch_with_a_guard_after_each_statement_and_the_answer_before_the_commit(self) -> None:
        statements = [
            Statement("INSERT INTO a (x) VALUES (?)", (1,)),
            Statement("UPDATE a SET x = ?", (2,), rows=None),
            Statement("\n  UPDATE a SET x = ? WHERE y = ?;\n", (3, "z"), rows=2),
        ]

        batch = unit_batch(statements, [Query("SELECT x FROM a WHERE y = ?", ("w",))])

        assert batch.sql.split("\n") == [
            "SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;",
            "BEGIN TRAN;",
            "INSERT INTO a (x) VALUES (?);",
            "IF @@ROWCOUNT <> 1 THROW 51001, 'guard', 1;",
            "UPDATE a SET x = ?;",
            "UPDATE a SET x = ? WHERE y = ?;",
            "IF @@ROWCOUNT <> 2 THROW 51003, 'guard', 1;",
            "SELECT x FROM a WHERE y = ?;",
            "COMMIT;",
        ]
        assert batch.parameters == (1, 2, 3, "z", "w")
        assert batch.queries == 1

    def test_has_its_nulls_in_the_text_and_every_other_value_as_a_parameter(self) -> None:
        batch = unit_batch([Statement("INSERT INTO a VALUES (?, '?''?', ?, ?, ?)", (None, "b", None, 0))], ())

        assert "INSERT INTO a VALUES (NULL, '?''?', ?, NULL, ?);" in batch.sql
        assert batch.parameters == ("b", 0)

    def test_declares_each_kind_of_value_by_one_type_whatever_its_length(self) -> None:
        values = ("a", "b" * 2000, "c" * 2001, 1, 2**40, b"d")

        batch = unit_batch([Statement("INSERT INTO a VALUES (?, ?, ?, ?, ?, ?)", values)], ())

        text, number = (-9, 4000, 0), (-5, 0, 0)
        assert batch.sizes == (text, text, (-9, 0, 0), number, number, None)

    @pytest.mark.parametrize("values", [(), ("a", "b")], ids=["fewer", "more"])
    def test_with_other_values_than_marks_is_refused(self, values: tuple[str, ...]) -> None:
        with pytest.raises(StatementFailed, match="1 marks"):
            unit_batch([Statement("UPDATE a SET x = ?", values)], ())


class TestQuestions:
    def test_are_asked_in_one_batch_that_sees_one_moment(self) -> None:
        batch = reading_batch([Query("SELECT 1"), Query("SELECT x FROM a WHERE y = ?", ("z",))], SNAPSHOT)

        assert batch.sql.split("\n") == [
            "SET NOCOUNT ON; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT;",
            "BEGIN TRAN;",
            "SELECT 1;",
            "SELECT x FROM a WHERE y = ?;",
            "COMMIT;",
        ]
        assert (batch.parameters, batch.queries) == (("z",), 2)
