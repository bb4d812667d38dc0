"""
The intervals that decide, with nothing but the standard library (docs/decisions: statistics of the rollout).

Rates are floats from 0 to 1; nothing here is money.
"""

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Final

# Of the bound itself: below what a sum of logarithms can tell.
_PRECISION: Final = 1e-13


def clopper_pearson_upper(events: int, trials: int, alpha: float) -> float:
    """
    The exact one-sided upper bound of a rate: the rate at which `events` or fewer of `trials` have probability `alpha`.

    1.0 where every trial is an event, or there is none. Raises ValueError unless 0 <= events <= trials and
    0 < alpha < 1/2.
    """
    if not (0 <= events <= trials and 0 < alpha < 0.5):
        raise ValueError("events must be 0 to trials, and alpha between 0 and a half")
    if events == trials:
        return 1.0
    if events == 0:
        return -math.expm1(math.log(alpha) / trials)
    low, high = events / trials, 1.0
    while high - low > _PRECISION * high:
        middle = (low + high) / 2
        if _at_most(events, trials, middle) > alpha:
            low = middle
        else:
            high = middle
    return high


def _at_most(events: int, trials: int, rate: float) -> float:
    """
    P(X <= events) of a binomial, for 0 < rate < 1. No fewer `events` than the mean have 1/2 or more, told as 1.0.

    Summed downwards from its largest term, of which the logarithm is taken: it may be smaller than any double.
    """
    if events >= trials * rate:
        return 1.0
    ways = math.lgamma(trials + 1) - math.lgamma(events + 1) - math.lgamma(trials - events + 1)
    log_largest = ways + events * math.log(rate) + (trials - events) * math.log1p(-rate)
    total, term = 1.0, 1.0
    for count in range(events, 0, -1):
        term *= count / (trials - count + 1) * ((1 - rate) / rate)
        total += term
        if term < _PRECISION * total / trials:
            break
    return math.exp(log_largest) * total


@lru_cache(maxsize=1024)
def pairs_needed(events: int, rate: float, alpha: float) -> int:
    """
    The least number of trials, `events` of them bad, whose upper bound is at most `rate`.

    The bound is at most `rate` where so few events have at most probability `alpha` at that rate.
    """
    short, enough = events, events + 1
    while _at_most(events, enough, rate) > alpha:
        short, enough = enough, enough * 2
    while enough - short > 1:
        middle = (short + enough) // 2
        if _at_most(events, middle, rate) > alpha:
            short = middle
        else:
            enough = middle
    return enough


def wilson(events: int, trials: int, alpha: float) -> tuple[float, float]:
    """Wilson's score interval of a rate, `alpha` / 2 in each tail; 0 to 1 where there is no trial."""
    if not trials:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(1 - alpha / 2)
    rate, weight = events / trials, z * z / trials
    centre = rate + weight / 2
    reach = z * math.sqrt(rate * (1 - rate) / trials + weight / (4 * trials))
    # At the ends the formula gives 0 and 1; rounding must not lead past them.
    low = 0.0 if events == 0 else (centre - reach) / (1 + weight)
    high = 1.0 if events == trials else (centre + reach) / (1 + weight)
    return low, high


def newcombe(first: tuple[int, int], second: tuple[int, int], alpha: float) -> tuple[float, float]:
    """
    Newcombe's hybrid score interval of the difference of two rates, first less second (his method 10).

    Each arm is (events, trials). Wilson's intervals of both arms, each bound as far from its rate as its own arm says.
    """
    rates = [events / trials if trials else 0.5 for events, trials in (first, second)]
    (low_1, high_1), (low_2, high_2) = wilson(*first, alpha), wilson(*second, alpha)
    difference = rates[0] - rates[1]
    low = difference - math.hypot(rates[0] - low_1, high_2 - rates[1])
    high = difference + math.hypot(high_1 - rates[0], rates[1] - low_2)
    return low, high
