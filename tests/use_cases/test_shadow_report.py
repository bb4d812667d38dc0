"""The report and the readiness, gathered from what is at rest."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.payments.operations import OperationState
from shared.shadow.decision import Why
from shared.shadow.document import Mode
from shared.shadow.ladder import Step
from shared.use_cases.change_rollout import ChangeRollout, PromotionRefused, RolloutChange
from shared.use_cases.shadow_report import SINCE_MAX
from tests.builders import NOW, approved
from tests.shadow.at_rest import a_decision, a_loss, live_sale, shadow_pair
from tests.shadow.scenes import MATCH, WRONG_AMOUNT, a_document, a_rule
from tests.use_cases.evidence_desk import Desk, open_desk

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SCOPE = ("city-water", "card")
SHADOW = a_document(a_rule(mode=Mode.SHADOW, percentage=100))
LIVE = a_document(a_rule(mode=Mode.LIVE, percentage=5, otherwise=Mode.SHADOW))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path / "payments.sqlite3") as desk:
        yield desk


async def test_is_over_the_pairs_since_the_earliest_step_that_is_not_off_began(desk: Desk) -> None:
    await desk.write(a_document(), NOW - 20 * DAY)
    await desk.write(SHADOW, NOW - 3 * DAY)
    await desk.keep(shadow_pair(1, MATCH, at=NOW - 4 * DAY), shadow_pair(2, MATCH, at=NOW - 2 * DAY))

    told = await desk.report.report()

    assert told["since"] == "2026-11-20T18:00:00.000Z"
    assert [(stratum["billerId"], stratum["eligible"]) for stratum in told["strata"]] == [("*", 1), ("city-water", 1)]
    assert (told["generatedAt"], told["warnings"]) == ("2026-11-23T18:00:00.000Z", [])


async def test_looks_no_further_back_than_three_months(desk: Desk) -> None:
    await desk.write(SHADOW, NOW - SINCE_MAX - DAY)

    assert (await desk.report.report())["since"] == "2026-08-25T18:00:00.000Z"


async def test_shows_the_last_three_months_where_everything_is_off(desk: Desk) -> None:
    await desk.keep(shadow_pair(1, MATCH, at=NOW - 80 * DAY))

    told = await desk.report.report()

    assert told["since"] == "2026-08-25T18:00:00.000Z"
    assert told["strata"][0]["eligible"] == 1


async def test_counts_losses_from_the_day_on_which_the_step_began(desk: Desk) -> None:
    await desk.write(SHADOW, NOW - 3 * DAY)
    await desk.keep(a_loss(1, "2026-11-19", 100), a_loss(2, "2026-11-20", 3), shadow_pair(1, MATCH, at=NOW - DAY))

    told = await desk.report.report()

    assert [stratum["losses"] for stratum in told["strata"]] == [3, 3]
    assert (await desk.report.readiness())[SCOPE].reasons[0] == "coverage 25.0 % < 95.0 %"


async def test_judges_every_biller_by_every_method(desk: Desk) -> None:
    await desk.write(SHADOW, NOW - 3 * DAY)

    found = await desk.report.readiness()

    assert set(found) == {
        (biller_id, method)
        for biller_id in ("city-water", "county-tax")
        for method in ("card", "ach", "applePay", "googlePay")
    }
    assert (found[SCOPE].standing.step, found[SCOPE].ready) == (Step(Mode.SHADOW, 100), False)
    # The first step, from off into shadow, needs nothing.
    assert found["county-tax", "card"].ready


async def test_judges_by_what_stands_until_an_operator_writes(desk: Desk) -> None:
    desk.initial = a_document(a_rule(biller_id="*", method="*", mode=Mode.LIVE, percentage=100))

    found = await desk.report.readiness()

    assert found[SCOPE].standing.step == Step(Mode.LIVE, 100)
    assert found[SCOPE].next_step is None


async def test_judges_each_step_by_evidence_from_its_own_beginning(desk: Desk) -> None:
    await desk.write(a_document(a_rule(mode=Mode.SHADOW, percentage=100)), NOW - 10 * DAY)
    both = a_document(
        *(a_rule(biller_id=name, mode=Mode.SHADOW, percentage=100) for name in ("city-water", "county-tax"))
    )
    await desk.write(both, NOW - 5 * DAY)
    await desk.keep(
        shadow_pair(1, WRONG_AMOUNT, at=NOW - 7 * DAY),
        shadow_pair(2, MATCH, at=NOW - 4 * DAY, biller_id="county-tax"),
        a_loss(1, "2026-11-16", 9, biller_id="county-tax"),
    )

    found = await desk.report.readiness()

    assert found[SCOPE].bounds[0].severe == 1
    assert found["county-tax", "card"].bounds[0].severe == 0
    assert not any(reason.startswith("coverage") for reason in found["county-tax", "card"].reasons)


class TestTheArms:
    async def test_are_compared_up_to_the_latest_look_where_a_live_step_has_one_above(self, desk: Desk) -> None:
        await desk.write(LIVE, NOW - 3 * DAY)
        await desk.keep(
            a_decision(1, Mode.LIVE, Why.INSIDE, at=NOW - 2 * DAY),
            live_sale(1, approved(), OperationState.SUCCEEDED, at=NOW - 2 * DAY),
            a_decision(2, Mode.SHADOW, Why.OUTSIDE, at=NOW - 2 * DAY),
            shadow_pair(2, MATCH, at=NOW - 2 * DAY),
        )

        assert (await desk.report.readiness())[SCOPE].reasons == (
            "approval 100.0 % live, 100.0 % existing: may be 79.3 points lower, 1.0 are allowed",
        )

    async def test_from_after_the_look_wait_for_the_next(self, desk: Desk) -> None:
        await desk.write(LIVE, NOW - 3 * DAY)
        await desk.keep(
            a_decision(1, Mode.LIVE, Why.INSIDE, at=NOW - HOUR),
            live_sale(1, approved(), OperationState.SUCCEEDED, at=NOW - HOUR),
        )

        assert (await desk.report.readiness())[SCOPE].reasons == (
            "needs decided sales in both arms to compare approval rates",
        )


class TestEvidenceThatIsNotWhole:
    async def test_allows_no_step_and_is_told(self, tmp_path: Path) -> None:
        async with open_desk(tmp_path / "payments.sqlite3", pairs_max=1) as desk:
            await desk.write(a_document(a_rule(mode=Mode.SHADOW, percentage=10)), NOW - 3 * DAY)
            await desk.keep(shadow_pair(1, MATCH, at=NOW - 2 * DAY), shadow_pair(2, MATCH, at=NOW - DAY))

            told = await desk.report.report()
            found = await desk.report.readiness()

        said = "there are more pairs than are read at once: the oldest of the step are left out"
        assert told["warnings"] == [said]
        assert found[SCOPE].reasons == (said,)
        assert found["county-tax", "card"].ready

    async def test_is_whole_for_a_step_that_began_after_what_was_left_out(self, tmp_path: Path) -> None:
        async with open_desk(tmp_path / "payments.sqlite3", pairs_max=1) as desk:
            tax = a_rule(biller_id="county-tax", mode=Mode.SHADOW, percentage=10, minimum_dwell_hours=0)
            await desk.write(a_document(a_rule(mode=Mode.SHADOW, percentage=10)), NOW - 3 * DAY)
            await desk.write(a_document(a_rule(mode=Mode.SHADOW, percentage=10), tax), NOW - DAY)
            await desk.keep(
                shadow_pair(1, MATCH, at=NOW - 2 * DAY), shadow_pair(2, MATCH, at=NOW - DAY, biller_id="county-tax")
            )

            found = await desk.report.readiness()

        assert (found["county-tax", "card"].ready, found[SCOPE].ready) == (True, False)

    async def test_of_decisions_names_where(self, tmp_path: Path) -> None:
        async with open_desk(tmp_path / "payments.sqlite3", dealt_max=1) as desk:
            await desk.write(LIVE, NOW - 3 * DAY)
            await desk.keep(*(a_decision(number, Mode.LIVE, Why.INSIDE, at=NOW - 2 * DAY) for number in (1, 2)))

            told = await desk.report.report()
            found = await desk.report.readiness()

        said = "there are more decisions than are read at once: the last ones are left out"
        assert told["warnings"] == [f"city-water card: {said}"]
        assert found[SCOPE].reasons[-1] == said


class TestAChangeOfTheDocument:
    def a_change(self, percentage: int, **changed: object) -> RolloutChange:
        document = a_document(a_rule(mode=Mode.SHADOW, percentage=percentage))
        return RolloutChange(document=document, version=1, actor="olga", reason="next step", **changed)

    def changing(self, desk: Desk) -> ChangeRollout:
        outside = desk.workshop.outside
        return ChangeRollout(
            outside, desk.store, desk.current, desk.report.readiness, shadow_billers=outside.merchants.keys()
        )

    async def test_goes_no_further_than_the_evidence(self, desk: Desk) -> None:
        await desk.write(a_document(a_rule(mode=Mode.SHADOW, percentage=10)), NOW - DAY)

        with pytest.raises(PromotionRefused) as refused:
            await self.changing(desk).change(self.a_change(100))

        [told] = refused.value.facts["errors"]
        assert told["message"].endswith("dwell: 24 h of 48 h; no sale was eligible for comparison yet")

    async def test_may_be_forced_with_a_reason(self, desk: Desk) -> None:
        await desk.write(a_document(a_rule(mode=Mode.SHADOW, percentage=10)), NOW - DAY)

        written = await self.changing(desk).change(self.a_change(100, forced=True))

        assert (written.version, written.forced) == (2, True)

    async def test_may_take_the_step_that_it_is_ready_for(self, desk: Desk) -> None:
        await desk.write(a_document(a_rule(mode=Mode.SHADOW, percentage=10)), NOW - 3 * DAY)
        await desk.keep(*(shadow_pair(number, MATCH, at=NOW - DAY) for number in (1, 2)))

        written = await self.changing(desk).change(self.a_change(100))

        assert (written.version, written.forced) == (2, False)
