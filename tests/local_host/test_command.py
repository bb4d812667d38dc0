"""`python -m local` as a process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_it_says_when_it_is_ready_and_ends_in_order_when_asked(number: signal.Signals, tmp_path: Path) -> None:
    environ = os.environ | {"PORT": "0", "CHASE_SIMULATOR_PORT": "0", "LOCAL_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "local"]

    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first_line = process.stdout.readline()
        process.send_signal(number)
        rest, errors = process.communicate(timeout=30)

    assert first_line.startswith("Ready: http://127.0.0.1:")
    assert process.returncode == 0
    # A timer may have fired meanwhile, and its event stands among the lines.
    assert [line for line in errors.splitlines() if " INFO " not in line] == [
        "",
        "Stopping; once more to stop at once.",
    ]
    assert (tmp_path / "keys" / "hmac-ctp-local.key").read_text() not in rest
