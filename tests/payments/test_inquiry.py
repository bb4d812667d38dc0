"""The schedule of inquiries, and the pace at which a laptop may run it."""

from datetime import timedelta

import pytest

from shared.payments.inquiry import SCHEDULE_S, confirm_again_s, inquiry_at, offset_s
from shared.payments.pace import Pace
from tests.builders import NOW

DAY_S = 24 * 3600


def test_chase_is_asked_on_the_schedule_and_then_daily_for_ever() -> None:
    offsets = [offset_s(inquiries) for inquiries in range(13)]

    assert offsets == [*SCHEDULE_S, 2 * DAY_S, 3 * DAY_S, 4 * DAY_S]
    assert inquiry_at(NOW, 4) == NOW + timedelta(seconds=90)


def test_an_authorization_is_asked_about_ever_more_rarely_and_then_daily_for_ever() -> None:
    assert [confirm_again_s(inquiries) for inquiries in range(7)] == [60, 300, 900, 3600, 6 * 3600, DAY_S, DAY_S]


class TestPace:
    def test_in_production_is_that_of_the_design(self) -> None:
        pace = Pace()

        assert (pace.read_timeout_s, pace.chase_ends_after_s, pace.empty_counts_after_s) == (75, 70, 90)
        assert pace.abandoned_after_s == 10 + 75 + 5

    @pytest.mark.parametrize("scale", [1.0, 0.5, 0.1, 0.01, 0.001])
    def test_keeps_the_order_of_what_must_follow_each_other(self, scale: float) -> None:
        pace = Pace(scale)

        assert pace.read_timeout_s >= 2
        assert pace.chase_ends_after_s < pace.read_timeout_s < pace.empty_counts_after_s < pace.abandoned_after_s + 10

    def test_shortens_waits(self) -> None:
        assert Pace(0.01).wait_s(90) == pytest.approx(0.9)
