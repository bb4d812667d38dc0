"""Where attempts are kept. Durable: a method that writes returns only when the row would survive the loss of power."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ctp.attempt import Attempt, Report


class ChangedMeanwhile(Exception):
    """The stored attempt is no longer the one that was read: somebody else moved it. Nothing was written."""


class AttemptStore(Protocol):
    """
    The one thing the protocol rests on. Every write is whole or not at all, and durable before it returns.

    Several processes may share one store: `begin` and `replace` decide between them.
    """

    def begin(self, attempt: Attempt) -> Attempt:
        """
        Write a new attempt down, unless its bill has one that is open or charged, or its id is known.

        Returns the attempt that stands: this one, the bill's, or the stored one of this id. Raises ValueError where
        this id is another bill's.
        """

    def get(self, attempt_id: str) -> Attempt | None: ...

    def replace(self, before: Attempt, after: Attempt) -> None:
        """Write `after` where the stored version is still `before`'s. Raises ChangedMeanwhile."""

    def open_attempts(self, due_by: datetime, limit: int) -> Sequence[Attempt]:
        """Open attempts with something to do by then, the longest waiting first."""

    def reports_due(self, due_by: datetime, limit: int) -> Sequence[Attempt]:
        """Ended attempts in shadow that the service was not told of yet, oldest first."""

    def reports_due_count(self) -> int: ...

    def reports(self) -> Mapping[Report, int]:
        """How many attempts owe, sent and lost their report; those that owed none are not counted."""
