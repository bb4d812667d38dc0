"""The alarms, their thresholds, their queries, their rules and the events that they read are in step."""

import json
import logging
import re
from datetime import timedelta
from typing import Any

import pytest

from infra.scripts.alarm_query import SPANS, alarm_query, alarms
from infra.scripts.make_workbook import TILES
from shared.telemetry import LoggedTelemetry
from tests.infra.bicep import INFRA, at, properties, read, strings, text

ROOT = INFRA.parent
KQL = {path.name: path.read_text("utf-8") for path in sorted((INFRA / "kql").glob("*.kql"))}
ALARMS = alarms()
EVENTS: dict[str, list[str]] = json.loads((INFRA / "events.json").read_text("utf-8"))["events"]
RULES = read(INFRA / "modules" / "alarms.bicep")
EVERY_ALARM = pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS)
# What the plan asks for, and one more for every alarm of the service that no rule of these reads.
ASKED_FOR = {
    "slo-burn-fast",
    "slo-burn-slow",
    "chase-down",
    "chase-slow",
    "breaker-open",
    "unknown-too-old",
    "positive-control-failing",
    "dead-letters",
    "oldest-message",
    "outbox-age",
    "ledger-lag",
    "shadow-coverage",
    "shadow-mismatch",
    "shadow-production-egress",
    "rollout-demoted",
    "authentication-failures",
    "audit-chain-broken",
    "invariants-broken",
    "negative-exposure",
    "database-saturation",
    "no-traffic",
}
FIELDS = {"name", "severity", "condition", "kql", "events", "threshold", "unit", "window", "frequency", "minimumCount"}
OPTIONAL = {"shortWindow", "metric", "fromHourUtc", "toHourUtc"}
LENGTH = {
    "PT5M": timedelta(minutes=5),
    "PT15M": timedelta(minutes=15),
    "PT30M": timedelta(minutes=30),
    "PT1H": timedelta(hours=1),
    "PT6H": timedelta(hours=6),
}


def test_every_alarm_that_was_asked_for_is_there() -> None:
    assert set(ALARMS) == ASKED_FOR | {"other-alarm"}


class TestAnAlarm:
    @EVERY_ALARM
    def test_says_everything_about_itself(self, alarm: dict[str, Any]) -> None:
        assert FIELDS <= set(alarm) <= FIELDS | OPTIONAL
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", alarm["name"])
        assert alarm["severity"] in range(4)
        assert alarm["condition"].endswith(".")
        assert {type(alarm["threshold"]), type(alarm["minimumCount"])} == {int}

    @EVERY_ALARM
    def test_looks_back_at_least_as_far_as_it_is_asked_often(self, alarm: dict[str, Any]) -> None:
        assert LENGTH[alarm["frequency"]] <= LENGTH[alarm["window"]]
        assert LENGTH[alarm.get("shortWindow", alarm["window"])] <= LENGTH[alarm["window"]]

    @EVERY_ALARM
    def test_that_one_event_raises_looks_back_over_several_turns(self, alarm: dict[str, Any]) -> None:
        # What is logged now arrives minutes later: windows that only touch would lose it.
        if alarm["minimumCount"] == 1:
            assert 3 * LENGTH[alarm["frequency"]] <= LENGTH[alarm["window"]]

    @EVERY_ALARM
    def test_has_its_query_and_reads_the_events_that_it_names(self, alarm: dict[str, Any]) -> None:
        query = KQL[alarm["kql"]]
        asked = _events(query)

        assert asked == set(alarm["events"])

    @EVERY_ALARM
    def test_takes_its_numbers_from_the_thresholds_alone(self, alarm: dict[str, Any]) -> None:
        query = KQL[alarm["kql"]]

        assert "window" in query
        assert re.findall(r"ago\(\d|bin\(", query) == []
        assert "threshold" in query
        assert "minimumCount" in query or alarm["name"] == "no-traffic"
        # A condition compares with a name; 10,000 and 100 only make rates whole, 500 is a status, an hour has an end.
        numbers = {
            int(found) for found in re.findall(r"[<>=] *(\d+)\b|\b(\d+)[ ,)]", _code(query)) for found in found if found
        }
        assert numbers <= {0, 1, 10, 20, 95, 500, 10000, 100}

    def test_burns_are_those_of_the_objective(self) -> None:
        budget_per_10000 = 10

        assert ALARMS["slo-burn-fast"]["threshold"] == round(14.4 * budget_per_10000)
        assert ALARMS["slo-burn-slow"]["threshold"] == 6 * budget_per_10000
        assert [ALARMS["slo-burn-fast"][of] for of in ("window", "shortWindow")] == ["PT1H", "PT5M"]
        assert [ALARMS["slo-burn-slow"][of] for of in ("window", "shortWindow")] == ["PT6H", "PT30M"]


class TestQueries:
    def test_each_is_asked_by_an_alarm_or_shown_by_a_tile(self) -> None:
        assert set(KQL) == {alarm["kql"] for alarm in ALARMS.values()} | {f"{name}.kql" for name, *_ in TILES}

    @pytest.mark.parametrize("name", KQL)
    def test_each_begins_with_what_it_answers(self, name: str) -> None:
        assert KQL[name].startswith("// ")

    @pytest.mark.parametrize("name", KQL)
    def test_none_reads_a_metric_of_opencensus(self, name: str) -> None:
        tables = set(re.findall(r"^ *(?:let \w+ = )?((?:App|Azure)\w+)", KQL[name], re.M))

        assert tables
        assert tables <= {"AppTraces", "AppRequests", "AzureMetrics"}

    @pytest.mark.parametrize("name", KQL)
    def test_each_reads_only_events_and_fields_that_are_agreed(self, name: str) -> None:
        query = KQL[name]
        events = _events(query)
        fields = {one or other for one, other in re.findall(r'told\.(\w+)|told\["(\w+)"\]', query)}
        agreed = {field for event in events for field in EVENTS[event]}

        assert events <= set(EVENTS)
        assert fields - agreed - {"event", "alarm"} == set()

    def test_every_event_and_field_that_is_agreed_on_is_a_word_of_the_service_or_still_to_be(self) -> None:
        assert all(re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", event) for event in EVENTS)
        assert all(re.fullmatch(r"[a-z][A-Za-z]+", field) for fields in EVENTS.values() for field in fields)

    def test_alarms_that_have_a_rule_are_not_told_twice(self) -> None:
        listed = re.search(r"!in \((.*?)\)\n", KQL["other-alarm.kql"], re.S)
        read_by_a_rule = {event for alarm in ALARMS.values() for event in alarm["events"]}

        assert listed
        assert set(re.findall(r'"([^"]+)"', listed[1])) <= read_by_a_rule

    def test_a_line_of_the_log_begins_as_they_look_for_it(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO, "payments"):
            LoggedTelemetry().alarm("shadow.production_egress", host="h")

        [line] = caplog.messages
        assert json.loads(line) == {
            "event": "shadow.production_egress",
            "correlationId": None,
            "alarm": True,
            "host": "h",
        }

    def test_no_trace_is_left_out_where_the_platform_samples(self) -> None:
        host = json.loads((ROOT / "host.json").read_text("utf-8"))
        sampling = host["logging"]["applicationInsights"]["samplingSettings"]

        assert not sampling["isEnabled"] or {"Request", "Trace"} <= set(sampling["excludedTypes"].split(";"))
        assert host["logging"]["logLevel"]["default"] in ("Trace", "Debug", "Information")


class TestRules:
    def test_are_made_of_the_thresholds_file(self) -> None:
        assert text(RULES.variables["alarms"]) == "any(loadJsonContent('../alarms.json').alarms)"

    def test_know_every_window_as_the_scripts_do(self) -> None:
        spans = {name: text(node).strip("'") for name, node in properties(RULES.variables["spans"]).items()}

        assert spans == dict(SPANS)
        assert set(LENGTH) == set(spans)

    def test_load_the_query_of_each_alarm(self) -> None:
        loaded = {name: strings(node) for name, node in properties(RULES.variables["queries"]).items()}

        assert loaded == {name: [f"../kql/{alarm['kql']}"] for name, alarm in ALARMS.items()}

    @EVERY_ALARM
    def test_ask_what_the_scripts_and_the_tests_ask(self, alarm: dict[str, Any]) -> None:
        condition = at(RULES.resources["rules"].body, "properties", "criteria")
        [template] = [found for found in strings(condition) if found.startswith("let threshold")]
        said = template.replace("\\n", "\n")
        for expression in re.findall(r"\$\{(.*?)\}", said):
            said = said.replace("${" + expression + "}", _evaluated(expression, alarm))

        assert said == alarm_query(alarm)

    def test_tell_the_action_group_and_name_the_runbook(self) -> None:
        for rule in RULES.resources.values():
            assert "actionGroupId" in rule.text("properties", "actions")
            assert "${runbookBaseUrl}/${alarm.name}.md" in rule.text("properties", "actions")
            assert "Runbook: ${runbookBaseUrl}/${alarm.name}.md" in rule.text("properties", "description")

    def test_of_the_queues_are_made_for_alarms_that_name_a_metric(self) -> None:
        named = {name: alarm["metric"] for name, alarm in ALARMS.items() if "metric" in alarm}

        assert {metric["name"] for metric in named.values()} == {"DeadletteredMessages", "ActiveMessages"}
        assert {metric["dimension"] for metric in named.values()} == {"EntityName"}
        assert {metric["aggregation"] for metric in named.values()} <= {
            "Average",
            "Count",
            "Minimum",
            "Maximum",
            "Total",
        }


def _events(query: str) -> set[str]:
    """The events that `query` picks: by `==`, or out of a list."""
    asked = re.findall(r"tostring\(told\.event\) (?:==|in) (\([^)]*\)|\"[^\"]*\")", query)
    return {event for group in asked for event in re.findall(r'"([^"]+)"', group)}


def _code(query: str) -> str:
    return "\n".join(line for line in query.splitlines() if not line.lstrip().startswith("//"))


def _evaluated(expression: str, alarm: dict[str, Any]) -> str:
    """What one of the few expressions of the query's template comes to."""
    if loaded := re.fullmatch(r"queries\[alarm\.name\]", expression):
        return KQL[alarm["kql"]] if loaded else ""
    if span := re.fullmatch(r"spans\[(.+)\]", expression):
        return SPANS[_evaluated(span[1], alarm)]
    if choice := re.fullmatch(r"\(alarm\.\?(\w+) \?\? (.+)\)", expression):
        return str(alarm[choice[1]]) if choice[1] in alarm else _evaluated(choice[2], alarm)
    if plain := re.fullmatch(r"alarm\.(\w+)", expression):
        return str(alarm[plain[1]])
    return expression
