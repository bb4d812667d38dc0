"""Reports of shadow sales go beside the callers, and outlive a store that is away for a moment."""

import threading

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


def test_a_store_that_fails_for_a_moment_ends_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    town, again = Town(), threading.Event()
    calls: list[int] = []

    def send_reports(*, limit: int) -> int:
        calls.append(limit)
        if len(calls) == 1:
            raise OSError("disk full")
        again.set()
        return 0

    town.client.send_reports = send_reports  # type: ignore[method-assign]  # a store's bad moment
    with ReportingThread(town.client, every_s=0.001):
        assert again.wait(WITHIN_S)

    assert "reports were not sent" in caplog.text
