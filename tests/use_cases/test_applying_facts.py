"""A fact from a bank file, in its payment: a capture that it proves goes first; what cannot be is set aside."""

from shared.payments.bank_facts import Applied, SetAside
from shared.payments.state_machine import State
from shared.use_cases.applying_facts import ApplyingFacts
from tests.bank_file_writer import a_fact
from tests.use_cases.workshop import Workshop, a_void


def applying(workshop: Workshop) -> ApplyingFacts:
    return ApplyingFacts(workshop.outside, workshop.recording, workshop.update_state)


async def test_what_the_bank_settles_was_captured_whether_we_knew_or_not(workshop: Workshop) -> None:
    sold = await workshop.sold()

    assert isinstance(await applying(workshop).apply(sold, a_fact()), Applied)

    settled = await workshop.stored(sold)
    assert (sold.state, settled.state, settled.captured_minor) == (State.AUTHORIZED, State.SETTLED, 125_99)


async def test_a_captured_payment_is_settled(workshop: Workshop) -> None:
    captured = await workshop.captured()

    assert isinstance(await applying(workshop).apply(captured, a_fact()), Applied)
    assert (await workshop.stored(captured)).state is State.SETTLED


async def test_what_the_table_does_not_allow_is_set_aside_with_its_reason(workshop: Workshop) -> None:
    voided = (await workshop.void.void(a_void(await workshop.sold()))).payment

    answer = await applying(workshop).apply(voided, a_fact())

    assert isinstance(answer, SetAside)
    assert answer.reason
    assert (await workshop.stored(voided)).state is State.VOIDED
