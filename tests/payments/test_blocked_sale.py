"""A sale that a rule of the payer's network does not let leave."""

from dataclasses import replace

import pytest

from shared.payments.errors import TransitionNotAllowed
from shared.payments.lifecycle import blocked_sale, unsent
from shared.payments.next_step import allowed_actions, next_step
from shared.payments.operations import OperationState
from shared.payments.outcome import NotSent, Retry
from shared.payments.payment import Payment
from shared.payments.sale_attempts import Block, blocked_record
from shared.payments.sale_outcome import with_sale_outcome
from shared.payments.state_machine import State
from tests.builders import NOW, a_submitted_payment, an_occasion

TOLD = blocked_record(Block("a rule", Retry.NEVER))


def ended(payment: Payment) -> Payment:
    return blocked_sale(payment, TOLD, actor="ctp", now=NOW)


def waiting(*, with_us: bool) -> Payment:
    """A sale that Chase was not reached with."""
    outcome = NotSent("NOT_CONNECTED", "no")
    after = with_sale_outcome(a_submitted_payment(), outcome, occasion=an_occasion(), actor="chase", queue=with_us)
    assert after is not None
    return after


def test_is_declined_with_one_fact_and_nothing_to_be_done() -> None:
    payment = ended(unsent(a_submitted_payment()))

    assert (payment.state, payment.version, payment.sale.state) == (State.DECLINED, 1, OperationState.DECLINED)
    assert payment.sale.outcome == TOLD
    [fact] = payment.history
    assert (fact.sequence, fact.event, fact.from_state, fact.to_state) == (1, "sale_blocked", "received", "declined")
    assert (next_step(payment), allowed_actions(payment, NOW)) == (None, [])


def test_is_the_payment_that_was_asked_for() -> None:
    intent = a_submitted_payment()

    payment = ended(unsent(intent))

    changed = {"state": intent.state, "version": intent.version, "operations": (), "history": ()}
    assert replace(payment, **changed) == replace(intent, **changed)
    assert replace(payment.sale, state=intent.sale.state, outcome=intent.sale.outcome) == intent.sale


@pytest.mark.parametrize("with_us", [True, False])
def test_may_have_waited_before(with_us: bool) -> None:
    before = waiting(with_us=with_us)

    payment = ended(before)

    assert (payment.state, payment.version, len(payment.history)) == (State.DECLINED, 3, 3)
    assert (payment.instrument_kept, payment.sale.send_at) == (False, None)


def test_is_none_that_may_have_left() -> None:
    with pytest.raises(TransitionNotAllowed):
        ended(replace(a_submitted_payment(), operations=waiting(with_us=False).operations))
