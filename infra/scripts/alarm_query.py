"""
The question of an alarm as its rule asks it: thresholds of infra/alarms.json, then its file in infra/kql.

    python infra/scripts/alarm_query.py chase-down    # prints it: paste it into the workspace's Logs
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

INFRA: Final = Path(__file__).parents[1]
# A window of a rule (ISO 8601) as a timespan of KQL.
SPANS: Final[Mapping[str, str]] = {"PT5M": "5m", "PT15M": "15m", "PT30M": "30m", "PT1H": "1h", "PT6H": "6h"}


def alarms() -> dict[str, dict[str, Any]]:
    """Every alarm of infra/alarms.json, by its name."""
    found = json.loads((INFRA / "alarms.json").read_text("utf-8"))["alarms"]
    return {alarm["name"]: alarm for alarm in found}


def alarm_query(alarm: Mapping[str, Any]) -> str:
    """What infra/modules/alarms.bicep makes of `alarm`; a test holds the two equal."""
    names = {
        "threshold": alarm["threshold"],
        "minimumCount": alarm["minimumCount"],
        "window": SPANS[alarm["window"]],
        "shortWindow": SPANS[alarm.get("shortWindow", alarm["window"])],
        "fromHourUtc": alarm.get("fromHourUtc", 0),
        "toHourUtc": alarm.get("toHourUtc", 24),
    }
    lets = "".join(f"let {name} = {value};\n" for name, value in names.items())
    return lets + (INFRA / "kql" / str(alarm["kql"])).read_text("utf-8")


def main(arguments: list[str]) -> int:
    known = alarms()
    if len(arguments) != 1 or arguments[0] not in known:
        sys.stderr.write(f"name one alarm: {', '.join(sorted(known))}\n")
        return 2
    sys.stdout.write(alarm_query(known[arguments[0]]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
