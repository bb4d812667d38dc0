"""What a step puts on the bus, in its own commit."""

from dataclasses import replace
from datetime import timedelta

from shared.payments.follow_ups import with_follow_up_outcome
from shared.payments.lifecycle import reclaimed
from shared.payments.messages import Queue
from shared.payments.operations import OperationKind
from shared.payments.outcome import NotSent, Unknown
from shared.payments.outgoing import messages_of
from shared.payments.payment import Payment
from shared.payments.posting import postings_of
from tests.builders import NOW, a_captured_payment, a_submitted_payment, an_occasion, approved, claimed, sold

NOT_SENT = NotSent("NOT_CONNECTED", "refused")


def not_sent(payment: Payment) -> Payment:
    found = with_follow_up_outcome(payment, payment.operations[-1], NOT_SENT, occasion=an_occasion(), actor="chase")
    assert found is not None
    return found


CLAIMED = claimed(a_captured_payment(), OperationKind.REFUND, 100)


def test_an_operation_that_begins_to_wait_is_named_in_a_message_for_its_time() -> None:
    waiting = not_sent(CLAIMED)

    [message] = messages_of(CLAIMED, waiting, ())

    assert message.queue is Queue.CHASE_RETRY
    assert message.ids == {"paymentId": waiting.id, "operationId": waiting.operations[-1].id}
    assert (message.due_at, message.attempt) == (NOW + timedelta(seconds=10), 1)


def test_an_undo_is_named_in_the_step_that_begins_it() -> None:
    submitted = a_submitted_payment()
    partly = sold(submitted, approved(100))

    [message] = messages_of(submitted, partly, ())

    assert message.ids["operationId"] == partly.operations[-1].id
    assert message.due_at == NOW


def test_each_wait_has_a_message_of_its_own() -> None:
    first = not_sent(CLAIMED)
    again = reclaimed(first, first.operations[-1], actor="chase_retry", now=NOW)
    second = not_sent(again)

    [one] = messages_of(CLAIMED, first, ())
    [other] = messages_of(again, second, ())

    assert (one.attempt, other.attempt) == (1, 2)
    assert one.id != other.id


def test_an_unknown_operation_that_is_to_be_sent_again_waits_too() -> None:
    submitted = a_submitted_payment()
    unknown = sold(submitted, Unknown("READ_TIMEOUT", "no answer"))
    again = replace(unknown, operations=(replace(unknown.sale, send_at=NOW),))

    assert messages_of(submitted, unknown, ()) == ()
    assert len(messages_of(unknown, again, ())) == 1


def test_what_waited_before_is_not_told_twice() -> None:
    waiting = not_sent(CLAIMED)

    assert messages_of(waiting, replace(waiting, version=waiting.version + 1), ()) == ()
    assert len(messages_of(None, waiting, ())) == 1


def test_what_waits_for_its_caller_is_not_ours_to_send() -> None:
    submitted = a_submitted_payment()

    assert messages_of(submitted, sold(submitted, NOT_SENT), ()) == ()


def test_the_ledger_is_told_each_posting_at_its_time() -> None:
    submitted = a_submitted_payment()
    captured = a_captured_payment()
    postings = postings_of(submitted, captured)

    [message] = messages_of(submitted, captured, postings)

    assert message.queue is Queue.LEDGER_POSTING
    assert message.ids == {"paymentId": captured.id, "postingId": postings[0].id}
    assert message.due_at == postings[0].at
