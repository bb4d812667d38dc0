"""Tries at instruments: what the database lets leave, what it remembers of those declined, and what it forgets."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.database.migrations import migrate_sqlite
from shared.database.payments import SqlPayments
from shared.database.sale_attempts import (
    RETRY_LIMIT,
    attempted,
    lifted,
    past_declines,
    purge,
    remembered,
    why_blocked,
)
from shared.database.statements import First, payment_begun
from shared.database.unit_of_work import Engine, GuardFailed, Query, Row, Statement
from shared.payments.errors import RetryBlocked
from shared.payments.idempotency import Fingerprint
from shared.payments.money import Money
from shared.payments.networks import Network
from shared.payments.never_again import Blocks, Said
from shared.payments.payment import Payment
from shared.payments.requests import Initiator
from shared.payments.retry_limits import KEPT_FOR
from shared.payments.sale_attempts import Attempt, Block, Decline, PastDecline, blocked_by
from tests.builders import CHAIN, NOW, a_submitted_payment
from tests.database.conftest import MIGRATIONS
from tests.payments.attempts import a_decline, an_attempt, past_of

HOUR, DAY, MS = timedelta(hours=1), timedelta(days=1), timedelta(milliseconds=1)
COUNT = Query("SELECT COUNT(*) FROM sale_attempts")
R01 = a_decline(code="R01")
PRINT = Fingerprint("k1", "f" * 64)


@pytest.fixture
def engine(real_schema: tuple[Engine, First]) -> Engine:
    return real_schema[0]


def payment_of(this: Attempt) -> Payment:
    """The payment that `this` is a try of."""
    number = int(this.payment_id.removeprefix("pay_"), 16)
    made = a_submitted_payment(number=number, reference=this.reference, amount=this.amount)
    return replace(made, biller_id=this.biller_id, merchant_id=this.merchant_id, mode="shadow")


def begun(this: Attempt) -> list[Statement]:
    """Commit 1, but for its key; bills are left open on purpose (`mode`), for they are not what this is about."""
    return [*payment_begun(payment_of(this), CHAIN), attempted(this)]


def declined(this: Attempt, decline: Decline | None = None) -> list[Statement]:
    decline = decline or a_decline()
    return remembered(payment_of(this), replace(decline, network=this.network, at=this.at))


async def tried(engine: Engine, this: Attempt, decline: Decline | None = None) -> None:
    await engine.run([*begun(this), *declined(this, decline)])


async def filled(engine: Engine, times: int, decline: Decline | None = None, first: int = 100, **changed: Any) -> None:
    """So many declines, the last of them an hour ago."""
    for number in range(times):
        at = changed.get("at", NOW - HOUR - (times - number) * MS)
        await tried(engine, an_attempt(first + number, **{**changed, "at": at}), decline)


async def passes(engine: Engine, this: Attempt) -> bool:
    """Whether it is let through."""
    try:
        await engine.run(begun(this))
    except GuardFailed:
        return False
    return True


async def past(engine: Engine, this: Attempt) -> list[PastDecline]:
    [rows] = await engine.read([why_blocked(this)])
    return list(past_declines(rows))


async def count(engine: Engine) -> int:
    [[(number,)]] = await engine.read([COUNT])
    return int(number)


class TestATry:
    async def test_leaves_no_row_before_it_is_declined(self, engine: Engine) -> None:
        assert await passes(engine, an_attempt())

        assert await count(engine) == 0

    async def test_that_was_declined_is_remembered_by_what_was_noted_when_it_left(self, engine: Engine) -> None:
        this = an_attempt(initiator=Initiator.BILLER)
        said = Decline(Network.VISA, Said("CLOSED_ACCOUNT", "46", "03"), True, Blocks.INSTRUMENT, NOW)

        await tried(engine, this, said)

        assert await past(engine, an_attempt(2)) == [past_of(this, said)]
        asked = "SELECT operation_id, fingerprint, key_name, network, code, network_code, advice FROM sale_attempts"
        [[row]] = await engine.read([Query(asked)])
        print_and_key = ("a" * 64, "k1")
        assert tuple(row) == (payment_of(this).sale.id, *print_and_key, "visa", "CLOSED_ACCOUNT", "46", "03")

    async def test_that_is_not_let_through_leaves_nothing_of_its_unit(self, engine: Engine) -> None:
        await filled(engine, 20)

        with pytest.raises(GuardFailed, match=RETRY_LIMIT):
            await engine.run(begun(an_attempt()))

        [[(payments,)]] = await engine.read([Query("SELECT COUNT(*) FROM payments")])
        assert payments == 20

    async def test_with_what_cannot_be_known_again_is_not_remembered(self, engine: Engine) -> None:
        wallet = an_attempt()

        await engine.run([*payment_begun(payment_of(wallet), CHAIN), *declined(wallet)])

        assert await count(engine) == 0

    async def test_counts_once_however_often_its_bank_returns_it(self, engine: Engine) -> None:
        this = an_attempt(network=Network.ACH)
        await tried(engine, this, R01)

        await engine.run(declined(this, a_decline(Blocks.INSTRUMENT, code="R02", counted=False)))

        [last] = await past(engine, an_attempt(2, network=Network.ACH))
        assert (last.code, last.counted, last.blocks) == ("R02", False, Blocks.INSTRUMENT)

    async def test_through_the_repository_is_refused_by_the_name_of_the_rule(self, real_schema: Any) -> None:
        engine, first = real_schema
        payments = SqlPayments(engine, first=first, chain=CHAIN)
        await filled(engine, 20)
        this = an_attempt(number=1)

        with pytest.raises(RetryBlocked):
            await payments.begin_sale(payment_of(this), PRINT, None, this)

        assert await payments.by_key("ctp", "attempt-1", None) is None
        assert len(await payments.past_declines(this)) == 20


class TestALimit:
    @pytest.mark.parametrize(
        ("network", "maximum"),
        [(Network.VISA, 20), (Network.MASTERCARD, 10), (Network.UNIDENTIFIED, 10), (Network.ACH, 3)],
    )
    async def test_lets_so_many_be_declined_and_no_more(self, engine: Engine, network: Network, maximum: int) -> None:
        await filled(engine, maximum - 1, network=network)
        last = an_attempt(1, network=network)
        assert await passes(engine, last)
        await engine.run(declined(last))

        assert not await passes(engine, an_attempt(2, network=network))
        assert await passes(engine, an_attempt(3, network=network, print="b" * 64))

    async def test_opens_at_the_very_millisecond(self, engine: Engine) -> None:
        await filled(engine, 20, at=NOW - 30 * DAY)

        assert not await passes(engine, an_attempt(1, at=NOW - MS))
        assert await passes(engine, an_attempt(2, at=NOW))

    async def test_does_not_count_what_has_no_answer_yet(self, engine: Engine) -> None:
        for number in range(100, 140):
            assert await passes(engine, an_attempt(number))

        assert await passes(engine, an_attempt())

    async def test_does_not_count_what_only_blocks_something_else(self, engine: Engine) -> None:
        await filled(engine, 40, a_decline(Blocks.AUTHORIZATION, counted=False))

        assert await passes(engine, an_attempt())

    async def test_of_visa_counts_payers_and_billers_apart(self, engine: Engine) -> None:
        await filled(engine, 20, initiator=Initiator.BILLER)

        assert not await passes(engine, an_attempt(1, initiator=Initiator.BILLER))
        assert await passes(engine, an_attempt(2, initiator=Initiator.PAYER))

    @pytest.mark.parametrize(
        "changed", [{"amount": Money(1, "USD")}, {"amount": Money(12599, "CAD")}, {"merchant_id": "998482157631"}]
    )
    async def test_of_visa_counts_no_other_amount_or_merchant(self, engine: Engine, changed: dict[str, Any]) -> None:
        await filled(engine, 20)

        assert not await passes(engine, an_attempt(1))
        assert await passes(engine, an_attempt(2, **changed))

    @pytest.mark.parametrize("changed", [{"amount": Money(1, "USD")}, {"amount": Money(12599, "CAD")}])
    async def test_of_a_bill_counts_no_other_amount(self, engine: Engine, changed: dict[str, Any]) -> None:
        await filled(engine, 3, R01, network=Network.ACH)

        assert not await passes(engine, an_attempt(1, network=Network.ACH))
        assert await passes(engine, an_attempt(2, network=Network.ACH, **changed))

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
        await tried(engine, an_attempt(9, at=NOW - 3000 * DAY), a_decline(blocks, counted=False))

        assert await passes(engine, an_attempt(**changed)) is let_through

    async def test_says_why(self, engine: Engine) -> None:
        r07 = a_decline(Blocks.AUTHORIZATION, code="R07", counted=False)
        await tried(engine, an_attempt(9, network=Network.ACH), r07)
        this = an_attempt(network=Network.ACH, standing=True)

        block = blocked_by(this, await past(engine, this))

        assert block is not None
        assert block.why == "a debit was returned with R07: the payer must authorize the next one anew"

    async def test_can_be_taken_back_by_a_person(self, engine: Engine) -> None:
        await tried(engine, an_attempt(9), a_decline(Blocks.INSTRUMENT))
        assert not await passes(engine, an_attempt())

        await engine.run([lifted(payment_of(an_attempt(9)).sale.id)])

        assert await passes(engine, an_attempt(2))

    async def test_that_was_never_said_cannot(self, engine: Engine) -> None:
        await tried(engine, an_attempt(9), a_decline())

        with pytest.raises(GuardFailed, match="lifted"):
            await engine.run([lifted(payment_of(an_attempt(9)).sale.id)])


class TestThePurge:
    async def test_forgets_what_no_limit_asks_about_any_more(self, engine: Engine) -> None:
        await tried(engine, an_attempt(1, at=NOW - KEPT_FOR - MS, print="b" * 64), a_decline())
        kept = an_attempt(2, at=NOW - KEPT_FOR)
        await tried(engine, kept, a_decline())

        await engine.run(purge(NOW, ["k1"]))

        [[(operation_id,)]] = await engine.read([Query("SELECT operation_id FROM sale_attempts")])
        assert operation_id == payment_of(kept).sale.id

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
    [attempted(an_attempt(network=Network.UNIDENTIFIED)), why_blocked(an_attempt()), *purge(NOW, ["k1"]),
     *declined(an_attempt()), lifted("op_1")],
)  # fmt: skip
def test_every_statement_finds_its_rows_by_an_index(file: "Sqlite", asked: Statement | Query) -> None:
    steps = [row[3] for row in file.db.execute(f"EXPLAIN QUERY PLAN {asked.sql}", asked.parameters)]

    assert [step for step in steps if step.startswith("SCAN") and "CONSTANT" not in step] == []
    assert any(step.startswith(("SEARCH sale_attempt", "SEARCH payments")) for step in steps)


NETWORKS = (Network.VISA, Network.MASTERCARD, Network.UNIDENTIFIED, Network.ACH, Network.AMEX)
DECLINES = (
    *[a_decline()] * 12, None, a_decline(Blocks.AUTHORIZATION, counted=False), a_decline(Blocks.MERCHANT),
)  # fmt: skip
TRIES = st.lists(
    st.tuples(
        st.integers(0, 2 * 24 * 60 * 60_000),
        st.sampled_from(DECLINES),
        st.sampled_from(Initiator),
        st.booleans(),
        st.sampled_from(["998482157630"] * 9 + ["998482157631"]),
    ),
    max_size=120,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(network=st.sampled_from(NETWORKS), tries=TRIES)
def test_the_database_lets_through_what_the_rules_do_and_nothing_else(
    file: Sqlite, network: Network, tries: list[tuple[int, Decline | None, Initiator, bool, str]]
) -> None:
    file.db.executescript("DELETE FROM sale_attempts; DELETE FROM payments;")
    at = NOW
    for number, (wait_ms, decline, initiator, standing, merchant_id) in enumerate(tries):
        at += timedelta(milliseconds=wait_ms)
        this = an_attempt(
            number, network=network, initiator=initiator, standing=standing, merchant_id=merchant_id, at=at
        )
        block: Block | None = blocked_by(this, past_declines(file.read(why_blocked(this))))

        # Without operation and history, which nothing here asks about.
        assert file.run((payment_begun(payment_of(this), CHAIN)[0], attempted(this))) is (block is None)

        if block is None and decline is not None:
            assert file.run(tuple(declined(this, decline)))
