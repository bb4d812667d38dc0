"""Tries at instruments: what the database lets leave, what it remembers, and what it forgets."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.database.migrations import migrate_sqlite
from shared.database.sale_attempts import (
    GATES,
    RETRY_LIMIT,
    again,
    attempt,
    ended,
    lifted,
    past_attempts,
    purge,
    why_blocked,
)
from shared.database.statements import First
from shared.database.unit_of_work import Engine, GuardFailed, Query, Row, Statement
from shared.payments.idempotency import Fingerprint
from shared.payments.money import Money
from shared.payments.networks import Network
from shared.payments.never_again import Blocks, Said
from shared.payments.requests import Initiator
from shared.payments.retry_limits import IN_FLIGHT_FOR, KEPT_FOR
from shared.payments.sale_attempts import (
    Attempt,
    AttemptStatus,
    Block,
    Ending,
    PastAttempt,
    blocked_by,
    ending_of_return,
)
from tests.builders import NOW
from tests.database.conftest import MIGRATIONS
from tests.payments.attempts import a_decline, an_attempt, past_of

HOUR, DAY, MS = timedelta(hours=1), timedelta(days=1), timedelta(milliseconds=1)
APPROVED = Ending(AttemptStatus.APPROVED)
NOT_SENT = Ending(AttemptStatus.NOT_SENT)
COUNT = Query("SELECT COUNT(*) FROM sale_attempts")


@pytest.fixture
def engine(real_schema: tuple[Engine, First]) -> Engine:
    return real_schema[0]


async def tried(engine: Engine, this: Attempt, ending: Ending | None = None) -> None:
    await engine.run(attempt(this))
    if ending is not None:
        await engine.run([ended(this.operation_id, ending)])


async def filled(engine: Engine, times: int, ending: Ending | None = None, first: int = 100, **changed: Any) -> None:
    """So many tries, the last of them an hour ago."""
    for number in range(times):
        at = changed.get("at", NOW - HOUR - (times - number) * MS)
        await tried(engine, an_attempt(first + number, **{**changed, "at": at}), ending or a_decline())


async def passes(engine: Engine, this: Attempt) -> bool:
    """Whether it is let through; if so, it is remembered."""
    try:
        await engine.run(attempt(this))
    except GuardFailed:
        return False
    return True


async def past(engine: Engine, this: Attempt) -> list[PastAttempt]:
    [rows] = await engine.read([why_blocked(this)])
    return list(past_attempts(rows))


async def count(engine: Engine) -> int:
    [[(number,)]] = await engine.read([COUNT])
    return int(number)


class TestATry:
    async def test_is_remembered_as_being_in_flight(self, engine: Engine) -> None:
        this = an_attempt()

        await engine.run(attempt(this))

        assert await past(engine, an_attempt(2)) == [past_of(this)]

    async def test_is_remembered_with_its_end(self, engine: Engine) -> None:
        this = an_attempt()
        ending = Ending(AttemptStatus.DECLINED, Said("CLOSED_ACCOUNT", "46", "03"), True, Blocks.INSTRUMENT)

        await tried(engine, this, ending)

        assert await past(engine, an_attempt(2)) == [past_of(this, ending)]
        [[row]] = await engine.read([Query("SELECT code, network_code, advice FROM sale_attempts")])
        assert tuple(row) == ("CLOSED_ACCOUNT", "46", "03")

    async def test_that_is_not_let_through_leaves_nothing_of_its_unit(self, engine: Engine) -> None:
        await filled(engine, 20)
        other = an_attempt(2, print="b" * 64)

        with pytest.raises(GuardFailed, match=RETRY_LIMIT):
            await engine.run([*attempt(other), *attempt(an_attempt())])

        assert await count(engine) == 20

    async def test_whose_end_nobody_can_place_ends_all_the_same(self, engine: Engine) -> None:
        await engine.run([ended("op_of_a_wallet", APPROVED)])

        assert await count(engine) == 0

    async def test_of_any_instrument_finds_its_gate(self, engine: Engine) -> None:
        for number in range(GATES):
            assert await passes(engine, an_attempt(number, print=f"{number:02x}" + "0" * 62))


class TestALimit:
    @pytest.mark.parametrize(
        ("network", "maximum"),
        [(Network.VISA, 20), (Network.MASTERCARD, 10), (Network.UNIDENTIFIED, 10), (Network.ACH, 3)],
    )
    async def test_lets_so_many_be_declined_and_no_more(self, engine: Engine, network: Network, maximum: int) -> None:
        await filled(engine, maximum - 1, network=network)
        last = an_attempt(1, network=network)
        assert await passes(engine, last)
        await engine.run([ended(last.operation_id, a_decline())])

        assert not await passes(engine, an_attempt(2, network=network))
        assert await passes(engine, an_attempt(3, network=network, print="b" * 64))

    async def test_opens_at_the_very_millisecond(self, engine: Engine) -> None:
        await filled(engine, 20, at=NOW - 30 * DAY)

        assert not await passes(engine, an_attempt(1, at=NOW - MS))
        assert await passes(engine, an_attempt(1, at=NOW))

    async def test_does_not_count_what_was_approved(self, engine: Engine) -> None:
        await filled(engine, 40, APPROVED)

        assert await passes(engine, an_attempt())

    async def test_does_not_count_what_never_left(self, engine: Engine) -> None:
        await filled(engine, 40, NOT_SENT)

        assert await passes(engine, an_attempt())

    async def test_counts_what_is_in_flight_for_a_while(self, engine: Engine) -> None:
        await filled(engine, 19)
        await tried(engine, an_attempt(1))

        assert not await passes(engine, an_attempt(2, at=NOW + IN_FLIGHT_FOR - MS))
        assert await passes(engine, an_attempt(2, at=NOW + IN_FLIGHT_FOR))

    async def test_gives_the_last_place_to_one_of_many_at_once(self, engine: Engine) -> None:
        await filled(engine, 19)

        let_through = await asyncio.gather(*(passes(engine, an_attempt(number)) for number in range(8)))

        assert let_through.count(True) == 1

    async def test_gives_it_to_one_of_two_whose_instances_have_turned_their_keys_over_or_not(
        self, engine: Engine
    ) -> None:
        await filled(engine, 19)
        prints = (Fingerprint("k1", "a" * 64), Fingerprint("k2", "b" * 64))
        before, after = an_attempt(1, fingerprints=prints), an_attempt(2, fingerprints=prints[::-1])

        assert attempt(before)[0] == attempt(after)[0]
        assert sorted(await asyncio.gather(passes(engine, before), passes(engine, after))) == [False, True]

    async def test_of_visa_counts_payers_and_billers_apart(self, engine: Engine) -> None:
        await filled(engine, 20, initiator=Initiator.BILLER)

        assert not await passes(engine, an_attempt(1, initiator=Initiator.BILLER))
        assert await passes(engine, an_attempt(1, initiator=Initiator.PAYER))

    @pytest.mark.parametrize("changed", [{"amount": Money(1, "USD")}, {"amount": Money(12599, "CAD")}])
    async def test_of_a_bill_counts_no_other_amount(self, engine: Engine, changed: dict[str, Any]) -> None:
        await filled(engine, 3, ending_of_return("R01", NOW), network=Network.ACH)

        assert not await passes(engine, an_attempt(1, network=Network.ACH))
        assert await passes(engine, an_attempt(1, network=Network.ACH, **changed))

    async def test_remembers_what_was_declined_under_a_key_that_was_current_before(self, engine: Engine) -> None:
        await filled(engine, 20)
        prints = (Fingerprint("k2", "b" * 64), Fingerprint("k1", "a" * 64))

        assert not await passes(engine, an_attempt(fingerprints=prints))


class TestALastWord:
    @pytest.mark.parametrize(
        ("blocks", "changed", "let_through"),
        [
            (Blocks.INSTRUMENT, {"biller_id": "b", "merchant_id": "m"}, False),
            (Blocks.MERCHANT, {"merchant_id": "m"}, False),
            (Blocks.MERCHANT, {"biller_id": "b"}, False),
            (Blocks.MERCHANT, {"biller_id": "b", "merchant_id": "m"}, True),
            (Blocks.AUTHORIZATION, {"standing": True}, False),
            (Blocks.AUTHORIZATION, {"standing": False}, True),
            (Blocks.AUTHORIZATION, {"standing": True, "biller_id": "b", "merchant_id": "m"}, True),
        ],
    )
    async def test_is_kept(self, engine: Engine, blocks: Blocks, changed: dict[str, Any], let_through: bool) -> None:
        await tried(engine, an_attempt(9, at=NOW - 3000 * DAY), Ending(AttemptStatus.DECLINED, blocks=blocks))

        assert await passes(engine, an_attempt(**changed)) is let_through

    async def test_says_why(self, engine: Engine) -> None:
        await tried(engine, an_attempt(9, network=Network.ACH), ending_of_return("R07", NOW))
        this = an_attempt(network=Network.ACH, standing=True)

        block = blocked_by(this, await past(engine, this))

        assert block is not None
        assert block.why == "a debit was returned with R07: the payer must authorize the next one anew"

    async def test_can_be_taken_back_by_a_person(self, engine: Engine) -> None:
        await tried(engine, an_attempt(9), a_decline(Blocks.INSTRUMENT))
        assert not await passes(engine, an_attempt())

        await engine.run([lifted(an_attempt(9).operation_id)])

        assert await passes(engine, an_attempt())

    async def test_that_was_never_said_cannot(self, engine: Engine) -> None:
        await tried(engine, an_attempt(9), a_decline())

        with pytest.raises(GuardFailed, match="lifted"):
            await engine.run([lifted(an_attempt(9).operation_id)])


class TestAnotherTryOfOneOperation:
    async def test_takes_the_place_of_the_first(self, engine: Engine) -> None:
        await tried(engine, an_attempt(), NOT_SENT)
        later = an_attempt(at=NOW + HOUR)

        await engine.run(again(later))

        assert await past(engine, an_attempt(2)) == [past_of(later)]

    async def test_is_held_to_what_was_declined_meanwhile(self, engine: Engine) -> None:
        await tried(engine, an_attempt(), NOT_SENT)
        await filled(engine, 20)

        with pytest.raises(GuardFailed, match=RETRY_LIMIT):
            await engine.run(again(an_attempt(at=NOW + HOUR)))

        assert past_of(an_attempt(), NOT_SENT) in await past(engine, an_attempt(2))

    async def test_needs_no_first_one(self, engine: Engine) -> None:
        await engine.run(again(an_attempt()))

        assert await count(engine) == 1


class TestThePurge:
    async def test_forgets_what_no_limit_asks_about_any_more(self, engine: Engine) -> None:
        await tried(engine, an_attempt(1, at=NOW - KEPT_FOR - MS, print="b" * 64), a_decline())
        kept = an_attempt(2, at=NOW - KEPT_FOR)
        await tried(engine, kept, a_decline())

        await engine.run(purge(NOW, ["k1"]))

        [[(operation_id,)]] = await engine.read([Query("SELECT operation_id FROM sale_attempts")])
        assert operation_id == kept.operation_id

    async def test_keeps_a_last_word_for_as_long_as_its_instrument_can_be_known_again(self, engine: Engine) -> None:
        await tried(engine, an_attempt(at=NOW - 3000 * DAY), a_decline(Blocks.INSTRUMENT))

        await engine.run(purge(NOW, ["k2", "k1"]))
        assert await count(engine) == 1

        await engine.run(purge(NOW, ["k3", "k2"]))
        assert await count(engine) == 0


class Sqlite:
    """The statements on a file, without an engine: Hypothesis asks for thousands."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)

    def run(self, statements: tuple[Statement, ...]) -> bool:
        """Whether every statement affected what it must; else nothing is stored."""
        self.db.execute("BEGIN")
        for each in statements:
            affected = self.db.execute(each.sql, each.parameters).rowcount
            if each.rows not in (None, affected):
                self.db.execute("ROLLBACK")
                return False
        self.db.execute("COMMIT")
        return True

    def read(self, query: Query) -> list[Row]:
        return self.db.execute(query.sql, query.parameters).fetchall()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("tries") / "payments.sqlite3"
    migrate_sqlite(path, MIGRATIONS / "sqlite", now=NOW)
    sqlite = Sqlite(path)
    with closing(sqlite.db):
        yield sqlite


@pytest.mark.parametrize(
    "asked",
    [*attempt(an_attempt(network=Network.UNIDENTIFIED)), why_blocked(an_attempt()), *purge(NOW, ["k1"]),
     ended("op_1", APPROVED), lifted("op_1"), again(an_attempt())[1]],
)  # fmt: skip
def test_every_statement_finds_its_rows_by_an_index(file: "Sqlite", asked: Statement | Query) -> None:
    steps = [row[3] for row in file.db.execute(f"EXPLAIN QUERY PLAN {asked.sql}", asked.parameters)]

    assert [step for step in steps if step.startswith("SCAN") and "CONSTANT" not in step] == []
    assert any(step.startswith("SEARCH sale_attempt") for step in steps)


NETWORKS = (Network.VISA, Network.MASTERCARD, Network.UNIDENTIFIED, Network.ACH, Network.AMEX)
ENDINGS = (
    *[a_decline()] * 12, None, APPROVED, NOT_SENT, a_decline(Blocks.AUTHORIZATION), a_decline(Blocks.MERCHANT),
)  # fmt: skip
TRIES = st.lists(
    st.tuples(
        st.integers(0, 2 * 24 * 60 * 60_000),
        st.sampled_from(ENDINGS),
        st.sampled_from(Initiator),
        st.booleans(),
        st.sampled_from(["998482157630"] * 9 + ["998482157631"]),
    ),
    max_size=120,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(network=st.sampled_from(NETWORKS), tries=TRIES)
def test_the_database_lets_through_what_the_rules_do_and_nothing_else(
    file: Sqlite, network: Network, tries: list[tuple[int, Ending | None, Initiator, bool, str]]
) -> None:
    file.db.execute("DELETE FROM sale_attempts")
    at = NOW
    for number, (wait_ms, ending, initiator, standing, merchant_id) in enumerate(tries):
        at += timedelta(milliseconds=wait_ms)
        this = an_attempt(
            number, network=network, initiator=initiator, standing=standing, merchant_id=merchant_id, at=at
        )
        block: Block | None = blocked_by(this, past_attempts(file.read(why_blocked(this))))

        assert file.run(attempt(this)) is (block is None)

        if block is None and ending is not None:
            assert file.run((ended(this.operation_id, ending),))
