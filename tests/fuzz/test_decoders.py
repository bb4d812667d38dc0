"""Whatever comes from the bus or from Chase: a message or UnreadableMessage; an outcome, and never an exception."""

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chase.classification import (
    Expected,
    capture_outcome,
    found,
    refund_outcome,
    sale_outcome,
    verification_outcome_of,
    void_outcome,
)
from shared.chase.judgement import Asked
from shared.chase.oauth import Grant, read_grant
from shared.chase.sending import Reply
from shared.chase.verification import Verification
from shared.chase.wire.answers import health_word, read_answer, read_object
from shared.payments.messages import Message, Queue, UnreadableMessage, read_message
from shared.payments.money import Money
from shared.payments.outcome import Approved, NothingFound, NotSent, Outcome, Unknown
from tests.builders import NOW, VISA
from tests.chase.peer import a_decline, a_payment, an_error
from tests.fuzz.counting import TRIED, fuzz
from tests.fuzz.inputs import JSON, bodies

IDS = {
    Queue.CHASE_RETRY: {"paymentId": "pay_1", "operationId": "op_1"},
    Queue.LEDGER_POSTING: {"paymentId": "pay_1", "postingId": "post-1"},
    Queue.SHADOW_MIRROR: {"paymentId": "pay_1", "operationId": "op_1"},
}
STATUSES = st.sampled_from([200, 201, 400, 401, 403, 404, 409, 412, 429, 500, 502, 503, 504]) | st.integers(100, 599)
WORDS = st.sampled_from(
    ["SUCCESS", "DENIED", "PENDING", "ERROR", "AUTHORIZED", "CLOSED", "VOIDED", "DECLINED", "", "x"]
)
AN_ANSWER = a_payment(requestId="r-1")


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """Chase's answers, with words that may contradict each other, and with anything wrong in them."""
    answer = dict(draw(st.sampled_from([AN_ANSWER, a_decline(), an_error()])))
    answer |= draw(st.fixed_dictionaries({}, optional={"responseStatus": WORDS, "transactionState": WORDS}))
    answer |= draw(st.fixed_dictionaries({}, optional={"amount": JSON, "responseCode": JSON, "responseMessage": JSON}))
    return Reply(draw(STATUSES), draw(st.just(json.dumps(answer).encode()) | bodies(answer)))


@pytest.mark.parametrize("queue", Queue)
@fuzz()
@given(data=st.data())
def test_a_message_is_read_or_unreadable(queue: Queue, data: st.DataObject) -> None:
    TRIED[f"decoders: messages of {queue}"] += 1
    body = data.draw(bodies({"version": 1, **IDS[queue], "attempt": 1}))
    try:
        message = read_message(queue, body, due_at=NOW)
    except UnreadableMessage as refusal:
        tells_no_value(refusal)
    else:
        assert isinstance(message, Message)
        # What was read is written as it was read: nothing is made up.
        assert json.loads(message.body()) == json.loads(body)


@fuzz()
@given(reply=replies())
def test_any_answer_of_chase_is_an_outcome(reply: Reply) -> None:
    TRIED["decoders: answers of Chase"] += 1
    expected = Expected(request_ids=frozenset({"r-1"}))
    outcomes = [
        sale_outcome(reply, request_id="r-1"),
        void_outcome(reply, transaction_id="t-1", amount=Money(125_99, "USD")),
        capture_outcome(reply, request_id="r-1"),
        refund_outcome(reply, reference="t-1"),
    ]

    assert all(isinstance(outcome, get_args(Outcome)) for outcome in outcomes)
    assert isinstance(verification_outcome_of(reply), get_args(Verification))
    for asked in (Asked.PAYMENT, Asked.REFUND):
        assert isinstance(found(reply, asked, expected=expected), (*get_args(Outcome), NothingFound))
    # No 2xx, no charge is believed; nothing but a refusal of Chase's own says that nothing happened.
    assert reply.status == 200 or not any(isinstance(outcome, Approved) for outcome in outcomes)
    assert reply.status < 500 or all(isinstance(outcome, Unknown) for outcome in outcomes)


@fuzz()
@given(body=bodies(AN_ANSWER))
def test_any_object_of_chase_is_read(body: bytes) -> None:
    TRIED["decoders: objects of Chase"] += 1
    if (answer := read_object(body)) is not None:
        assert read_answer(answer)
        assert isinstance(health_word(answer), str)


@fuzz()
@given(status=STATUSES, body=bodies({"access_token": "t" * 20, "token_type": "Bearer", "expires_in": 3599}))
def test_any_answer_of_the_token_endpoint_is_a_grant_or_says_why_not(status: int, body: bytes) -> None:
    TRIED["decoders: answers of the token endpoint"] += 1
    grant = read_grant(Reply(status, body))

    assert isinstance(grant, Grant | NotSent | Unknown)
    assert status == 200 or not isinstance(grant, Grant)


def tells_no_value(refusal: UnreadableMessage) -> None:
    assert VISA not in str(refusal)
