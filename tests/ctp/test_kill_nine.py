"""kill -9 of a CTP that is a process, again and again: what it wrote down is enough for the next one."""

import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

from ctp import Phase, SqliteAttempts
from tests.ctp.fake_http import served
from tests.ctp.fake_service import Clock, FakeService
from tests.ctp.town import a_bill

ROOT = Path(__file__).parents[2]
BILLS = int(os.environ.get("CTP_KILL_BILLS") or 60)
# Lines of output after which each life ends; the last life ends by itself.
KILLED_AFTER = (0, 7, 19, 23)


def test_a_ctp_that_is_killed_charges_each_bill_once(tmp_path: Path) -> None:
    rng = random.Random(9)
    service = FakeService(Clock().now, lambda: rng.choice(("approved", "approved", "not_reached", "live_disabled")))
    service.percentage, service.otherwise = 50, "shadow"
    with served(service) as url:
        for seed, lines in enumerate(KILLED_AFTER):
            _life(url, tmp_path, seed, kill_after=lines)
            service.percentage += 10
        _life(url, tmp_path, len(KILLED_AFTER), kill_after=None)

    with sqlite3.connect(tmp_path / "existing.sqlite3") as books:
        existing = [reference for (reference,) in books.execute("SELECT reference FROM charges")]
    books.close()
    bills = [a_bill(number) for number in range(BILLS)]
    charged = {bill.reference: service.charges(bill.reference) + existing.count(bill.reference) for bill in bills}
    assert charged == {bill.reference: 1 for bill in bills}
    assert 0 < len(existing) < BILLS, "only one processor had anything to do"
    assert _phases(tmp_path) == {Phase.CHARGED}


def _life(url: str, folder: Path, seed: int, *, kill_after: int | None) -> None:
    """From start to kill -9, or to its end."""
    command = [sys.executable, "-m", "tests.ctp.mortal_ctp", url, str(folder), str(BILLS), str(seed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        if kill_after is None:
            out, complaints = child.communicate(timeout=60)
            assert out.endswith("done\n"), complaints
            return
        # Between two lines is no safe point: it goes on while the kill is on its way.
        for _ in range(kill_after):
            child.stdout.readline()
        child.kill()


def _phases(folder: Path) -> set[Phase]:
    store = SqliteAttempts(folder / "attempts.sqlite3")
    rows = store._connection.execute("SELECT DISTINCT phase FROM attempts").fetchall()
    store.close()
    return {Phase(phase) for (phase,) in rows}
