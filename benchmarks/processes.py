"""Children of the benchmark: started, asked what they cost, ended by their id."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

ROOT: Final = Path(__file__).parents[1]

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_START_WITHIN_S: Final = 60.0
_STOP_WITHIN_S: Final = 45.0
_LOOK_EVERY_S: Final = 0.02
# What a developer has set for a service of his own is not for the one that is measured.
_KEPT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")


class Child:
    """One process. What it writes to stderr goes to `log`, whose end is told where it fails."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], log: Path, cwd: Path = ROOT) -> None:
        self._log = log
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                list(command),
                cwd=cwd,
                env={**kept, **environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, line: str) -> None:
        _of(self._process.stdin).write(line + "\n")
        _of(self._process.stdin).flush()

    def told(self, beginning: str = "") -> str:
        """The rest of its first line that begins so. Raises RuntimeError, with the end of its log, if it ends."""
        for line in _of(self._process.stdout):
            if line.startswith(beginning):
                return line.removeprefix(beginning).strip()
        raise RuntimeError(f"a child ended ({self._process.wait()}):\n{self._log.read_text('utf-8')[-4000:]}")

    def listens_on(self, port: int) -> None:
        """Return once somebody listens there. Raises RuntimeError if the child ends, or takes too long."""
        give_up_s = time.monotonic() + _START_WITHIN_S
        while time.monotonic() < give_up_s and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(_LOOK_EVERY_S)
        raise RuntimeError(f"nothing listens on {port}:\n{self._log.read_text('utf-8')[-4000:]}")

    def cpu_s(self) -> float:
        """User and system time of all its threads, in seconds, to a hundredth."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND

    def rss_mb(self) -> float:
        """Resident memory, in MB."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def stop(self) -> None:
        """In order; by force where that takes too long."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.communicate(timeout=_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


class Stub:
    """The Chase stub (chase_stub.py) as a child."""

    def __init__(self, log: Path) -> None:
        self.child = Child([sys.executable, "-m", "benchmarks.chase_stub"], {}, log)
        self.port = int(self.child.told())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer_after(self, latency_ms: float) -> None:
        self._asked("PUT", "/latency", json.dumps({"ms": latency_ms}))

    def books(self) -> dict[str, Any]:
        """Counts of what it was asked, and `payments`: request-id -> amount in minor units."""
        return self._asked("GET", "/books", "")

    def stop(self) -> None:
        self.child.stop()

    def _asked(self, method: str, path: str, body: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
            return answer
        finally:
            connection.close()


def free_port() -> int:
    """A port that is free now, for a child that cannot choose one itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _of(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream
