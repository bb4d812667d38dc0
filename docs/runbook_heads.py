"""
What a runbook repeats of infra/alarms.json - severity, condition, threshold - and the list of all.

`make docs` writes it between `<!-- alarm -->` and `<!-- /alarm -->` of docs/runbooks/<name>.md, and between
`<!-- alarms -->` and `<!-- /alarms -->` of the index. What stands outside is a person's.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

DOCS: Final = Path(__file__).parent
RUNBOOKS: Final = DOCS / "runbooks"
_ALARMS: Final = DOCS.parent / "infra" / "alarms.json"


def alarms() -> list[dict[str, Any]]:
    """Every alarm as infra/alarms.json has it, the gravest first."""
    found: list[dict[str, Any]] = json.loads(_ALARMS.read_text("utf-8"))["alarms"]
    return sorted(found, key=lambda alarm: (alarm["severity"], alarm["name"]))


def pages() -> Mapping[Path, Callable[[str], str]]:
    """Page -> the page anew, from its present text."""
    of_alarms = {RUNBOOKS / f"{alarm['name']}.md": partial(_filled, "alarm", _head(alarm)) for alarm in alarms()}
    return {**of_alarms, RUNBOOKS / "README.md": partial(_filled, "alarms", _index())}


def _filled(mark: str, text: str, present: str) -> str:
    between = re.compile(rf"(?<=<!-- {mark} -->\n).*?(?=<!-- /{mark} -->)", re.DOTALL)
    return between.sub(lambda _: text, present)


def _head(alarm: Mapping[str, Any]) -> str:
    short = f" and the last {alarm['shortWindow']}" if "shortWindow" in alarm else ""
    hours = f", {alarm['fromHourUtc']}-{alarm['toHourUtc']} h UTC" if "fromHourUtc" in alarm else ""
    return (
        f"**Severity {alarm['severity']}.** {alarm['condition']}\n\n"
        f"Threshold {alarm['threshold']} {alarm['unit']}, over {alarm['window']}{short}{hours}; asked every "
        f"{alarm['frequency']}; from {alarm['minimumCount']} on. "
        f"Its question: [{alarm['kql']}](../../infra/kql/{alarm['kql']}).\n"
    )


def _index() -> str:
    rows = [f"| [{each['name']}]({each['name']}.md) | {each['severity']} | {each['condition']} |" for each in alarms()]
    return "\n".join(["| alarm | severity | it means |", "|---|---|---|", *rows]) + "\n"
