"""A question to this machine's database: answered as a table, and unable to change anything."""

import sqlite3
from pathlib import Path

import pytest

from local import environment, look


@pytest.fixture
def data(tmp_path: Path) -> Path:
    connection = sqlite3.connect(tmp_path / "payments.sqlite3")
    connection.executescript("CREATE TABLE payments (id TEXT, state TEXT); INSERT INTO payments VALUES ('pay_1', NULL)")
    connection.close()
    return tmp_path


def asked(data: Path, *question: str) -> tuple[int, str]:
    said: list[str] = []
    return look.main(question, {"LOCAL_DATA_DIR": str(data)}, said.append), "".join(said)


def test_rows_come_under_the_names_of_their_columns(data: Path) -> None:
    assert asked(data, "SELECT id, state FROM payments") == (0, "id\tstate\npay_1\tNone\n")


def test_nothing_found_is_said(data: Path) -> None:
    assert asked(data, "SELECT id FROM payments WHERE state = 'unknown'") == (0, "(no rows)\n")


@pytest.mark.parametrize("change", ["DELETE FROM payments", "DROP TABLE payments", "UPDATE payments SET state = 'x'"])
def test_a_change_is_refused(data: Path, change: str) -> None:
    code, said = asked(data, change)

    assert (code, "readonly" in said) == (2, True)
    assert asked(data, "SELECT state FROM payments") == (0, "state\nNone\n")


@pytest.mark.parametrize("question", [(), ("SELECT 1", "SELECT 2"), ("SELECT nothing FROM nowhere",)])
def test_what_cannot_be_asked_is_said(data: Path, question: tuple[str, ...]) -> None:
    assert asked(data, *question)[0] == 2


def test_without_a_database_none_is_made(tmp_path: Path) -> None:
    code, _ = asked(tmp_path, "SELECT 1")

    assert (code, list(tmp_path.iterdir())) == (2, [])


def test_the_data_are_where_the_service_puts_them() -> None:
    assert environment.DATA_DIR == look.DATA_DIR
