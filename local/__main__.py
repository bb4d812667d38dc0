"""`python -m local`: the service on a developer's machine. It refuses to run anywhere else."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from local.refusal import CannotStart, reason_to_refuse

_new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
with suppress(ImportError):  # there is none for Windows
    import uvloop

    _new_loop = uvloop.new_event_loop

_REFUSED: Final = 2
# make and `timeout` pass a signal on that their group had already: the same one twice at once is not impatience.
_FORCED_AFTER_S: Final = 0.5


def main() -> int:
    reason = reason_to_refuse(os.environ)
    if reason is not None:
        return _failure(reason, _REFUSED)
    _log_readably()
    try:
        with asyncio.Runner(loop_factory=_new_loop) as runner:
            runner.run(_serve())
    except CannotStart as error:
        return _failure(str(error), error.exit_code)
    return 0


async def _serve() -> None:
    # Nothing of the service is imported where it may not run.
    from local.laptop import running  # noqa: PLC0415
    from shared.wiring.memory import keep_what_stays  # noqa: PLC0415

    stop = asyncio.Event()
    _on_signals(stop.set)
    async with running(os.environ) as laptop:
        keep_what_stays()
        print(laptop.greeting, flush=True)
        await _first_of(stop.wait(), laptop.web_server.ended())


def _failure(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code


def _log_readably() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    for ours in ("payments", "shared", "functions", "local"):
        logging.getLogger(ours).setLevel(logging.INFO)


def _on_signals(stop: Callable[[], None]) -> None:
    """The first SIGINT or SIGTERM ends everything in order; a second one ends the process as it stands."""
    loop = asyncio.get_running_loop()
    asked_at_s: list[float] = []

    def signalled(number: int, _frame: Any) -> None:
        if not asked_at_s:
            asked_at_s.append(time.monotonic())
            loop.call_soon_threadsafe(stop)
            os.write(sys.stderr.fileno(), b"\nStopping; once more to stop at once.\n")
        elif time.monotonic() - asked_at_s[0] > _FORCED_AFTER_S:
            os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signalled)


async def _first_of(*waits: Any) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    for task in done:
        task.result()


if __name__ == "__main__":
    sys.exit(main())
