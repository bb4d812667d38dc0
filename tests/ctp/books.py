"""Stores of a test's own, in memory: whoever opens one need not close it."""

from ctp import SqliteAttempts

_OPEN: list[SqliteAttempts] = []


def in_memory() -> SqliteAttempts:
    """Closed after the test; Python complains of a connection that nobody closed."""
    _OPEN.append(SqliteAttempts(":memory:"))
    return _OPEN[-1]


def close_all() -> None:
    while _OPEN:
        _OPEN.pop().close()
