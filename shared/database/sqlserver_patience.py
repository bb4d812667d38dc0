"""How long a database that has gone away is waited for: most reconfigurations of Azure SQL end within a minute."""

from collections.abc import Callable
from threading import Event
from typing import Final, Protocol, TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_result,
    stop_after_attempt,
    stop_after_delay,
    stop_when_event_set,
)
from tenacity.wait import wait_exponential_jitter

# The first rerun follows at once (the usual case is a connection that died idle), then after 1, 2, 4, 8 ... seconds.
ATTEMPTS_MAX: Final = 8
_WAIT_FIRST_S: Final = 1.0
_WAIT_MAX_S: Final = 8.0
# Counts what connecting takes, too: the login's own time-out is longer than a wait.
_PATIENCE_S: Final = 60.0


class Attempted(Protocol):
    @property
    def transient(self) -> bool:
        """Whether to try again."""


_Attempt = TypeVar("_Attempt", bound=Attempted)


def again(
    attempt: Callable[[], _Attempt], *, sleep: Callable[[float], object], closing: Event | None = None
) -> _Attempt:
    """
    What `attempt` gives once it is not transient any more, or the last of ATTEMPTS_MAX within about a minute.

    Once `closing` is set there is no further one.
    """

    def last(state: RetryCallState) -> _Attempt:
        assert state.outcome is not None, "it is called after an attempt"
        ended: _Attempt = state.outcome.result()
        return ended

    retrying = Retrying(
        retry=retry_if_result(lambda ended: ended.transient),
        stop=stop_after_attempt(ATTEMPTS_MAX) | stop_after_delay(_PATIENCE_S) | stop_when_event_set(closing or Event()),
        wait=wait_exponential_jitter(initial=_WAIT_FIRST_S, max=_WAIT_MAX_S),
        sleep=lambda seconds: _ignored(sleep(seconds)),
        retry_error_callback=last,
    )
    return retrying(attempt)


def _ignored(_: object) -> None:
    """`sleep` may answer something (an Event's wait does)."""
