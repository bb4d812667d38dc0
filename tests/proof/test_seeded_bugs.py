"""
Each bug that this service exists to not have, put into a copy of the source, is caught by the proof.

The text that a bug replaces must be there, once: where the code has moved on, its bug must move with it.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What the proof runs on. Compiled files come along: their sources keep their times.
COPIED = ("shared", "local", "tests", "functions", "pyproject.toml", "function_app.py", "host.json")


@dataclass(frozen=True)
class Edit:
    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Bug:
    """`edits` make it; the proof `of` these scenarios, or the test `by`, says `caught` of it."""

    name: str
    edits: Sequence[Edit]
    caught: str
    of: Sequence[str] = ()
    by: Sequence[str] = ()


BUGS = (
    Bug(
        "commit 2 without its guard",
        (
            Edit("shared/database/statements.py", "WHERE id = ? AND version = ?", "WHERE id = ? AND ? > 0"),
            Edit("shared/database/statements.py", "WHERE id = ? AND state = ?", "WHERE id = ? AND ? > ''"),
            # The primary key of the history is the second net under the first, and is cut too.
            Edit(
                "shared/database/statements.py",
                "return statements + [Statement(_INSERT_HISTORY, row) for row in history]",
                'return statements + [Statement(_INSERT_HISTORY.replace("INSERT", "INSERT OR IGNORE"), row, rows=None)'
                " for row in history]",
            ),
        ),
        "I8 its events lead to unknown",
        of=("sale.card/none/none/manual",),
    ),
    Bug(
        "resend on Unknown",
        (
            Edit(
                "shared/use_cases/sale.py",
                "return asked_enough and self._on_not_found is OnNotFound.RESEND_SAME_REQUEST_ID",
                "return True",
            ),
        ),
        "was sent again while nobody knew what had become of it",
        of=("sale.card/unknown_sale/none/manual",),
    ),
    Bug(
        "reservation freed on time-out",
        (
            Edit(
                "shared/payments/follow_ups.py",
                "return released(payment, operation) if isinstance(outcome, Declined) else payment",
                "return released(payment, operation) if isinstance(outcome, Declined | Unknown) else payment",
            ),
        ),
        "0 is reserved, and 60001 of refunds is not resolved",
        of=("refund.part/captured/drop_after_processing/manual",),
    ),
    Bug(
        "unique violation taken for success",
        (
            Edit(
                "shared/database/payments.py",
                "if await self._own_row(violated, payment.caller, payment.idempotency_key, payment.sale.id) is None:",
                'if violated.constraint != "idempotency_key":',
            ),
        ),
        "a sale was sent that is written down nowhere",
        of=("sale.card/authorized/none/manual",),
    ),
    Bug(
        "NotSent by exception name",
        (
            Edit(
                "shared/chase/sending.py",
                "return _lost(error) if attempt.sent else _not_connected(error)",
                "return _not_connected(error) if isinstance(error, aiohttp.ClientConnectionError) else _lost(error)",
            ),
        ),
        "test_is_unknown_whatever_is_lost_once_it_got_there[sockets-drop_before_processing-sale]",
        by=("tests/proof/test_chase_desk.py", "-k", "unknown_whatever and sockets and drop"),
    ),
    Bug(
        "no positive control",
        (
            Edit(
                "shared/use_cases/positive_control.py",
                "found_at = self._found_at.get((kind, merchant_id))",
                "return True\n        found_at = self._found_at.get((kind, merchant_id))",
            ),
        ),
        "a lost charge: Chase holds",
        of=("reconciliation/unknown_sale/blind/fail",),
    ),
    Bug(
        "void without claim",
        (
            Edit(
                "shared/use_cases/asking_for.py",
                "payment = await self._payments.claim(claim)",
                "payment = await self._payments.get(call.payment_id)\n"
                "                void = self.operation(call, kind, payment)\n"
                "                claim = replace(claim, operation_id=void.id)\n"
                "                payment = with_operation(payment, replace(void, state=OperationState.SUBMITTED))",
            ),
            Edit(
                "shared/use_cases/asking_for.py",
                "from datetime import timedelta",
                "from dataclasses import replace\nfrom datetime import timedelta\n"
                "from shared.payments.facts import with_operation",
            ),
        ),
        "a void was sent that is written down nowhere",
        of=("void/authorized/none/manual",),
    ),
)


def seeded(bug: Bug, folder: Path) -> Path:
    """A copy of the source with the bug in it."""
    for name in COPIED:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy2)(ROOT / name, folder / name)
    for edit in bug.edits:
        path = folder / edit.path
        text = path.read_text("utf-8")
        assert text.count(edit.old) == 1, f"{edit.path} does not have, once: {edit.old}"
        path.write_text(text.replace(edit.old, edit.new), "utf-8")
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_is_caught(bug: Bug, tmp_path: Path) -> None:
    folder = seeded(bug, tmp_path)

    if bug.of:
        proved = run(folder, "-m", "tests.proof", "--of", *bug.of)
        assert "VIOLATED make prove SCHEDULE=" in proved.stdout, proved.stderr
    else:
        proved = run(folder, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *bug.by)

    assert proved.returncode == 1, proved.stdout
    assert bug.caught in proved.stdout
