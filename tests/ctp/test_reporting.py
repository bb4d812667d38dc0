"""Reports of shadow sales go beside the callers, and outlive a store that is away for a moment."""

import threading
from datetime import datetime

import pytest

from ctp import Report, ReportingThread
from tests.ctp.town import Town, a_bill

WITHIN_S = 10


def test_reports_are_sent_while_callers_go_on() -> None:
    town, sent = Town(), threading.Event()
    town.service.mode = "shadow"
    shadow = town.service._shadow

    def noted(*arguments: object) -> object:
        if len(town.service.shadows) == 2:
            sent.set()
        return shadow(*arguments)  # type: ignore[arg-type]  # as it was called

    town.service._shadow = noted  # type: ignore[assignment]  # the same, and the test hears of it
    with ReportingThread(town.client, every_s=0.001):
        for number in range(3):
            town.collect(a_bill(number))
        assert sent.wait(WITHIN_S)

    assert town.client.reports() == {Report.SENT: 3}


class FailsOnce:
    def __init__(self, town: Town) -> None:
        self._store, self._calls, self.again = town.books, 0, threading.Event()

    def reports_due(self, due_by: datetime, limit: int) -> object:
        self._calls += 1
        if self._calls == 1:
            raise OSError("disk full")
        self.again.set()
        return self._store.reports_due(due_by, limit)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def test_a_store_that_fails_for_a_moment_ends_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    town = Town()
    failing = FailsOnce(town)
    town.store._store = failing  # type: ignore[assignment]  # a store with a bad moment
    with ReportingThread(town.client, every_s=0.001):
        assert failing.again.wait(WITHIN_S)

    assert "reports were not sent" in caplog.text
