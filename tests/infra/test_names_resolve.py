"""Every name in an expression is declared, and every value handed to a module is of the kind that it takes."""

import re
from pathlib import Path

import pytest
from tree_sitter import Node

from infra.scripts.alarm_query import alarms
from tests.infra.bicep import FILES, INFRA, BicepFile, at, properties, read, text, walk

# Functions of the language that the templates call: all of them are known to every checker that there is.
FUNCTIONS = {
    "any",
    "concat",
    "contains",
    "environment",
    "guid",
    "json",
    "loadJsonContent",
    "loadTextContent",
    "resourceGroup",
    "resourceId",
    "startsWith",
    "string",
    "subscription",
    "subscriptionResourceId",
    "take",
    "toLower",
    "union",
    "uniqueString",
}
# Decorators, which stand before a declaration and not in an expression.
DECORATORS = {"allowed", "description", "maxLength", "minLength", "secure"}
NAMES = [path.relative_to(INFRA).as_posix() for path in FILES]
EVERY_FILE = pytest.mark.parametrize("path", FILES, ids=NAMES)
ALWAYS = set.intersection(*(set(alarm) for alarm in alarms().values()))
SOMETIMES = set.union(*(set(alarm) for alarm in alarms().values())) - ALWAYS


def _loop_variables(node: Node) -> set[str]:
    """What the loops below `node` call their items and their counts."""
    names = set()
    for loop in (found for found in walk(node) if found.type == "for_statement"):
        first = loop.named_children[0]
        names |= {text(found) for found in (first.named_children or [first])}
    return names


def _declared(file: BicepFile) -> set[str]:
    return {*file.params, *file.variables, *file.resources, *file.modules, *_loop_variables(file.root)}


@EVERY_FILE
def test_every_name_is_declared_or_a_function_of_the_language(path: Path) -> None:
    file = read(path)

    assert file.names_used() - _declared(file) - FUNCTIONS - DECORATORS - {"targetScope"} == set()


@EVERY_FILE
def test_every_resource_and_module_that_is_declared_has_a_name_of_its_own(path: Path) -> None:
    file = read(path)
    declared = [*file.params, *file.variables, *file.resources, *file.modules]

    assert len(set(declared)) == len(declared)


@EVERY_FILE
def test_parameters_are_handed_on_as_what_they_are(path: Path) -> None:
    file = read(path)
    wrong = []
    for module in file.modules.values():
        takes = read((path.parent / module.what).resolve()).params
        for name, value in properties(at(module.body, "params")).items():
            given = text(value)
            if given in file.params and file.params[given].type != takes[name].type:
                wrong.append(f"{module.symbol}.{name}: {file.params[given].type} for {takes[name].type}")
            if value.type == "string" and takes[name].type != "string":
                wrong.append(f"{module.symbol}.{name}: text for {takes[name].type}")

    assert wrong == []


def test_rules_read_of_an_alarm_only_what_every_alarm_has_or_ask_first() -> None:
    source = (INFRA / "modules" / "alarms.bicep").read_text("utf-8")

    assert set(re.findall(r"\balarm\.(\w+)", source)) <= ALWAYS
    assert set(re.findall(r"\balarm\.\?(\w+)", source)) <= SOMETIMES


def test_only_one_file_is_deployed_to_a_subscription() -> None:
    scoped = [path.name for path in FILES if "targetScope" in path.read_text("utf-8")]

    assert scoped == ["main.bicep"]
    for module in read(INFRA / "main.bicep").modules.values():
        assert module.text("scope") == "group"
