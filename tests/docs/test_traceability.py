"""docs/traceability.md, the questions for Chase and the debts: whatever they name is there, and no line is missing."""

import re

import pytest

from docs.generate import DOCS
from shared.settings import Settings, environment_name
from tests.docs.naming import TEST, missing
from tests.docs.test_runbooks import ENVIRONMENT
from tests.house import ROOT

TEXT = (DOCS / "traceability.md").read_text("utf-8")
QUESTIONS = (DOCS / "questions-for-chase.md").read_text("utf-8")
DEBTS = (DOCS / "tech-debt.md").read_text("utf-8")
ROWS = [
    row for row in re.findall(r"^\| (.+) \|$", TEXT, re.MULTILINE) if not row.startswith(("line of the plan", "---"))
]
# The plan's own numbers, part by part.
PLAN = {
    "DB": {56, 80, 81, 83, 82},
    "Chase client": {30, 84, 52, 126, 151},
    "API core": {94, 127, 21, 102},
    "Void": {13, 131, 129, 130},
    "Refund": {11, 26, 86},
    "UpdatePaymentState and GetPayment": {38, 34, 20, 85},
    "Shadow": {132, 65, 17, 75, 76, 77, 31, 32, 33, 133},
    "Operations": {134, 66, 135, 136, 137},
    "Tech debt": {100, 67, 62, 42, 19},
}


def test_every_number_of_the_plan_stands_in_its_part_and_no_other_does() -> None:
    parts = {part.partition("\n")[0]: part for part in TEXT.split("\n## ")[1:]}
    found = {name: {int(number) for number in re.findall(r"WT-(\d+)", part)} for name, part in parts.items()}

    assert found == PLAN


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.partition(" | ")[0][:40])
class TestALineOfThePlan:
    def test_names_code_a_test_and_a_page(self, row: str) -> None:
        line, number, code, held_by, page, known = row.split(" | ")

        assert line
        assert re.fullmatch(r"-|WT-\d+(, WT-\d+)*", number)
        assert "](../" in code
        assert TEST.findall(held_by)
        assert "](../" in page
        assert known

    def test_names_what_exists(self, row: str) -> None:
        paths = re.findall(r"\]\(\.\./([^)#]+)", row)

        assert [path for path in paths if not (ROOT / path).exists()] == []
        assert missing(row) == []


def test_the_questions_name_settings_files_and_words_that_exist() -> None:
    settings = {environment_name(name) for name in Settings.model_fields}
    rows = re.findall(r"^\| \d+ \| .+ \| .+ \| (.+) \|$", QUESTIONS, re.MULTILINE)
    named = {word for row in rows for word in re.findall(r"`([^`]+)`", row)}
    paths = {word for word in named if "/" in word}
    source = "".join((ROOT / path).read_text("utf-8") for path in paths)
    source += "".join(path.read_text("utf-8") for path in (ROOT / "shared/settings").glob("*.py"))

    assert len(rows) >= 15
    assert {path for path in paths if not (ROOT / path).exists()} == set()
    assert {word for word in named - paths - settings - ENVIRONMENT if word not in source} - {
        "resend_same_request_id"
    } == set()


def test_every_debt_is_dated_with_its_price_and_when_to_pay() -> None:
    rows = re.findall(r"^\| (\d{4}-.+) \|$", DEBTS, re.MULTILINE)

    assert rows
    for row in rows:
        since, what, price, pay_when = row.split(" | ")
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", since)
        assert all((what, price, pay_when))
