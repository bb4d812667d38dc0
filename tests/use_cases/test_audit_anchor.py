"""The daily anchor: made once, whole, of all that was touched; what is wrong on the way is alarmed."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

from local.clock import ManualClock
from shared.payments.anchor import AnchorBroken
from shared.use_cases.audit_anchor import ALARMS_MAX, read_anchor
from tests.builders import KEYRING, NOW
from tests.use_cases.audited import TODAY, TOMORROW, YESTERDAY, Audit


async def lines_of(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


class TestADay:
    async def test_is_anchored_once(self, audit: Audit) -> None:
        await audit.sold(1)
        await audit.begun(2)

        anchor = await audit.anchored()

        assert anchor is not None
        assert (anchor.day, anchor.payments, anchor.entries, anchor.key) == (TODAY, 2, 3, "a1")
        assert await audit.trail.anchors() == [anchor]
        assert await audit.anchored() is None
        assert audit.telemetry.events == [
            ("audit.anchored", {"day": "2026-11-23", "payments": 2, "entries": 3}),
        ]
        assert (audit.telemetry.alarms, await audit.found()) == ([], [])

    async def test_is_not_anchored_before_its_last_commits_can_be_there(self, audit: Audit) -> None:
        audit.clock = ManualClock(datetime(2026, 11, 24, 0, 59, tzinfo=UTC))

        anchor = await audit.anchored()

        assert anchor is not None
        assert anchor.day == YESTERDAY

    async def test_without_a_payment_has_an_anchor_too(self, audit: Audit) -> None:
        anchor = await audit.anchored()

        assert anchor is not None
        assert (anchor.payments, await audit.found()) == (0, [])

    async def test_that_was_left_out_is_covered_by_the_next_anchor(self, audit: Audit) -> None:
        await audit.begun(1)
        await audit.anchored()
        await audit.sold(2, NOW + timedelta(days=1))
        await audit.sold(3, NOW + timedelta(days=2))
        audit.clock = ManualClock(TOMORROW + timedelta(days=2))

        anchor = await audit.anchored()

        assert anchor is not None
        assert (anchor.day, anchor.payments) == (TODAY + timedelta(days=2), 2)

    async def test_reaches_back_for_what_was_committed_late(self, audit: Audit) -> None:
        await audit.anchored()
        await audit.sold(1, datetime(2026, 11, 23, 23, 30, tzinfo=UTC))
        audit.clock = ManualClock(TOMORROW + timedelta(days=1))

        anchor = await audit.anchored()

        assert anchor is not None
        assert anchor.payments == 1

    async def test_of_many_payments_is_anchored_page_by_page(self, audit: Audit) -> None:
        audit.page = 2
        for number in range(1, 6):
            await audit.sold(number, NOW + timedelta(seconds=number // 3))

        anchor = await audit.anchored()

        assert anchor is not None
        assert (anchor.payments, anchor.entries) == (5, 10)
        assert await audit.found() == []

    async def test_whose_anchor_the_store_has_already_takes_it_over(self, audit: Audit) -> None:
        await audit.sold()
        first = await audit.anchored()
        audit.tampered("DELETE FROM audit_anchors")

        assert await audit.anchored() == first

    async def test_with_broken_chains_is_alarmed_and_anchored(self, audit: Audit) -> None:
        await audit.sold(1)
        audit.tampered("UPDATE history SET actor = 'somebody' WHERE sequence = 2")

        anchor = await audit.anchored()

        assert anchor is not None
        [alarm] = audit.alarms("audit.chain_broken")
        assert (alarm["sequence"], alarm["kind"]) == (2, "edited")
        assert audit.alarms("audit.chains_broken") == [
            {"day": "2026-11-23", "findings": 1, "kinds": {"edited": 1}},
        ]

    async def test_with_many_broken_chains_does_not_alarm_for_each(self, audit: Audit) -> None:
        for number in range(1, ALARMS_MAX + 3):
            await audit.begun(number)
        audit.tampered("UPDATE history SET mac = NULL, mac_key = NULL")

        anchor = await audit.anchored()

        assert anchor is not None
        assert anchor.payments == 0
        assert len(audit.alarms("audit.chain_broken")) == ALARMS_MAX
        assert audit.alarms("audit.chains_broken")[0]["findings"] == 2 * (ALARMS_MAX + 2)

    async def test_whose_kept_anchor_is_none_of_ours_is_alarmed_and_not_taken_over(self, audit: Audit) -> None:
        await audit.sold()
        await audit.anchored()
        audit.tampered("DELETE FROM audit_anchors")
        audit.rewritten(lambda lines: [lines[0], lines[-1]])

        assert await audit.anchored() is None
        assert len(audit.alarms("audit.anchor_broken")) == 1
        assert await audit.trail.anchors() == []


class TestAnAnchorsText:
    @pytest.mark.parametrize(
        "change",
        [
            lambda lines: [],
            lambda lines: lines[:1],
            lambda lines: lines[:-1],
            lambda lines: [*lines, lines[-1]],
            lambda lines: [lines[0], lines[1].replace(", 2, ", ", 1, "), lines[-1]],
            lambda lines: [lines[0], lines[-1]],
        ],
        ids=["empty", "cut to its head", "without its end", "with more behind it", "edited", "without a leaf"],
    )
    async def test_that_was_changed_is_broken(self, audit: Audit, change: Callable[[list[str]], list[str]]) -> None:
        await audit.sold()
        await audit.anchored()
        lines = change(audit.file().read_text("utf-8").splitlines())

        with pytest.raises(AnchorBroken):
            await read_anchor(lines_of(*lines), TODAY, KEYRING)

    async def test_is_of_its_day_alone(self, audit: Audit) -> None:
        await audit.anchored()

        with pytest.raises(AnchorBroken):
            await read_anchor(audit.store.lines(TODAY), YESTERDAY, KEYRING)
