"""What goes over the bus: one id for one thing, bodies of ids alone, and nothing unreadable is guessed at."""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.payments.messages import Message, Queue, UnreadableMessage, read_message

DUE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = datetime(2026, 1, 3, tzinfo=UTC)
IDS = {
    Queue.CHASE_RETRY: {"paymentId": "pay_1", "operationId": "op_1"},
    Queue.LEDGER_POSTING: {"paymentId": "pay_1", "postingId": "post_1"},
    Queue.SHADOW_MIRROR: {"paymentId": "pay_1", "operationId": "op_1"},
}
KNOWN_IDS = [
    "5c1e1f94-c6d9-57da-b875-4d0226850ace",
    "89d936e7-a756-581d-ade3-44ffa3b6a5a6",
    "1ccb6d3c-1226-5856-9e6d-b5cd0536c34a",
]
ONE_ID = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def a_message(queue: Queue = Queue.CHASE_RETRY, **changed: Any) -> Message:
    return Message(**{"queue": queue, "ids": IDS[queue], "due_at": DUE, **changed})


def a_body(queue: Queue = Queue.CHASE_RETRY, **changed: Any) -> bytes:
    return json.dumps({"version": 1, **IDS[queue], "attempt": 1, **changed}).encode()


class TestAMessage:
    @pytest.mark.parametrize("queue", Queue)
    def test_holds_a_version_ids_and_its_attempt_and_nothing_that_ages(self, queue: Queue) -> None:
        assert json.loads(a_message(queue, attempt=3).body()) == {"version": 1, **IDS[queue], "attempt": 3}

    def test_names_its_payment(self) -> None:
        assert a_message().payment_id == "pay_1"

    def test_has_the_id_that_it_had_yesterday(self) -> None:
        """The broker's and the inbox's memory go by it: a release must not change it."""
        assert [a_message(queue).id for queue in Queue] == KNOWN_IDS

    def test_has_one_id_however_often_it_is_made_and_whenever_it_is_due(self) -> None:
        assert a_message().id == a_message(due_at=LATER).id

    def test_has_one_id_in_whatever_order_its_ids_are_named(self) -> None:
        turned = dict(reversed(IDS[Queue.CHASE_RETRY].items()))

        assert a_message(ids=turned).id == a_message().id

    def test_has_another_id_for_another_queue_thing_or_attempt(self) -> None:
        others = [
            a_message(),
            a_message(attempt=2),
            a_message(Queue.SHADOW_MIRROR),
            a_message(Queue.LEDGER_POSTING),
            a_message(ids={"paymentId": "pay_2", "operationId": "op_1"}),
            a_message(ids={"paymentId": "pay_1", "operationId": "op_2"}),
        ]

        assert len({message.id for message in others}) == len(others)
        assert {uuid.UUID(message.id).version for message in others} == {5}


class TestReading:
    @given(st.sampled_from(Queue), ONE_ID, ONE_ID, st.integers(1, 10_000))
    def test_gives_back_what_was_written(self, queue: Queue, first: str, second: str, attempt: int) -> None:
        ids = dict(zip(IDS[queue], (first, second), strict=True))
        written = Message(queue, ids, DUE, attempt)

        read = read_message(queue, written.body().encode(), due_at=DUE)

        assert (read, read.id) == (written, written.id)

    def test_takes_when_it_is_due_from_who_received_it(self) -> None:
        assert read_message(Queue.CHASE_RETRY, a_body(), due_at=LATER).due_at == LATER

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (b"", "is not JSON"),
            (b"{", "is not JSON"),
            (b"\xff\xfe\xfd", "is not JSON"),
            (b"[" * 100_000, "is not JSON"),
            (b'{"attempt": ' + b"9" * 5000 + b"}", "is not JSON"),
            (b"null", "is not an object of version 1"),
            (b"[1]", "is not an object of version 1"),
            (b"{}", "is not an object of version 1"),
            (a_body(version=2), "is not an object of version 1"),
            (a_body(version="1"), "is not an object of version 1"),
            (a_body(version=1.0), "is not an object of version 1"),
            (a_body(version=True), "is not an object of version 1"),
            (a_body(amountMinor=100), "does not have exactly version, attempt, paymentId, operationId"),
            (a_body(Queue.LEDGER_POSTING), "does not have exactly version, attempt, paymentId, operationId"),
            (b'{"version": 1, "attempt": 1}', "does not have exactly version, attempt, paymentId, operationId"),
            (a_body(paymentId=1), "paymentId is not an id"),
            (a_body(paymentId=""), "paymentId is not an id"),
            (a_body(paymentId="x" * 65), "paymentId is not an id"),
            (a_body(operationId="op 1"), "operationId is not an id"),
            (a_body(operationId="op_1\n"), "operationId is not an id"),
            (a_body(operationId="öp"), "operationId is not an id"),
            (a_body(operationId=None), "operationId is not an id"),
            (a_body(attempt=0), "attempt is not a number from 1"),
            (a_body(attempt="1"), "attempt is not a number from 1"),
            (a_body(attempt=1.5), "attempt is not a number from 1"),
            (a_body(attempt=True), "attempt is not a number from 1"),
        ],
    )
    def test_refuses_what_is_not_ours_and_says_why(self, body: bytes, said: str) -> None:
        with pytest.raises(UnreadableMessage) as refused:
            read_message(Queue.CHASE_RETRY, body, due_at=DUE)

        assert str(refused.value) == said

    def test_says_no_value_of_what_it_refuses(self) -> None:
        with pytest.raises(UnreadableMessage) as refused:
            read_message(Queue.CHASE_RETRY, a_body(paymentId="4112 3441 1234 4113"), due_at=DUE)

        assert "4112" not in str(refused.value)
        assert refused.value.__cause__ is None

    @given(st.sampled_from(Queue), st.binary())
    def test_of_any_bytes_gives_a_message_or_says_that_it_cannot(self, queue: Queue, body: bytes) -> None:
        assert is_read_or_refused(queue, body)

    @given(st.sampled_from(Queue), ANY_JSON)
    def test_of_any_json_gives_a_message_or_says_that_it_cannot(self, queue: Queue, body: Any) -> None:
        assert is_read_or_refused(queue, json.dumps(body).encode())

    @given(st.sampled_from(Queue), st.sampled_from(["version", "paymentId", "operationId", "attempt"]), ANY_JSON)
    def test_of_one_field_gone_wrong_gives_a_message_or_says_that_it_cannot(
        self, queue: Queue, field: str, value: Any
    ) -> None:
        assert is_read_or_refused(queue, a_body(queue, **{field: value}))


def is_read_or_refused(queue: Queue, body: bytes) -> bool:
    """True; whatever is read has the shape that its queue promises. Raises what only a bug raises."""
    try:
        read = read_message(queue, body, due_at=DUE)
    except UnreadableMessage:
        return True
    return read_message(queue, read.body().encode(), due_at=DUE) == read and read.ids.keys() == IDS[queue].keys()
