"""
What stays is not looked through again: Python's collector would otherwise stop all sales for a tenth of a second.

A full collection visits every module, class and model; the young ones run every 700 objects, which is once in two
sales. Reference counts free what a sale leaves; the collector is for cycles, which are few (docs/decisions/0023).
"""

import gc
from collections.abc import Mapping
from typing import Final

# Some hundred sales, a few megabytes at most that wait to be freed.
_YOUNG_MAX: Final = 50_000
_OLDEST: Final = 2


def keep_what_stays() -> None:
    """
    Set what there is aside from the collector, and look seldom through the rest.

    Once more after the first full collection: what is imported on the way of the first sales stays too.
    """
    gc.set_threshold(_YOUNG_MAX, *gc.get_threshold()[1:])
    gc.freeze()
    if _after_a_collection not in gc.callbacks:
        gc.callbacks.append(_after_a_collection)


def _after_a_collection(phase: str, info: Mapping[str, int]) -> None:
    if phase == "stop" and info["generation"] == _OLDEST:
        gc.freeze()
        gc.callbacks.remove(_after_a_collection)
