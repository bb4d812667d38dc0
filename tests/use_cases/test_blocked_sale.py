"""The networks' retry limits on the way of a sale: the database refuses it, and the refusal is stored for ever."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.payments.inquiry import OnNotFound
from shared.payments.lifecycle import unsent
from shared.payments.money import Money
from shared.payments.operations import OperationState
from shared.payments.outcome import Declined, NotSent, TransactionState, Unknown
from shared.payments.payment import Payment
from shared.payments.requests import AccountType, Ach, AchAuthorization, Initiator, Keepable
from shared.payments.sale_attempts import BLOCKED_CODE
from shared.payments.secret import Secret
from shared.payments.state_machine import State
from shared.payments.updates import Update, UpdateEvent
from shared.use_cases.network_rules import NetworkRules
from shared.use_cases.update_state import UpdateCall
from tests.builders import CITY_WATER, MASTERCARD, a_card, a_submitted_payment, approved
from tests.payments.attempts import an_attempt
from tests.use_cases.workshop import Workshop, a_call

NO = Declined("DO_NOT_HONOR", "no", transaction_id="t-1", network_code="05")
STOLEN = Declined("STOLEN_CARD", "no", transaction_id="t-1", network_code="43")
NOT_SENT, LOST = NotSent("NOT_CONNECTED", "no"), Unknown("READ_TIMEOUT", "no answer")
ACCOUNT = Ach("122000247", Secret("0888271156"), AccountType.CHECKING, AchAuthorization.WEB)


async def declined(workshop: Workshop, times: int, said: Declined = NO, **changed: object) -> None:
    """So many declines of one amount, each for a bill of its own."""
    workshop.chase.sales = [said] * times
    for number in range(times):
        payment = await workshop.sold(f"declined-{number}", **{"reference": f"INV-{number}", **changed})
        assert payment.state is State.DECLINED


async def returned(workshop: Workshop, code: str, payment: Payment) -> None:
    evidence = {"returnCode": code, "amountMinor": payment.amount.amount_minor}
    report = Update(UpdateEvent.RETURNED, "so says the bank", evidence, workshop.clock.now())
    await workshop.update_state.update(
        UpdateCall(payment_id=payment.id, billers=None, caller="ctp", update=report, version=None)
    )


def is_blocked(payment: Payment) -> bool:
    return payment.state is State.DECLINED and (payment.sale.outcome or {})["code"] == BLOCKED_CODE


class TestASaleThatARuleForbids:
    async def test_is_stored_as_declined_without_a_call_at_chase(self, workshop: Workshop) -> None:
        await declined(workshop, 20)

        payment = await workshop.sold()

        assert len(workshop.chase.sold) == 20
        assert is_blocked(payment)
        assert payment.sale.outcome == {
            "status": "declined",
            "code": BLOCKED_CODE,
            "message": "not sent: visa allows 20 declined tries of one instrument for the same amount at the same"
            " merchant in 30 days, by the payer; open again at 2026-12-23T18:00:00Z",
            "retry": "later",
            "processorCalled": False,
        }
        assert await workshop.stored(payment) == payment
        assert [name for name, _ in workshop.telemetry.events].count("sale.blocked") == 1

    async def test_is_the_same_under_its_key_for_ever(self, workshop: Workshop) -> None:
        await declined(workshop, 20)
        payment = await workshop.sold()
        await workshop.clock.advance(timedelta(days=31).total_seconds())

        again = await workshop.sale().take(a_call())

        assert (again.payment, again.replayed) == (payment, True)
        assert len(workshop.chase.sold) == 20

    async def test_is_stored_once_by_two_calls_of_one_key_at_once(self, workshop: Workshop) -> None:
        await declined(workshop, 20)

        answers = await asyncio.gather(*(workshop.sale().take(a_call()) for _ in range(5)))

        assert len({answer.payment.id for answer in answers}) == 1
        assert sorted(answer.replayed for answer in answers) == [False, True, True, True, True]
        assert await workshop.stored(answers[0].payment) == answers[0].payment

    async def test_may_go_under_a_new_key_once_the_window_has_moved_on(self, workshop: Workshop) -> None:
        await declined(workshop, 20)
        await workshop.clock.advance(timedelta(days=30).total_seconds())

        assert (await workshop.sold()).state is State.AUTHORIZED

    @pytest.mark.parametrize(
        "changed",
        [
            {"amount": Money(1, "USD")},
            {"biller_id": "county-tax"},
            {"initiator": Initiator.BILLER},
            {"method": a_card(MASTERCARD)},
        ],
        ids=["another amount", "another merchant", "the biller's own try", "another card"],
    )
    async def test_is_not_one_of_what_does_not_count_with_it(
        self, workshop: Workshop, changed: dict[str, object]
    ) -> None:
        await declined(workshop, 20)

        assert (await workshop.sold(**changed)).state is State.AUTHORIZED

    async def test_is_told_even_if_its_reason_is_gone_when_it_is_looked_for(self, workshop: Workshop) -> None:
        payment = await NetworkRules(workshop.outside).blocked(unsent(a_submitted_payment()), an_attempt(), actor="ctp")

        assert is_blocked(payment)
        assert (payment.sale.outcome or {})["retry"] == "later"


class TestALastWord:
    async def test_of_the_network_blocks_the_card_at_once_at_every_merchant(self, workshop: Workshop) -> None:
        await declined(workshop, 1, STOLEN)

        payment = await workshop.sold(biller_id="county-tax", amount=Money(1, "USD"))

        assert is_blocked(payment)
        assert (payment.sale.outcome or {})["retry"] == "never"

    async def test_of_a_bank_blocks_the_account(self, workshop: Workshop) -> None:
        await returned(workshop, "R02", await ach_sold(workshop))

        assert is_blocked(await workshop.sold(method=ACCOUNT))


class TestADebitReturnedForFunds:
    async def test_may_be_presented_twice_more(self, workshop: Workshop) -> None:
        for number in range(3):
            payment = await ach_sold(workshop, f"debit-{number}")
            assert not is_blocked(payment)
            await returned(workshop, "R01", payment)

        assert is_blocked(await workshop.sold(method=ACCOUNT))


async def ach_sold(workshop: Workshop, key: str = "debit") -> Payment:
    workshop.chase.sales = [approved(state=TransactionState.CLOSED)]
    payment = await workshop.sold(key, method=ACCOUNT)
    assert payment.state is State.CAPTURED
    return payment


class TestADeclineFoundOutLater:
    async def test_counts_as_one_that_was_told_at_once(self, workshop: Workshop) -> None:
        await declined(workshop, 19)
        workshop.chase.sales, workshop.chase.finds = [LOST], [NO]
        lost = await workshop.sold("lost", reference="INV-LOST")
        assert lost.state is State.UNKNOWN
        await workshop.inquiries.look(lost)

        assert is_blocked(await workshop.sold())


class TestASaleThatWaits:
    async def test_with_its_caller_is_judged_when_it_is_sent_again(self, workshop: Workshop) -> None:
        workshop.chase.sales = [NOT_SENT]
        assert (await workshop.sold()).state is State.RECEIVED
        await declined(workshop, 20)

        payment = await workshop.sold()

        assert is_blocked(payment)
        assert payment.sale.state is OperationState.DECLINED
        assert (await workshop.stored(payment), await workshop.sold()) == (payment, payment)
        assert len(workshop.chase.sold) == 21

    async def test_with_its_caller_goes_if_nothing_is_in_its_way(self, workshop: Workshop) -> None:
        workshop.chase.sales = [NOT_SENT]
        await workshop.sold()

        assert (await workshop.sold()).state is State.AUTHORIZED

    async def test_with_us_is_judged_when_it_is_sent_again(self, workshop: Workshop) -> None:
        waiting = await queued(workshop)
        await returned(workshop, "R02", await ach_sold(workshop))

        payment = await workshop.sending_again.send(waiting, waiting.sale)

        assert is_blocked(payment)
        assert await workshop.stored(payment) == payment
        assert await workshop.payments.sealed_instrument(payment.id) is None

    async def test_of_which_something_may_have_left_is_not_judged(self, workshop: Workshop) -> None:
        lost = await unknown_to_chase(workshop)
        await declined(workshop, 20)

        resent = await workshop.sale(on_not_found=OnNotFound.RESEND_SAME_REQUEST_ID).take(a_call())

        assert (resent.payment.id, resent.payment.state) == (lost.id, State.AUTHORIZED)

    async def test_with_us_goes_if_nothing_is_in_its_way(self, workshop: Workshop) -> None:
        waiting = await queued(workshop)

        assert (await workshop.sending_again.send(waiting, waiting.sale)).state is State.AUTHORIZED


async def unknown_to_chase(workshop: Workshop) -> Payment:
    """A sale whose answer was lost, and of which Chase knew nothing twice."""
    workshop.chase.sales = [LOST]
    lost = await workshop.sold()
    asked_enough = replace(lost.sale, empties=2)
    assert await workshop.payments.schedule(lost.sale, replace(lost.sale, inquiries=1))
    known = await workshop.stored(lost)
    assert await workshop.payments.schedule(known.sale, replace(asked_enough, inquiries=2))
    return await workshop.stored(lost)


async def queued(workshop: Workshop) -> Payment:
    """A debit that waits with us, because Chase was down."""
    keeping = replace(CITY_WATER, queued_when_down=frozenset({Keepable.ACH}))
    assert isinstance(workshop.outside.merchants, dict)
    workshop.outside.merchants[keeping.biller_id] = keeping
    workshop.chase.sales = [NOT_SENT]
    payment = await workshop.sold("waits", method=ACCOUNT, reference="INV-WAITS")
    assert payment.sale.send_at is not None
    return payment
