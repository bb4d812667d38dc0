"""What stays in the process is set aside from the collector, and what comes and goes is still freed."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from shared.wiring.memory import keep_what_stays


@pytest.fixture(autouse=True)
def _collector_as_before() -> Iterator[None]:
    threshold, callbacks = gc.get_threshold(), list(gc.callbacks)
    yield
    gc.callbacks[:] = callbacks
    gc.set_threshold(*threshold)
    gc.unfreeze()


class Knot:
    """Refers to itself, so that only the collector can free it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_there_is_when_the_parts_are_built_is_not_looked_through_again() -> None:
    keep_what_stays()

    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold()[0] == 50_000


def test_what_the_first_sales_import_is_set_aside_by_the_first_full_collection_and_nothing_later() -> None:
    keep_what_stays()
    first = [[number] for number in range(5_000)]
    before = gc.get_freeze_count()

    gc.collect()
    after_first = gc.get_freeze_count()
    later = [[number] for number in range(5_000)]
    gc.collect()

    assert after_first >= before + len(first)
    assert gc.get_freeze_count() < after_first + len(later)


def test_a_cycle_made_later_is_freed() -> None:
    keep_what_stays()
    gc.collect()
    knot = weakref.ref(Knot())

    gc.collect()

    assert knot() is None


def test_parts_that_are_built_twice_are_set_aside_twice_and_watched_for_once() -> None:
    callbacks = len(gc.callbacks)

    keep_what_stays()
    keep_what_stays()

    assert len(gc.callbacks) == callbacks + 1
