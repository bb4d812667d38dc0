"""How patiently what never left is sent again: 5 s x 2^n with full jitter, a quarter of an hour at most."""

from typing import Final

_BASE_S: Final = 5.0
_CAP_S: Final = 15 * 60.0
# Not at once: whatever kept it from leaving is hardly over.
_LEAST_S: Final = 1.0
# Beyond it the cap holds anyway, and powers would grow without end.
_DOUBLINGS_MAX: Final = 10


def requeue_s(attempts: int, chance: float) -> float:
    """Seconds until the next try after `attempts` earlier ones; `chance` is a number from 0 to 1."""
    longest = min(_CAP_S, _BASE_S * 2.0 ** min(attempts, _DOUBLINGS_MAX))
    return max(_LEAST_S, chance * longest)
