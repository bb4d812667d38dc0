"""Bank files are taken whole, once; what they say reaches its payment once, or waits for a person."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.payments.bank_facts import FactKind
from shared.payments.errors import InvalidState
from shared.payments.money import Money
from shared.payments.outcome import Declined, TransactionState, Unknown
from shared.payments.payment import Payment
from shared.payments.state_machine import Event, State
from shared.use_cases.bank_facts import WAITS_S
from shared.use_cases.bank_file_import import BEGIN_WITHIN_S, UNFIT_NAME, Counts
from tests.bank_file_writer import TRANSACTION_ID, a_chargeback, a_fact, a_return, bytes_of
from tests.builders import VISA, approved
from tests.use_cases.bank_desk import Desk, ProcessKilled, Tray, applying, desk
from tests.use_cases.workshop import build_workshop

OTHER_TRANSACTION = "b1f7c0de-0000-4000-8000-000000000002"
DAY_S = 24 * 3600


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Desk]:
    workshop, engine = build_workshop(tmp_path / "payments.sqlite3")
    yield desk(workshop, engine, Tray())
    await workshop.tasks.close(1.0)
    await engine.close()


def settled(reference: str = "SET-1", **changed: object) -> object:
    """Known by Chase's id of the sale alone."""
    return a_fact(reference, **{"order_number": None, **changed})


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def events_of(payment: Payment) -> list[Event]:
    return [entry.event for entry in payment.history]


class TestAFact:
    async def test_is_applied_to_the_payment_that_chase_names(self, bank: Desk) -> None:
        payment = await bank.captured()
        bank.put("a.csv", settled())

        counts = await bank.importer.run_once()

        stored = await bank.workshop.stored(payment)
        assert (stored.state, stored.settled_at) == (State.SETTLED, a_fact().occurred_at)
        assert counts == Counts(files_imported=1, applied=1)
        assert await bank.rows("SELECT payment_id, status FROM bank_facts") == [(payment.id, "applied")]
        assert (bank.tray.files, bank.tray.gone) == ({}, {"a.csv": None})

    async def test_is_applied_by_our_own_number_where_chases_id_was_lost(self, bank: Desk) -> None:
        payment = await bank.captured()
        bank.put("a.csv", a_fact(transaction_id=None, order_number=payment.id.removeprefix("pay_")))

        await bank.importer.run_once()

        assert (await bank.workshop.stored(payment)).state is State.SETTLED

    async def test_confirms_the_capture_that_it_proves(self, bank: Desk) -> None:
        payment = await bank.workshop.sold()
        bank.put("a.csv", settled())

        await bank.importer.run_once()

        assert events_of(await bank.workshop.stored(payment))[-2:] == [Event.CAPTURE_CONFIRMED, Event.SETTLED]

    async def test_is_applied_in_the_order_in_which_it_occurred(self, bank: Desk) -> None:
        payment = await bank.captured()
        later = a_chargeback("CBK-2", kind=FactKind.CHARGEBACK_REVERSAL, order_number=None)
        first = a_chargeback("CBK-9", order_number=None)
        bank.put("a.csv", replace(later, occurred_at=later.occurred_at.replace(year=2027)), first)

        await bank.importer.run_once()

        assert events_of(await bank.workshop.stored(payment))[-2:] == [Event.CHARGED_BACK, Event.CHARGEBACK_REVERSED]

    async def test_that_comes_in_two_files_is_applied_once(self, bank: Desk) -> None:
        payment = await bank.captured()
        ours = a_return("RET-1", order_number=None)
        bank.put("a.csv", ours)
        await bank.importer.run_once()
        bank.put("b.csv", ours, a_return("RET-2", 1_00, order_number=None))

        await bank.importer.run_once()

        stored = await bank.workshop.stored(payment)
        assert (stored.returned_minor, bank.applied) == (126_99, ["returns:RET-1", "returns:RET-2"])

    async def test_that_says_something_else_under_a_known_reference_is_set_aside_beside_it(self, bank: Desk) -> None:
        await bank.captured()
        bank.put("a.csv", settled())
        await bank.importer.run_once()
        bank.put("b.csv", settled(amount_minor=1_00))

        await bank.importer.run_once()

        rows = await bank.rows("SELECT reference, amount_minor, status FROM bank_facts ORDER BY status")
        assert rows == [("SET-1", 125_99, "applied"), ("SET-1", 1_00, "set_aside")]
        [told] = bank.told("bank_file.fact_set_aside")
        assert told["reason"] == "the bank said something else under this reference before"

    async def test_of_a_settlement_and_of_a_return_may_share_a_reference(self, bank: Desk) -> None:
        await bank.captured()
        bank.put("a.csv", settled("1"))
        bank.put("b.csv", a_return("1", order_number=None))

        assert (await bank.importer.run_once()).applied == 2

    async def test_does_not_hinder_a_late_answer_of_chase_that_contradicts(self, bank: Desk) -> None:
        payment = await bank.captured()
        bank.put("a.csv", settled())
        await bank.importer.run_once()

        await bank.workshop.recording.record(payment, payment.sale, Declined("DO_NOT_HONOR", "no"), actor="chase")

        assert events_of(await bank.workshop.stored(payment))[-1] is Event.ANSWER_CONTRADICTED


class TestAFactIsSetAside:
    @pytest.mark.parametrize(
        ("fact", "reason"),
        [
            (settled(transaction_id=OTHER_TRANSACTION), "no payment has this transactionId or merchantOrderNumber"),
            (settled(amount=Money(125_99, "CAD")), "the currency is not that of the payment"),
            (settled(amount_minor=125_98), "the amount is not that of the payment"),
            (settled(merchant_id="998482157631"), "merchantId is not that of the payment"),
            (a_return(amount_minor=126_00, order_number=None), "the amount is more than that of the payment"),
            (
                a_return(order_number="0" * 32),
                "transactionId and merchantOrderNumber name two payments",
            ),
            (
                a_chargeback(kind=FactKind.CHARGEBACK_REVERSAL, order_number=None),
                "chargeback_reversed is not possible in state captured",
            ),
        ],
    )
    async def test_with_its_reason_and_an_alarm_and_is_not_tried_again(
        self, bank: Desk, fact: object, reason: str
    ) -> None:
        payment = await bank.captured()
        bank.put("a.csv", fact)

        counts = [await bank.importer.run_once() for _ in range(3)]

        assert [(count.set_aside, count.applied) for count in counts] == [(1, 0), (0, 0), (0, 0)]
        assert [told["reason"] for told in bank.told("bank_file.fact_set_aside")] == [reason]
        assert await bank.rows("SELECT set_aside_reason FROM bank_facts") == [(reason,)]
        assert await bank.workshop.stored(payment) == payment

    async def test_where_the_payment_refuses_it_whatever_it_is_called(self, bank: Desk) -> None:
        await bank.captured()
        bank.put("a.csv", settled())
        bank.refusals.append(InvalidState("settled is not possible here"))

        counts = await bank.importer.run_once()

        assert counts.set_aside == 1
        assert bank.told("bank_file.fact_set_aside")[0]["reason"] == "settled is not possible here"

    async def test_for_a_payment_that_was_never_captured(self, bank: Desk) -> None:
        bank.workshop.chase.sales.append(Declined("DO_NOT_HONOR", "no", transaction_id=TRANSACTION_ID))
        payment = await bank.workshop.sold()
        bank.put("a.csv", a_fact(transaction_id=None, order_number=payment.id.removeprefix("pay_")))

        await bank.importer.run_once()

        [told] = bank.told("bank_file.fact_set_aside")
        assert told["reason"] == "the payment is declined: it was never captured"
        assert told["paymentId"] == payment.id

    async def test_where_chases_id_names_two_payments(self, bank: Desk) -> None:
        await bank.captured("attempt-1")
        await bank.captured("attempt-2")
        bank.put("a.csv", settled())

        await bank.importer.run_once()

        assert bank.told("bank_file.fact_set_aside")[0]["reason"] == "several payments have this transactionId"

    async def test_and_hinders_no_other(self, bank: Desk) -> None:
        await bank.captured()
        bank.put("a.csv", settled("SET-1", transaction_id=OTHER_TRANSACTION), settled("SET-2"))

        counts = await bank.importer.run_once()

        assert (counts.set_aside, counts.applied) == (1, 1)

    async def test_after_its_last_wait_while_the_sale_stays_unknown(self, bank: Desk) -> None:
        bank.workshop.chase.sales.append(Unknown("READ_TIMEOUT", "no", transaction_id=TRANSACTION_ID))
        await bank.workshop.sold()
        bank.put("a.csv", settled())

        counts = []
        for wait_s in (0, *WAITS_S):
            await bank.wait(wait_s)
            counts.append(await bank.importer.run_once())

        assert [count.waiting for count in counts] == [1] * (len(WAITS_S) - 1) + [0, 0]
        assert [told["reason"] for told in bank.told("bank_file.fact_set_aside")] == [
            "the payment is unknown: whether it was captured is not known"
        ]

    async def test_no_more_once_the_sale_is_known(self, bank: Desk) -> None:
        bank.workshop.chase.sales.append(Unknown("READ_TIMEOUT", "no", transaction_id=TRANSACTION_ID))
        payment = await bank.workshop.sold()
        bank.put("a.csv", settled())
        await bank.importer.run_once()
        found = approved(state=TransactionState.CLOSED)
        await bank.workshop.recording.record(
            stored := await bank.workshop.stored(payment), stored.sale, found, actor="inquiry"
        )

        await bank.wait(WAITS_S[0])
        await bank.importer.run_once()

        assert (await bank.workshop.stored(payment)).state is State.SETTLED


class TestAFile:
    async def test_that_comes_twice_is_put_away_without_a_second_look(self, bank: Desk) -> None:
        await bank.captured()
        bank.put("a.csv", settled())
        bank.put("b.csv", settled())

        counts = await bank.importer.run_once()

        assert (counts.files_imported, counts.applied, bank.applied) == (2, 1, ["settlement:SET-1"])
        assert [told["fileName"] for told in bank.told("bank_file.seen_before")] == ["b.csv"]
        assert await bank.rows("SELECT name, outcome, lines, total_minor FROM bank_files") == [
            ("a.csv", "imported", 1, 125_99)
        ]

    async def test_that_is_wrong_is_set_aside_whole_with_what_to_write(self, bank: Desk) -> None:
        payment = await bank.captured()
        bank.tray.files["a.csv"] = bytes_of([settled(), settled("SET-2")]).replace(b"end,2", b"end,3")
        bank.put("b.csv", settled("SET-3"))

        counts = await bank.importer.run_once()

        assert (counts.files_refused, counts.files_imported, counts.applied) == (1, 1, 1)
        reason = "line 5, count: the facts above give 2: is the file whole?"
        assert bank.tray.gone == {"a.csv": reason, "b.csv": None}
        assert bank.told("bank_file.refused")[0]["reason"] == reason
        assert list(await bank.statuses()) == ["SET-3"]
        assert (await bank.workshop.stored(payment)).state is State.SETTLED

    async def test_with_a_card_number_leaves_no_trace_of_it(self, bank: Desk, tmp_path: Path) -> None:
        bank.tray.files[f"{VISA}.csv"] = bytes_of([settled(VISA)])
        bank.tray.files["b.csv"] = bytes_of([settled(VISA)]) + b"\n"

        await bank.importer.run_once()
        await bank.importer.run_once()

        told = repr((bank.workshop.telemetry.alarms, bank.workshop.telemetry.events, list(bank.tray.gone.values())))
        assert VISA not in told
        assert UNFIT_NAME in told
        assert VISA.encode() not in everything_in(tmp_path)

    async def test_that_was_refused_for_its_name_is_taken_under_another(self, bank: Desk) -> None:
        await bank.captured()
        data = bytes_of([settled()])
        bank.tray.files["a file.csv"] = data
        await bank.importer.run_once()
        bank.tray.files["a-file.csv"] = data

        await bank.importer.run_once()
        bank.tray.files["again.csv"] = data
        await bank.importer.run_once()

        assert bank.applied == ["settlement:SET-1"]
        assert await bank.rows("SELECT name, outcome, reason FROM bank_files") == [("a-file.csv", "imported", None)]

    async def test_that_cannot_be_read_is_left_for_the_next_run(self, bank: Desk) -> None:
        await bank.captured()
        bank.put("a.csv", settled())
        bank.put("b.csv", settled("SET-2"))
        bank.tray.fails.append("read")

        first, second = await bank.importer.run_once(), await bank.importer.run_once()

        assert (first.files_left, first.files_imported, second.files_imported) == (1, 1, 1)
        assert bank.told("bank_file.not_imported") == [{"fileName": "a.csv", "error": "OSError"}]

    async def test_that_cannot_be_listed_does_not_keep_facts_waiting(self, bank: Desk) -> None:
        await bank.captured()
        bank.put("a.csv", settled("SET-1"), settled("SET-2"))
        await bank.importer.run_once(limit=1)
        bank.tray.fails.append("list")

        counts = await bank.importer.run_once()

        assert (counts.applied, bank.told("bank_file.not_listed")) == (1, [{"error": "OSError"}])

    async def test_is_not_begun_when_the_run_has_no_time_left(self, bank: Desk) -> None:
        await bank.captured()
        bank.put("a.csv", settled("SET-1"))
        boot_s = iter([0.0, 0.0, BEGIN_WITHIN_S + 1])
        bank.workshop.clock.boot_s = lambda: next(boot_s)  # type: ignore[method-assign]

        counts = await bank.importer.run_once()

        assert (counts.files_imported, counts.applied, await bank.statuses()) == (1, 0, {"SET-1": "pending"})


class TestACrash:
    async def test_between_the_payment_and_the_facts_row_applies_nothing_twice(self, bank: Desk) -> None:
        payment = await bank.captured()
        facts = [a_return(f"RET-{number}", 1_00, order_number=None) for number in range(3)]
        bank.put("a.csv", *facts)
        bank.ledger.dies.append("applied")
        with pytest.raises(ProcessKilled):
            await bank.importer.run_once()

        after = bank.another()
        await after.importer.run_once()
        await after.wait(WAITS_S[0])
        await after.importer.run_once()

        stored = await bank.workshop.stored(payment)
        assert (stored.returned_minor, set((await bank.statuses()).values())) == (3_00, {"applied"})
        assert bank.applied + after.applied == [fact.id for fact in facts]

    async def test_while_a_file_is_stored_loses_nothing_of_it(self, bank: Desk) -> None:
        await bank.captured()
        bank.put("a.csv", settled("SET-1"), settled("SET-2"))
        bank.ledger.dies.append("finish")
        with pytest.raises(ProcessKilled):
            await bank.importer.run_once()

        counts = await bank.another().importer.run_once()

        assert (counts.files_imported, counts.applied) == (1, 2)

    async def test_before_the_file_is_put_away_imports_it_no_second_time(self, bank: Desk) -> None:
        await bank.captured()
        bank.put("a.csv", settled())
        bank.tray.fails.append("done")
        await bank.importer.run_once()

        await bank.another().importer.run_once()

        assert (bank.applied, bank.tray.files) == (["settlement:SET-1"], {})

    async def test_of_the_database_is_waited_for(self, bank: Desk) -> None:
        payment = await bank.captured()
        bank.put("a.csv", a_return(order_number=None))
        bank.put("b.csv", settled())
        bank.ledger.is_ill.append("applied")
        bank.refusals += [RuntimeError("a fault of ours")]

        first = await bank.importer.run_once()
        await bank.wait(WAITS_S[0])
        second = await bank.importer.run_once()

        assert (first.waiting, second.applied, second.set_aside) == (2, 2, 0)
        assert bank.told("bank_file.fact_not_stored")[0]["error"] == "DatabaseUnavailable"
        assert bank.told("bank_file.fact_failed")[0]["error"] == "RuntimeError"
        assert (await bank.workshop.stored(payment)).returned_minor == 125_99


class TestTwoImporters:
    async def test_at_once_apply_each_fact_once(self, bank: Desk) -> None:
        payment = await bank.captured()
        bank.put("a.csv", *(a_return(f"RET-{number}", 1_00, order_number=None) for number in range(30)))
        other = bank.another()

        first, second = await asyncio.gather(bank.importer.run_once(), other.importer.run_once())

        stored = await bank.workshop.stored(payment)
        assert (stored.returned_minor, first.applied + second.applied) == (30_00, 30)
        assert events_of(stored).count(Event.RETURNED) == 30
        assert set((await bank.statuses()).values()) == {"applied"}

    async def test_of_which_one_was_frozen_while_the_other_applied_the_fact_apply_it_once(self, bank: Desk) -> None:
        payment, fact = await bank.captured(), a_return(order_number=None)
        bank.put("a.csv", fact)
        await bank.importer.run_once()

        await applying(bank.workshop)(payment, fact)  # with the payment as it was when it froze

        assert (await bank.workshop.stored(payment)).returned_minor == 125_99

    async def test_of_which_one_took_the_fact_leave_it_to_that_one(self, bank: Desk) -> None:
        await bank.captured()
        bank.put("a.csv", settled())
        await bank.importer.run_once(limit=0)
        [kept] = await bank.ledger.due(bank.workshop.clock.now(), 10)
        assert await bank.ledger.take(kept, bank.workshop.clock.after(WAITS_S[0]))

        assert not await bank.ledger.take(kept, bank.workshop.clock.after(WAITS_S[0]))
        assert (await bank.importer.run_once()).applied == 0


class TestComparison:
    async def test_reports_captured_payments_that_no_file_names_in_time_once_an_hour(self, bank: Desk) -> None:
        missing = await bank.captured("attempt-1", OTHER_TRANSACTION)
        await bank.captured("attempt-2")
        bank.put("a.csv", settled())
        early = await bank.importer.run_once()
        await bank.wait(5 * DAY_S + 1)

        late, again = await bank.importer.run_once(), await bank.importer.run_once()
        await bank.wait(3600)
        next_hour = await bank.importer.run_once()

        assert [count.unsettled for count in (early, late, again, next_hour)] == [0, 1, 0, 1]
        assert bank.told("bank_file.unsettled") == [{"count": 1, "oldest": [missing.id]}] * 2
