"""
The intervals that decide, with nothing but the standard library (docs/decisions: statistics of the rollout).

Rates are floats from 0 to 1; nothing here is money.
"""

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Final

# 2**-60 of the unit interval is far below what a double can tell.
_HALVINGS: Final = 60


def clopper_pearson_upper(events: int, trials: int, alpha: float) -> float:
    """
    The exact one-sided upper bound of a rate: the rate at which `events` or fewer of `trials` have probability `alpha`.

    1.0 where every trial is an event, or there is none. Raises ValueError unless 0 <= events <= trials, 0 < alpha < 1.
    """
    if not (0 <= events <= trials and 0 < alpha < 1):
        raise ValueError("events must be 0 to trials, and alpha between 0 and 1")
    if events == trials:
        return 1.0
    low, high = events / trials, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _at_most(events, trials, middle) > alpha:
            low = middle
        else:
            high = middle
    return high


def _at_most(events: int, trials: int, rate: float) -> float:
    """P(X <= events) of a binomial, summed in logarithms: its terms may be smaller than any double."""
    if rate >= 1.0:
        return 0.0
    log_term = trials * math.log1p(-rate)
    log_odds = math.log(rate) - math.log1p(-rate) if events else 0.0
    terms = [log_term]
    for count in range(1, events + 1):
        log_term += math.log((trials - count + 1) / count) + log_odds
        terms.append(log_term)
    largest = max(terms)
    return math.exp(largest) * math.fsum(math.exp(term - largest) for term in terms)


@lru_cache(maxsize=1024)
def pairs_needed(events: int, rate: float, alpha: float) -> int:
    """The least number of trials, `events` of them bad, whose upper bound is at most `rate`."""
    short, enough = events, max(events, 1)
    while clopper_pearson_upper(events, enough, alpha) > rate:
        short, enough = enough, enough * 2
    while enough - short > 1:
        middle = (short + enough) // 2
        if clopper_pearson_upper(events, middle, alpha) > rate:
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
