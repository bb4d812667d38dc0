"""Where a figure of docs/scale.md has its value from: a benchmark, a setting, a parameter, the code; else the page."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from shared.settings import Settings, environment_name

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "benchmarks" / "results" / "latest.json"
PRODUCTION: Final = ROOT / "infra" / "main.parameters.prod.json"

# How the last column begins: these are looked up, and the rest is what the page itself says.
_ROW: Final = re.compile(r"measured: row (?P<row>\d+), `(?P<what>[^`]+)`")
_SETTING: Final = re.compile(r"setting: `(?P<name>\w+)`")
_PARAMETER: Final = re.compile(r"prod: `(?P<path>[\w.]+)`")
_CODE: Final = re.compile(r"code: `(?P<module>[\w.]+)\.(?P<name>\w+)`")


def looked_up(source: str, results: Mapping[str, Any] | None) -> object:
    """
    The value that `source` (a figure's last column) leads to; None where the page itself says it.

    `results` are those of `latest.json`. Raises KeyError or AttributeError where it leads nowhere: a name is wrong.
    """
    if found := _ROW.match(source):
        return None if results is None else _of_row(results, int(found["row"]), found["what"])
    if found := _SETTING.match(source):
        return _default(found["name"])
    if found := _PARAMETER.match(source):
        return parameter(found["path"])
    if found := _CODE.match(source):
        return getattr(import_module(found["module"]), found["name"])
    return None


def results(path: Path = RESULTS) -> Mapping[str, Any] | None:
    """What the last whole run of `make bench` found; None where there was none. A quick run is not for quoting."""
    if not path.exists():
        return None
    found: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    return found if found["conditions"]["size"] == "full" else None


def parameter(path: str, file: Path = PRODUCTION) -> object:
    """The value of a parameter of infra/main.bicep in `file`, such as `sqlSku.capacity`."""
    name, *rest = path.split(".")
    value = json.loads(file.read_text("utf-8"))["parameters"][name]["value"]
    for key in rest:
        value = value[int(key) if key.isdecimal() else key]
    found: object = value
    return found


def _of_row(found: Mapping[str, Any], number: int, what: str) -> object:
    """None where that run could not measure it: the page keeps what it says."""
    [row] = [row for row in found["rows"] if row["row"] == number]
    names, values = row["what"], row["value"]
    pairs = dict(zip(names, values, strict=True)) if isinstance(names, list) else {names: values}
    value: object = pairs[what]
    return None if value is None else Decimal(str(value))


def _default(name: str) -> object:
    fields = {environment_name(field): about for field, about in Settings.model_fields.items()}
    return fields[name].default
