"""What a run found, as a page that can be kept: flow, request-id, expected, got, verdict."""

from collections.abc import Sequence
from datetime import datetime

from local.chase_check.flows import Flow, Got

NOT_CERTIFIED = (
    "**Not certified.** This ran against the simulator: it shows that the client and our reading of Chase's\n"
    "specification agree, and nothing about Chase."
)

Row = tuple[Flow, Got]


def report(rows: Sequence[Row], *, chase: str, simulated: bool, notes: Sequence[str], now: datetime) -> str:
    """Markdown. `chase` says which Chase was asked; `notes` what was left out, and why."""
    passed = sum(got.passed for _, got in rows)
    lines = [
        "# Chase check",
        "",
        *([NOT_CERTIFIED, ""] if simulated else []),
        f"{now:%Y-%m-%d %H:%M} UTC, against {chase}: {passed} of {len(rows)} flows passed.",
        "",
        "| flow | request-id | expected | got | verdict |",
        "|---|---|---|---|---|",
        *(_line(flow, got) for flow, got in rows),
        *(f"\n{note}" for note in notes),
    ]
    return "\n".join(lines) + "\n"


def _line(flow: Flow, got: Got) -> str:
    verdict = "passed" if got.passed else "**FAILED**"
    return f"| {flow.name} | {got.request_id or '-'} | {flow.expected} | {got.said} | {verdict} |"
