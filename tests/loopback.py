"""The service as `make run` starts it, in a process of its own, for tests that call it over HTTP as strangers would."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.keys import local_keys
from local.token import claims_of, parsed, signed_token
from tests.house import ROOT

_READY_WITHIN_S = 60


@dataclass(frozen=True)
class Loopback:
    """`api_url` ends in /api/v1, `simulator_url` is the control port; `token` has every role and biller."""

    api_url: str
    simulator_url: str
    token: str
    data: Path

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@contextmanager
def a_service(data: Path, **settings: str) -> Iterator[Loopback]:
    """Started on any free ports and ended by its id; what it said on stderr is told with a failure."""
    chosen = {"PORT": "0", "CHASE_SIMULATOR_PORT": "0", "LOCAL_TIME_SCALE": "0.01", "LOCAL_DATA_DIR": str(data)}
    complaints = data / "stderr"
    with complaints.open("wb") as stderr:
        child = subprocess.Popen(
            [sys.executable, "-m", "local"],
            cwd=ROOT,
            env={**os.environ, **chosen, **settings},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    # A start that hangs is ended, and readline returns: no test waits for ever.
    watchdog = threading.Timer(_READY_WITHIN_S, child.kill)
    watchdog.start()
    try:
        api_url, simulator_url = (_told(child, beginning) for beginning in ("Ready:", "  Chase simulator"))
        watchdog.cancel()
        token = signed_token(local_keys(data), claims_of(parsed([]), {}, int(time.time())))
        yield Loopback(api_url, simulator_url, token, data)
    except BaseException as error:
        error.add_note(f"stderr of the service:\n{complaints.read_text()[-8000:] or '(nothing)'}")
        raise
    finally:
        watchdog.cancel()
        child.kill()
        child.communicate()


def _told(child: subprocess.Popen[str], beginning: str) -> str:
    """The first word after `beginning`, from the first line of its output that begins so."""
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith(beginning):
            return line.removeprefix(beginning).split()[0]
    raise AssertionError("it ended before it was ready")
