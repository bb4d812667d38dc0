"""An outcome is never discarded, whoever else writes at the same time."""

from dataclasses import replace
from typing import Any

import pytest

from shared.payments.errors import ChangedMeanwhile
from shared.payments.outcome import Declined, NotSent, TransactionState, Unknown
from shared.payments.payment import Payment
from shared.payments.state_machine import Event, State
from tests.builders import a_submitted_payment, approved
from tests.use_cases.workshop import FINGERPRINTS, IllPayments, Workshop

LOST = Unknown("READ_TIMEOUT", "no answer")


@pytest.fixture
async def submitted(workshop: Workshop) -> Payment:
    payment = a_submitted_payment()
    await workshop.payments.begin_sale(payment, FINGERPRINTS.of(b"body").fingerprint, None)
    return payment


async def test_two_who_heard_the_same_write_it_once(workshop: Workshop, submitted: Payment) -> None:
    first = await workshop.recording.record(submitted, submitted.sale, approved(), actor="chase")

    second = await workshop.recording.record(submitted, submitted.sale, approved(), actor="inquiry")

    assert second == await workshop.stored(first)
    assert [entry.event for entry in second.history] == [Event.SALE_SUBMITTED, Event.SALE_AUTHORIZED]


async def test_an_answer_that_comes_after_the_sweep_is_taken(workshop: Workshop, submitted: Payment) -> None:
    await workshop.recording.record(submitted, submitted.sale, LOST, actor="reconciliation")

    payment = await workshop.recording.record(submitted, submitted.sale, approved(), actor="chase")

    assert payment.state is State.AUTHORIZED
    assert [entry.event for entry in payment.history][1:] == [Event.SALE_LOST, Event.SALE_AUTHORIZED]


async def test_not_sent_after_the_sweep_leaves_the_sale_unknown(workshop: Workshop, submitted: Payment) -> None:
    await workshop.recording.record(submitted, submitted.sale, LOST, actor="reconciliation")

    payment = await workshop.recording.record(
        submitted, submitted.sale, NotSent("BREAKER_OPEN", "not tried"), actor="chase"
    )

    assert payment.state is State.UNKNOWN


async def test_two_answers_that_cannot_both_be_true_are_kept_and_alarmed(
    workshop: Workshop, submitted: Payment
) -> None:
    await workshop.recording.record(submitted, submitted.sale, Declined("DO_NOT_HONOR", "no"), actor="inquiry")

    payment = await workshop.recording.record(submitted, submitted.sale, approved(), actor="chase")

    assert (payment.state, payment.history[-1].event) == (State.DECLINED, Event.ANSWER_CONTRADICTED)
    assert workshop.alarms() == ["payment.answer_contradicted"]


async def test_another_amount_than_asked_for_is_unknown_and_alarmed_with_its_transaction(
    workshop: Workshop, submitted: Payment
) -> None:
    payment = await workshop.recording.record(submitted, submitted.sale, approved(999_99), actor="chase")

    assert payment.state is State.UNKNOWN
    [(name, told)] = workshop.telemetry.alarms
    assert (name, told["transactionId"]) == ("payment.amount_mismatch", approved().transaction.transaction_id)


async def test_a_partial_approval_is_unknown_and_alarmed(workshop: Workshop, submitted: Payment) -> None:
    payment = await workshop.recording.record(
        submitted, submitted.sale, approved(100, TransactionState.AUTHORIZED), actor="chase"
    )

    assert payment.state is State.UNKNOWN
    assert workshop.alarms() == ["payment.partial_approval"]


async def test_a_payment_that_keeps_changing_is_a_fault_of_ours(workshop: Workshop, submitted: Payment) -> None:
    class Restless(IllPayments):
        async def get(self, payment_id: str) -> Payment | None:
            found = await super().get(payment_id)
            return found and replace(found, version=found.version + 1)

    workshop.payments.__class__ = Restless
    stale: Any = replace(submitted, version=7)

    with pytest.raises(ChangedMeanwhile):
        await workshop.recording.record(stale, stale.sale, approved(), actor="chase")
