"""A thread that does one job after the other."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue

Job = Callable[[], None]


class Worker:
    """`let_go` is its last job. Its methods are to be called by one caller at a time."""

    def __init__(self, name: str, let_go: Job) -> None:
        self._name, self._let_go = name, let_go
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()  # None: no more will follow
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """From now on it can be waited for. Nothing happens if it has begun."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()

    def put(self, job: Job) -> None:
        """Queue a job, which raises nothing."""
        self._jobs.put(job)

    def end(self) -> None:
        """After what has queued up."""
        self._jobs.put(None)

    async def ended(self) -> None:
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        self._let_go()
