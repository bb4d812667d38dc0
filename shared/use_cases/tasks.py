"""Work that outlives the call that began it, while the process lives."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from shared.use_cases.ports import Telemetry


class TrackedTasks:
    """Keeps a task alive until it ends (the loop alone holds it weakly) and lets shutdown wait for those at work."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self, within_s: float) -> None:
        """Wait for the tasks at work, then end those that still wait: what they leave is found by `reconciliation`."""
        if self._running:
            await asyncio.wait(self._running, timeout=within_s)
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._telemetry.event("task.raised", error=type(error).__name__)
