"""
Routes in real processes that end themselves: `os._exit(137)` at the point, the files opened again by others.

One server, started clean and with everything imported, forks a child for each schedule: a fork costs milliseconds, a
Python with our imports half a second.
"""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Final, Self

from tests.proof.crashing import EXIT_CODE, Gate
from tests.proof.routes import step_of
from tests.proof.schedule import Schedule
from tests.proof.service import Process
from tests.proof.world import open_world

_ROOT: Final = Path(__file__).parents[2]
_LIVED: Final = 0


class Children:
    """The server's other end. Used with `with`; called with a world's folder and a schedule."""

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.proof.children"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()
        assert self._server.returncode == 0

    def __call__(self, folder: Path, schedule: Schedule) -> bool:
        """Whether the child died at the point of `schedule`. Raises RuntimeError where it ended in any other way."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(f"{folder}\t{schedule}\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        if code not in (_LIVED, EXIT_CODE):
            raise RuntimeError(f"the child of {schedule} ended with {code}")
        return code == EXIT_CODE


def serve() -> None:
    """A line of folder and schedule in, a child's exit code out, until the input ends."""
    for line in sys.stdin:
        folder, _, text = line.rstrip("\n").partition("\t")
        child = os.fork()
        if child == 0:
            os._exit(_lived(Path(folder), Schedule.read(text)))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _lived(folder: Path, schedule: Schedule) -> int:
    """In the child: 0 where the point was never met, 1 where something went wrong; else it does not return."""
    try:
        asyncio.run(_run(folder, schedule))
    except BaseException as error:
        sys.stderr.write(f"{schedule}: {error!r}\n")
        return 1
    return _LIVED


async def _run(folder: Path, schedule: Schedule) -> None:
    scenario = schedule.scenario
    with open_world(folder, fault=scenario.fault) as world:
        process = Process(world, Gate(schedule.point, schedule.fate), on_not_found=scenario.policy)
        await process.run(step_of(scenario.route, scenario.fault)(process))
        await process.bury()


if __name__ == "__main__":
    serve()
