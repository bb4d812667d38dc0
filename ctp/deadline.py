"""A call that ends when its time is up, whatever the peer does."""

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class NoAnswer(Exception):
    """Nothing usable came back in time. What was sent may have been done."""


class Deadlines(Generic[T]):
    """
    Runs each call in a thread of its own and stops waiting for it when its time is up.

    A time-out of `requests` is one per socket operation: a peer that sends a byte now and then, or a resolver that
    hangs, outlasts any number of them. At most `calls_max` threads live: while all are taken, no answer is the answer.
    """

    def __init__(self, calls_max: int) -> None:
        self._free = threading.BoundedSemaphore(calls_max)

    def call(self, work: Callable[[], T], within_s: float) -> T:
        """What `work` returned. Raises NoAnswer: too late, or it failed, named by type: a text may hold a secret."""
        ends_at = time.monotonic() + within_s
        if not self._free.acquire(timeout=within_s):
            raise NoAnswer(f"every call is taken for {within_s:g} s")
        done: SimpleQueue[T | Exception] = SimpleQueue()
        # Daemon: a peer that hangs must not keep the process from ending.
        thread = threading.Thread(target=self._run, args=(work, done), daemon=True, name="ctp-call")
        try:
            thread.start()
        except RuntimeError:
            self._free.release()
            raise NoAnswer("no thread to be had") from None
        try:
            result = done.get(timeout=max(0.0, ends_at - time.monotonic()))
        except Empty:
            raise NoAnswer(f"no answer within {within_s:g} s") from None
        if isinstance(result, NoAnswer):
            raise result
        if isinstance(result, Exception):
            raise NoAnswer(type(result).__name__) from result
        return result

    def _run(self, work: Callable[[], T], done: "SimpleQueue[T | Exception]") -> None:
        try:
            done.put(work())
        except Exception as error:
            done.put(error)
        finally:
            self._free.release()
