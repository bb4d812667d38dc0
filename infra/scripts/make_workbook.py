"""
The operators' Workbook (infra/workbook.json), made from the queries in infra/kql: one tile, one file.

    python infra/scripts/make_workbook.py           # make it anew
    python infra/scripts/make_workbook.py --check   # exit 1 where it is not what the queries make
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

INFRA: Final = Path(__file__).parents[1]
WORKBOOK: Final = INFRA / "workbook.json"

# In the order in which an operator reads them: (query, title, how it is shown, width in percent).
TILES: Final[tuple[tuple[str, str, str, int], ...]] = (
    ("traffic", "Traffic: calls by function", "timechart", 50),
    ("errors", "Errors: calls that ended in a 4xx or 5xx", "timechart", 50),
    ("latency", "Latency of a sale, ms", "timechart", 50),
    ("outcomes", "Outcomes: what Chase said", "timechart", 50),
    ("unknowns", "Unknown payments, and the age of the oldest in seconds", "timechart", 50),
    ("retries", "Retries and inquiries", "timechart", 50),
    ("breaker", "Circuit breakers: openings and refusals", "timechart", 50),
    ("queues", "Queues: messages active, scheduled and dead", "timechart", 50),
    ("outbox", "Outbox: seconds that the oldest row is overdue", "timechart", 50),
    ("ledger", "Ledger: postings not yet confirmed, and the age of the oldest in seconds", "timechart", 50),
    ("shadow-compared", "Shadow: coverage", "timechart", 50),
    ("shadow-mismatches", "Shadow: mismatches", "table", 50),
    ("database", "Database: percent of what it can run out of", "timechart", 100),
)


def workbook() -> dict[str, Any]:
    """The Workbook as Azure keeps it: a heading, then the tiles. The query of each is its file, unchanged."""
    heading = {
        "type": 1,
        "name": "heading",
        "content": {
            "json": "# Payments\nThe last 24 hours. Each alarm has a runbook of its own name in `docs/runbooks`."
        },
    }
    return {
        "version": "Notebook/1.0",
        "items": [heading, *(_tile(*tile) for tile in TILES)],
        "$schema": "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json",
    }


def _tile(name: str, title: str, shown: str, width: int) -> dict[str, Any]:
    content = {
        "version": "KqlItem/1.0",
        "query": (INFRA / "kql" / f"{name}.kql").read_text("utf-8"),
        "size": 0,
        "title": title,
        "queryType": 0,
        "resourceType": "microsoft.operationalinsights/workspaces",
        "visualization": shown,
    }
    return {"type": 3, "name": name, "customWidth": str(width), "content": content}


def rendered() -> str:
    return json.dumps(workbook(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        return 0 if WORKBOOK.exists() and WORKBOOK.read_text("utf-8") == rendered() else 1
    WORKBOOK.write_text(rendered(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
