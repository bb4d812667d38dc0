"""The evidence as it is read: on every engine that is there."""

from datetime import date, timedelta

import pytest

from shared.database.shadow_evidence import SqlShadowEvidence
from shared.database.statements import First
from shared.database.unit_of_work import Engine
from shared.payments.operations import OperationState
from shared.payments.outcome import Declined, NotSent, Outcome, Unknown
from shared.payments.sale_attempts import BLOCKED_CODE
from shared.shadow.decision import Why
from shared.shadow.document import Mode
from shared.shadow.evidence import Arms, Stratum
from shared.shadow.gathered import Dealt, Pairs
from shared.shadow.guard import Outcomes
from shared.shadow.pair import ControlStatus
from shared.shadow.stored_decision import GIVEN_UP
from tests.builders import NOW, approved
from tests.shadow.at_rest import a_decision, a_loss, live_sale, shadow_pair, stored
from tests.shadow.scenes import CARD_SALES, MATCH, WRONG_AMOUNT, a_comparison, a_control

HOUR = timedelta(hours=1)
DECLINED = a_control(status=ControlStatus.DECLINED, code="05", amount_minor=None)
FAILED = a_control(status=ControlStatus.ERROR, code=None, amount_minor=None)
S = OperationState


@pytest.fixture
def engine(real_schema: tuple[Engine, First]) -> Engine:
    return real_schema[0]


@pytest.fixture
def evidence(real_schema: tuple[Engine, First]) -> SqlShadowEvidence:
    engine, first = real_schema
    return SqlShadowEvidence(engine, first=first, pairs_max=3, dealt_max=3)


class TestPairs:
    async def test_come_oldest_first_each_with_its_latest_comparison(
        self, engine: Engine, evidence: SqlShadowEvidence
    ) -> None:
        await stored(engine, shadow_pair(2, WRONG_AMOUNT, at=NOW + HOUR), shadow_pair(1, None, biller_id="county-tax"))

        waiting, differing = (await evidence.pairs(NOW)).rows

        assert (waiting.stratum, waiting.comparison, waiting.compared_at) == (
            Stratum("county-tax", "card", "sale"), None, None,
        )  # fmt: skip
        assert (differing.payment_id, differing.reference) == (f"pay_{2:032x}", "INV-2026-000002")
        assert (differing.stratum, differing.at) == (CARD_SALES, NOW + HOUR)
        assert (differing.comparison, differing.compared_at) == (WRONG_AMOUNT, NOW + HOUR + timedelta(minutes=1))

    async def test_that_match_share_what_they_have_in_common(self, engine: Engine, evidence: SqlShadowEvidence) -> None:
        other = a_comparison(a_control(latency_ms=711))
        await stored(engine, shadow_pair(1, MATCH), shadow_pair(2, other))

        first, second = (await evidence.pairs(NOW)).rows

        assert first.comparison is second.comparison
        assert first.comparison is not None
        assert (first.comparison.verdict, first.comparison.stage) == (MATCH.verdict, MATCH.stage)
        assert [field.verdict for field in first.comparison.fields] == [field.verdict for field in MATCH.fields]

    async def test_from_before_are_left_out(self, engine: Engine, evidence: SqlShadowEvidence) -> None:
        await stored(engine, shadow_pair(1, MATCH))

        assert await evidence.pairs(NOW + timedelta(milliseconds=1)) == Pairs([])

    async def test_that_are_too_many_lose_their_oldest_and_say_so(
        self, engine: Engine, evidence: SqlShadowEvidence
    ) -> None:
        await stored(engine, *(shadow_pair(number, MATCH, at=NOW + number * HOUR) for number in range(4)))

        found = await evidence.pairs(NOW)

        assert ([pair.at for pair in found.rows], found.capped) == ([NOW + n * HOUR for n in (1, 2, 3)], True)


async def test_losses_are_summed_by_day_and_stratum(engine: Engine, evidence: SqlShadowEvidence) -> None:
    voids = Stratum("county-tax", "card", "void")
    await stored(
        engine,
        a_loss(1, "2026-11-22", 100),
        a_loss(2, "2026-11-23", 3),
        a_loss(3, "2026-11-23", 4),
        a_loss(4, "2026-11-24", 5, biller_id="county-tax", kind="void"),
    )

    assert await evidence.losses(date(2026, 11, 23)) == {
        date(2026, 11, 23): {CARD_SALES: 7},
        date(2026, 11, 24): {voids: 5},
    }


class TestArms:
    async def test_are_the_approvals_of_what_the_hash_dealt(self, engine: Engine, evidence: SqlShadowEvidence) -> None:
        refused = Declined("DO_NOT_HONOR", "no")
        await stored(
            engine,
            *(a_decision(number, Mode.LIVE, Why.INSIDE) for number in (1, 2, 3)),
            live_sale(1, approved(), S.SUCCEEDED),
            live_sale(2, refused, S.DECLINED),
            live_sale(3, Unknown("READ_TIMEOUT", "no answer"), S.UNKNOWN),
            *(a_decision(number, Mode.SHADOW, Why.OUTSIDE) for number in (4, 5, 6)),
            shadow_pair(4, MATCH),
            shadow_pair(5, MATCH, control=DECLINED),
            shadow_pair(6, MATCH, control=FAILED),
        )

        found = await evidence.arms([Dealt(("city-water", "card"), NOW, NOW + HOUR)])

        assert found.arms == {("city-water", "card"): Arms(1, 2, 1, 2)}
        assert found.capped == frozenset()

    async def test_leave_out_bills_on_a_list_other_scopes_other_times_and_what_was_closed(
        self, engine: Engine, evidence: SqlShadowEvidence
    ) -> None:
        await stored(
            engine,
            a_decision(1, Mode.LIVE, Why.ALLOWED),
            a_decision(2, Mode.LIVE, Why.INSIDE, biller_id="county-tax"),
            a_decision(3, Mode.LIVE, Why.INSIDE, method="ach"),
            a_decision(4, Mode.LIVE, Why.INSIDE, at=NOW - HOUR),
            a_decision(5, Mode.LIVE, Why.INSIDE, at=NOW + HOUR),
            a_decision(6, Mode.OFF, GIVEN_UP),
            *(live_sale(number, approved(), S.SUCCEEDED) for number in range(1, 7)),
            a_decision(7, Mode.SHADOW, Why.ALLOWED),
            shadow_pair(7, MATCH),
        )

        found = await evidence.arms([Dealt(("city-water", "card"), NOW, NOW + HOUR)])

        assert found.arms == {("city-water", "card"): Arms()}

    async def test_of_more_decisions_than_are_read_are_told_as_such(
        self, engine: Engine, evidence: SqlShadowEvidence
    ) -> None:
        await stored(engine, *(a_decision(number, Mode.LIVE, Why.INSIDE) for number in range(1, 5)))
        scopes = [("city-water", "card"), ("county-tax", "card")]

        found = await evidence.arms([Dealt(scope, NOW, NOW + HOUR) for scope in scopes])

        assert found.capped == {("city-water", "card")}

    async def test_of_nobody_ask_nothing(self, engine: Engine, evidence: SqlShadowEvidence) -> None:
        before = engine.round_trips

        assert (await evidence.arms([])).arms == {}
        assert engine.round_trips == before


class TestOutcomes:
    @pytest.mark.parametrize(
        ("outcome", "state", "transaction_id", "counted"),
        [
            (approved(), S.SUCCEEDED, "t-1", Outcomes(approved=1)),
            (Declined("DO_NOT_HONOR", "no", transaction_id="t-1"), S.DECLINED, "t-1", Outcomes(declined=1)),
            (Declined("INVALID", "malformed"), S.DECLINED, None, Outcomes(failed=1)),
            (Unknown("READ_TIMEOUT", "no answer"), S.UNKNOWN, None, Outcomes(failed=1)),
            (NotSent("NOT_CONNECTED", "no connection"), S.QUEUED, None, Outcomes(failed=1)),
            (NotSent("NOT_CONNECTED", "no connection"), S.FAILED, None, Outcomes(failed=1)),
            (Unknown("READ_TIMEOUT", "no answer"), S.FAILED, None, Outcomes(failed=1)),
            (NotSent("live-disabled", "live sales are switched off"), S.FAILED, None, Outcomes()),
            (None, S.SUBMITTED, None, Outcomes()),
        ],
    )
    async def test_are_decisions_and_integration_failures(
        self,
        engine: Engine,
        evidence: SqlShadowEvidence,
        outcome: Outcome | None,
        state: OperationState,
        transaction_id: str | None,
        counted: Outcomes,
    ) -> None:
        await stored(engine, live_sale(1, outcome, state, transaction_id=transaction_id))

        assert await evidence.outcomes({NOW}) == {NOW: {("city-water", "card"): counted}}

    async def test_leave_out_what_a_network_s_rule_held_back(self, engine: Engine, evidence: SqlShadowEvidence) -> None:
        told = {"status": "declined", "code": BLOCKED_CODE, "message": "not sent", "retry": "never"}
        held = live_sale(1, None, S.DECLINED, transaction_id=None, told={**told, "processorCalled": False})
        await stored(engine, held)

        assert await evidence.outcomes({NOW}) == {NOW: {("city-water", "card"): Outcomes()}}

    async def test_are_those_since_each_time_by_biller_beside_the_existing_processor_s(
        self, engine: Engine, evidence: SqlShadowEvidence
    ) -> None:
        await stored(
            engine,
            live_sale(1, approved(), S.SUCCEEDED, at=NOW - HOUR),
            live_sale(2, approved(), S.SUCCEEDED),
            live_sale(3, approved(), S.SUCCEEDED, biller_id="county-tax"),
            shadow_pair(4, None),
            shadow_pair(5, None, control=DECLINED, at=NOW - HOUR),
            shadow_pair(6, None, control=FAILED),
            shadow_pair(7, None, kind="void"),
        )

        assert await evidence.outcomes({NOW, NOW - HOUR}) == {
            NOW: {
                ("city-water", "card"): Outcomes(1, existing_approved=1),
                ("county-tax", "card"): Outcomes(1),
            },
            NOW - HOUR: {
                ("city-water", "card"): Outcomes(2, existing_approved=1, existing_declined=1),
                ("county-tax", "card"): Outcomes(1),
            },
        }

    async def test_of_no_time_ask_nothing(self, engine: Engine, evidence: SqlShadowEvidence) -> None:
        before = engine.round_trips

        assert await evidence.outcomes(()) == {}
        assert engine.round_trips == before
