"""docs/scale.md: no sum in it is wrong, no figure is without its source, and what it names exists."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from docs import scale_figures
from docs.generate import DOCS
from docs.scale import filled, shown, value_of
from shared.settings import Settings, environment_name

ROOT = DOCS.parent
PAGE = (DOCS / "scale.md").read_text("utf-8")
MAIN = (ROOT / "infra" / "main.bicep").read_text("utf-8")
SUMS = ["name", "what", "formula", "in numbers", "is", "unit"]
FIGURES = ["name", "what", "value", "unit", "from"]
# Shown with three digits at least: half of the last one.
ROUNDING = 0.0051


def _tables(page: str) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Each table's head and rows. Its own reader: the page's is what is tested."""
    for block in re.findall(r"(?:^\|.*\n)+", page, re.M):
        head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in block.splitlines()]
        yield head, rows


def _rows(head: list[str], page: str = PAGE) -> list[list[str]]:
    return [row for found, rows in _tables(page) if found == head for row in rows]


def _number(cell: str) -> float:
    return float(cell.replace(",", ""))


def _computed(formula: str, names: dict[str, float]) -> float:
    done = eval(formula.strip("`"), {"__builtins__": {}}, {"ceil": ceil, "min": min, "max": max, **names})  # noqa: S307 - of our own page
    return float(done)


# Code in the text, with its marks; they come in pairs.
SPANS = re.findall(r"`[^`]+`", PAGE)
SUMMED = _rows(SUMS)
VALUES = {name.strip("`"): _number(value) for name, _, value, *_ in _rows(FIGURES)}
KNOWN = VALUES | {row[0].strip("`"): _number(row[4]) for row in SUMMED}
[(RATES, BY_RATE)] = [(head, rows) for head, rows in _tables(PAGE) if head[:3] == SUMS[:3] and head != SUMS]
[(CHOICES, CHOSEN)] = [(head, rows) for head, rows in _tables(PAGE) if head[0] == "parameter"]
NEEDED = {row[0].strip("`"): [_number(cell) for cell in row[3:-1]] for row in BY_RATE}
CHOICE = {row[0].strip("`"): row[1:] for row in CHOSEN}


class TestSums:
    @pytest.mark.parametrize("row", SUMMED, ids=lambda row: row[0])
    def test_are_what_their_figures_make(self, row: list[str]) -> None:
        _, _, formula, in_numbers, shown_as, unit = row

        rounding = 0.0051 if unit.startswith("$") else ROUNDING * abs(_number(shown_as))
        assert _computed(formula, KNOWN) == pytest.approx(_number(shown_as), abs=rounding)
        assert _computed(in_numbers, {}) == pytest.approx(_computed(formula, KNOWN), rel=1e-9)

    @pytest.mark.parametrize("row", BY_RATE, ids=lambda row: row[0])
    def test_for_each_rate_are_what_the_figures_make(self, row: list[str]) -> None:
        for at, rate in enumerate(RATES[3:-1]):
            names = KNOWN | {"rate": _number(rate)} | {name: values[at] for name, values in NEEDED.items()}

            assert _computed(row[2], names) == pytest.approx(_number(row[3 + at]), rel=ROUNDING), rate

    def test_name_each_figure_once(self) -> None:
        names = [row[0] for head in (FIGURES, SUMS, RATES) for row in _rows(head)]

        assert len(names) == len(set(names))

    def test_in_the_text_are_those_of_the_tables(self) -> None:
        told = re.findall(r"([\d,.]+) \(`(\w+)`\)", re.sub(r"^\|.*$", "", PAGE, flags=re.M))

        assert told
        assert {name for value, name in told if _number(value) != KNOWN[name]} == set()

    def test_that_were_wrong_are_put_right(self) -> None:
        wrong = re.sub(r"(\| `payment_us` .*?\| )[\d,]+( \| us \|)", r"\g<1>7\2", PAGE)

        assert wrong != PAGE
        assert filled(wrong) == PAGE

    def test_follow_a_figure_that_changes(self) -> None:
        doubled = filled(PAGE.replace("Chase's answer; it publishes no latency | 0.5 |", "it publishes none | 1.0 |"))

        assert [row[4] for row in _rows(SUMS, doubled) if row[0] == "`sale_s`"] == ["1.01"]

    @pytest.mark.parametrize("formula", ["nothing_known", "open('x')", "2 ** 9", "'text'", "known.real"])
    def test_of_anything_but_known_names_are_refused(self, formula: str) -> None:
        with pytest.raises(ValueError, match="no figure, sum or known name"):
            value_of(formula, {"known": Decimal(2)})

    @pytest.mark.parametrize(
        ("value", "unit", "text"),
        [
            ("1813.031", "$", "1,813.03"),
            ("0.4", "$", "0.40"),
            ("166.7", "/s", "167"),
            ("0.05833", "", "0.0583"),
            ("7", "", "7"),
        ],
    )
    def test_are_shown_with_the_digits_that_matter(self, value: str, unit: str, text: str) -> None:
        assert shown(Decimal(value), unit) == text


class TestFigures:
    @pytest.mark.parametrize("row", _rows(FIGURES), ids=lambda row: row[0])
    def test_say_where_they_are_from(self, row: list[str]) -> None:
        assert re.match(r"(measured|setting|prod|code|source): \S|assumed(:|$)", row[4])

    def test_of_a_source_lead_to_one_that_is_listed(self) -> None:
        cited, listed = re.findall(r"\[([A-Z]\d)\]", PAGE), re.findall(r"^- \[([A-Z]\d)\]", PAGE, re.M)

        assert set(cited) == set(listed)

    def test_of_a_setting_a_parameter_or_the_code_are_what_they_say_there(self) -> None:
        rows = [row for row in _rows(FIGURES) if re.match("setting|prod|code", row[4])]
        found = {row[0]: float(str(scale_figures.looked_up(row[4], None))) for row in rows}

        assert rows
        assert found == {row[0]: _number(row[2]) for row in rows}

    def test_of_the_test_environment_are_its_own(self) -> None:
        capacity = scale_figures.parameter("sqlMinimumCapacity", ROOT / "infra" / "main.parameters.test.json")

        assert float(str(capacity)) == VALUES["test_vcores"]

    def test_of_a_schedule_are_that_of_the_timer(self) -> None:
        assert f'"*/{VALUES["sweep_every_s"]:g} * * * * *"' in (ROOT / "functions" / "outbox_sweep.py").read_text()
        assert '"0 * * * * *"' in (ROOT / "functions" / "reconciliation.py").read_text()
        assert VALUES["reconcile_every_s"] == 60

    @pytest.mark.parametrize("source", ["setting: `NO_SUCH`", "prod: `noSuch`", "code: `shared.settings.no_such`"])
    def test_that_lead_nowhere_are_refused(self, source: str) -> None:
        with pytest.raises((KeyError, AttributeError)):
            scale_figures.looked_up(source, None)


class TestABenchmark:
    def test_that_ran_whole_gives_the_figures_that_name_it(self, tmp_path: Path) -> None:
        found = scale_figures.results(_a_run(tmp_path, "full", cpu_us=1000.0))

        page = filled(PAGE, found)

        values = {row[0].strip("`"): row[2] for row in _rows(FIGURES, page)}
        assert (values["cpu_us"], values["import_ratio"]) == ("1,000", "1.2")
        assert _number(values["cpu_against_sync"]) == VALUES["cpu_against_sync"]
        [payment] = [row for row in _rows(SUMS, page) if row[0] == "`payment_us`"]
        assert _number(payment[4]) == pytest.approx(_computed(payment[2], VALUES | {"cpu_us": 1000}), abs=0.5)

    def test_that_was_quick_gives_none(self, tmp_path: Path) -> None:
        assert scale_figures.results(_a_run(tmp_path, "quick", cpu_us=1.0)) is None
        assert scale_figures.results(tmp_path / "none.json") is None


class TestSizes:
    def test_are_chosen_by_parameters_that_there_are(self) -> None:
        assert {name for name in CHOICE if not re.search(rf"^param {name} ", MAIN, re.M)} == set()
        assert CHOICES[1:] == RATES[3:-1]

    @pytest.mark.parametrize("at", range(3), ids=RATES[3:6])
    def test_have_room_for_what_is_needed(self, at: int) -> None:
        sku, vcores = CHOICE["sqlSku"][at].split(", ")
        log = KNOWN["hs_log_max"] if sku == "HS_Gen5" else int(vcores) * KNOWN["gp_log_vcore"]
        connections = int(CHOICE["sqlConnectionsMax"][at])

        assert int(vcores) >= NEEDED["vcores_needed"][at]
        assert log >= NEEDED["log_needed"][at]
        assert connections >= NEEDED["connections_each"][at]
        assert connections * NEEDED["instances"][at] <= int(vcores) * KNOWN["gp_workers_vcore"]
        assert CHOICE["serviceBusSku"][at] == "Premium" or NEEDED["credits"][at] <= KNOWN["bus_credits"]
        assert int(CHOICE["maximumInstanceCount"][at]) >= NEEDED["instances"][at]

    def test_say_when_no_database_is_enough(self) -> None:
        assert NEEDED["log_needed"][3] > max(KNOWN["gp_log_max"], KNOWN["bc_log_max"], KNOWN["hs_log_max"])
        assert CHOICE["sqlSku"][3] == "section 6"
        assert int(CHOICE["maximumInstanceCount"][3]) >= NEEDED["instances"][3]


def test_every_setting_and_parameter_that_is_named_exists() -> None:
    settings = {environment_name(name) for name in Settings.model_fields}
    constants = {"BATCH_MAX", "_AT_A_TIME", "DELAYED"}
    parameters = set(re.findall(r"^param (\w+) ", MAIN, re.M))
    named = set(re.findall(r"(?<=`)\w+(?=`)", " ".join(SPANS)))

    assert {name for name in named if re.fullmatch(r"_?[A-Z][A-Z_]+", name)} <= settings | constants
    assert {name for name in named if re.fullmatch(r"[a-z]+([A-Z]\w*)+", name)} - {"logLevel"} <= parameters


def test_the_bound_is_what_the_template_sets() -> None:
    app = (ROOT / "infra" / "modules" / "function_app.bicep").read_text("utf-8")

    assert "name: 'SALES_IN_FLIGHT_MAX', value: string(2 * httpConcurrency)" in app
    assert "`2 * http_concurrency`" in PAGE


def test_sampling_leaves_out_what_the_page_says() -> None:
    host: dict[str, Any] = json.loads((ROOT / "host.json").read_text("utf-8"))

    excluded = host["logging"]["applicationInsights"]["samplingSettings"]["excludedTypes"]
    [sentence] = re.findall(r"host\.json leaves (.*?) out of", PAGE)
    assert re.findall(r"`(\w+)`", sentence) == excluded.split(";")


def _a_run(folder: Path, size: str, *, cpu_us: float) -> Path:
    """A latest.json as benchmarks/report.py writes it, without the yardstick: what was against it is null."""
    rows = [
        {"row": 1, "what": ["CPU per sale / sync", "CPU per sale"], "value": [None, cpu_us]},
        {"row": 8, "what": ["sale: round trips", "sale: commits"], "value": [2.0, 2.0]},
        {"row": 10, "what": ["import / azure.functions + pydantic", "import of function_app"], "value": [1.2, 90.0]},
        {"row": 12, "what": ["growth", "RSS / async-aiohttp"], "value": [0.5, None]},
        {"row": 14, "what": ["GetPayment: round trips", "rows swept a second, of 20000"], "value": [1.0, 17000.0]},
    ]
    path = folder / "latest.json"
    path.write_text(json.dumps({"rows": rows, "conditions": {"size": size}}), "utf-8")
    return path
