"""Pairs are compared again when they are final, sides that come late are found, and one bad pair stops no batch."""

import pytest

from shared.payments.outcome import TransactionState
from shared.payments.state_machine import State
from shared.shadow.verdicts import Severity, Stage, Verdict
from tests.builders import a_bank_account, approved
from tests.use_cases.shadow_desk import APPROVED, ShadowDesk
from tests.use_cases.workshop import Workshop

HOUR_S = 3600
DAY_S = 24 * HOUR_S
# The bank's Monday is New York's: it is 18:00 UTC when the sale is made.
TO_THE_END_OF_THE_SECOND_S = 2 * DAY_S + 11 * HOUR_S


@pytest.fixture
async def desk(workshop: Workshop) -> ShadowDesk:
    return await ShadowDesk(workshop).opened()


class TestACard:
    async def test_is_compared_again_a_day_later_and_then_no_more(self, desk: ShadowDesk) -> None:
        payment = await desk.captured()
        assert await desk.later(DAY_S - 1) == 0

        assert await desk.later(1) == 1

        comparison = await desk.comparison(payment)
        assert comparison is not None
        assert (comparison.stage, comparison.verdict) == (Stage.FINAL, Verdict.MATCH)
        assert await desk.compare_at(payment) is None
        assert await desk.later(30 * DAY_S) == 0

    async def test_that_was_never_captured_is_a_mismatch_when_it_is_final(self, desk: ShadowDesk) -> None:
        payment = await desk.mirrored()
        await desk.later(DAY_S)

        comparison = await desk.comparison(payment)
        assert comparison is not None
        assert (comparison.verdict, comparison.severity) == (Verdict.MISMATCH, Severity.STATE)
        assert [each.name for each in comparison.differing] == ["state"]

    async def test_whose_control_comes_after_all_is_compared_then_as_final(self, desk: ShadowDesk) -> None:
        payment = await desk.captured(control=None)
        await desk.later(40 * DAY_S)
        assert await desk.compare_at(payment) is None

        await desk.reported(payment)

        comparison = await desk.comparison(payment)
        assert comparison is not None
        assert (comparison.stage, comparison.verdict) == (Stage.FINAL, Verdict.MATCH)

    async def test_without_control_is_looked_at_often_within_the_hour_and_then_when_it_is_final(
        self, desk: ShadowDesk
    ) -> None:
        payment = await desk.captured(control=None)
        looked = [await desk.later(600) for _ in range(10)]

        assert looked == [1] * 6 + [0] * 4
        assert await desk.compare_at(payment) == "2026-11-24T18:00:00.000"


class TestAnAccount:
    async def test_is_compared_again_after_two_banking_days_and_after_five(self, desk: ShadowDesk) -> None:
        desk.workshop.chase.sales.append(approved(125_99, TransactionState.CLOSED))
        payment = await desk.mirrored(method=a_bank_account())
        # Monday 23 November; Thanksgiving is on Thursday.
        assert await desk.compare_at(payment) == "2026-11-26T05:00:00.000"

        assert await desk.later(TO_THE_END_OF_THE_SECOND_S) == 1
        comparison = await desk.comparison(payment)
        assert comparison is not None
        assert (comparison.stage, comparison.verdict) == (Stage.FINAL, Verdict.MATCH)
        assert await desk.compare_at(payment) == "2026-12-02T05:00:00.000"

        assert await desk.later(6 * DAY_S) == 1
        assert await desk.compare_at(payment) is None


class TestOneBadPair:
    async def test_is_alarmed_looked_at_again_in_an_hour_and_stops_no_other(self, desk: ShadowDesk) -> None:
        payments = [await desk.captured(reference=key, key=key) for key in ("attempt-1", "attempt-2", "attempt-3")]
        look, bad = desk.workshop.comparison_due._comparing.look, payments[1].id

        class Ill:
            async def look(self, operation: object, payment: object) -> bool:
                if getattr(payment, "id") == bad:  # noqa: B009 - whatever it is
                    raise ValueError("a comparison that nobody thought of")
                return await look(operation, payment)  # type: ignore[arg-type]

        desk.workshop.comparison_due._comparing = Ill()  # type: ignore[assignment]

        assert await desk.later(DAY_S) == 3

        assert desk.workshop.telemetry.alarms == [("comparison_due.failed", {"paymentId": bad, "error": "ValueError"})]
        assert [await desk.compare_at(payment) for payment in payments] == [None, "2026-11-24T19:00:00.000", None]

    async def test_that_somebody_else_mirrors_meanwhile_is_left_to_them(self, desk: ShadowDesk) -> None:
        payment = await desk.taken(control=APPROVED)
        desk.workshop.payments.saves_beaten = 1

        assert await desk.later(600) == 1

        assert "comparison_due.left_to_another" in desk.workshop.events()
        assert desk.workshop.alarms() == []
        assert (await desk.workshop.stored(payment)).state is State.RECEIVED
        assert await desk.later(600) == 1
        assert (await desk.workshop.stored(payment)).state is State.AUTHORIZED


class TestARun:
    async def test_begins_nothing_after_its_time(self, desk: ShadowDesk) -> None:
        for number in range(3):
            await desk.taken(f"attempt-{number}", reference=f"INV-{number}")
        look = desk.workshop.comparison_due._look

        async def slow(operation: object) -> None:
            await desk.workshop.clock.advance(241)
            await look(operation)  # type: ignore[arg-type]

        desk.workshop.comparison_due._look = slow  # type: ignore[method-assign]

        assert await desk.later(600) == 1

    async def test_takes_batch_after_batch_until_nothing_is_due(self, desk: ShadowDesk) -> None:
        for number in range(5):
            await desk.taken(f"attempt-{number}", reference=f"INV-{number}")
        await desk.workshop.clock.advance(600)

        assert await desk.workshop.comparison_due.run_once(limit=2) == 5

    async def test_tells_how_much_of_a_day_is_compared(self, desk: ShadowDesk) -> None:
        await desk.captured(key="attempt-1", reference="INV-1")
        await desk.taken("attempt-2", reference="INV-2")
        desk.workshop.shadow_backlog._waiting = 100
        await desk.decided("attempt-3", reference="INV-3")
        await desk.left("attempt-3", reference="INV-3")
        await desk.workshop.shadow_intake.close()

        await desk.workshop.comparison_due.run_once()

        told = [fields for name, fields in desk.workshop.telemetry.events if name == "shadow.coverage"]
        assert told == [{"received": 3, "compared": 1, "pending": 1, "lost": 1}]
