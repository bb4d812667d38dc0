"""Work that outlives the call that began it, while the process lives."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from shared.payments.errors import PaymentServiceError
from shared.use_cases.ports import Telemetry


class TrackedTasks:
    """Keeps a task alive until it ends (the loop alone holds it weakly), and lets shutdown wait for those that must."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._running: dict[asyncio.Task[Any], bool] = {}

    def start(self, work: Coroutine[Any, Any, Any], *, finish: bool = True) -> asyncio.Task[Any]:
        """Begin `work`. With `finish` False it is ended at shutdown: somebody else will do what it leaves."""
        task = asyncio.get_running_loop().create_task(work)
        self._running[task] = finish
        task.add_done_callback(self._ended)
        return task

    async def close(self, within_s: float) -> None:
        """Wait for the tasks that must finish, then end all: what they leave is found by `reconciliation`."""
        if unfinished := [task for task, finish in self._running.items() if finish]:
            await asyncio.wait(unfinished, timeout=within_s)
        ending = list(self._running)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        del self._running[task]
        error = None if task.cancelled() else task.exception()
        # What is expected is told to the caller, and counted at the door.
        if error is not None and not isinstance(error, PaymentServiceError):
            self._telemetry.event("task.raised", error=type(error).__name__)
