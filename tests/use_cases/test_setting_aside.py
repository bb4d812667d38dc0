"""What cannot succeed is set aside with its reason, and alarmed; what may succeed later is delivered again."""

import json

import pytest

from shared.payments.messages import Message, Queue
from shared.use_cases.setting_aside import CannotSucceed
from tests.builders import NOW, VISA
from tests.use_cases.workshop import Workshop

IDS = {"paymentId": "pay_1", "operationId": "op_1"}
BODY = Message(Queue.CHASE_RETRY, IDS, NOW).body().encode()


async def consumed(workshop: Workshop, body: bytes, message_id: str = "m-1") -> list[Message]:
    taken: list[Message] = []

    async def consume(message: Message) -> None:
        taken.append(message)

    await workshop.setting_aside.consume(Queue.CHASE_RETRY, message_id, body, consume)
    return taken


async def test_what_can_be_read_is_consumed(workshop: Workshop) -> None:
    [message] = await consumed(workshop, BODY)

    assert (message.ids, message.attempt) == (IDS, 1)
    assert await workshop.set_aside() == []
    assert workshop.alarms() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b"[]",
        json.dumps({"version": 2, **IDS, "attempt": 1}).encode(),
        json.dumps({"version": 1, "paymentId": "pay_1"}).encode(),
    ],
    ids=["empty", "no JSON", "no text", "no object", "unknown version", "a field is missing"],
)
async def test_what_cannot_be_read_is_set_aside_and_never_consumed(workshop: Workshop, body: bytes) -> None:
    assert await consumed(workshop, body) == []

    [(queue, message_id, shown, reason)] = await workshop.set_aside()
    assert (queue, message_id) == ("chase-retry", "m-1")
    assert reason
    assert "\x00" not in shown
    [(name, told)] = workshop.telemetry.alarms
    assert (name, told["messageId"], told["reason"]) == ("message.set_aside", "m-1", reason)


async def test_what_names_nothing_of_ours_is_set_aside_with_its_reason(workshop: Workshop) -> None:
    await workshop.setting_aside.consume(Queue.CHASE_RETRY, "m-1", BODY, workshop.chase_retry.consume)

    [(_, _, shown, reason)] = await workshop.set_aside()
    assert (shown, reason) == (BODY.decode(), "no such payment")


async def test_the_same_message_again_is_kept_once(workshop: Workshop) -> None:
    for _ in range(3):
        await consumed(workshop, b"not json")

    assert len(await workshop.set_aside()) == 1


@pytest.mark.parametrize("before", [0, 988], ids=["a short body", "a number that is cut by our own limit"])
async def test_a_body_that_may_hold_a_card_number_is_not_kept(workshop: Workshop, before: int) -> None:
    await consumed(workshop, b"x" * before + json.dumps({"card": VISA}).encode())

    [(_, _, shown, reason)] = await workshop.set_aside()
    assert VISA[:8] not in shown + reason
    assert "hidden" in shown
    assert VISA not in str(workshop.telemetry.alarms)


async def test_of_a_long_body_the_beginning_is_kept(workshop: Workshop) -> None:
    await consumed(workshop, b"x" * 5000)

    [(_, _, shown, _)] = await workshop.set_aside()
    assert shown == "x" * 1000


async def test_what_may_succeed_later_is_left_to_the_broker(workshop: Workshop) -> None:
    async def fails(_: Message) -> None:
        raise OSError("the database is away")

    with pytest.raises(OSError, match="away"):
        await workshop.setting_aside.consume(Queue.CHASE_RETRY, "m-1", BODY, fails)

    assert await workshop.set_aside() == []


async def test_its_consumers_reason_is_what_is_told(workshop: Workshop) -> None:
    async def refuses(_: Message) -> None:
        raise CannotSucceed("its instrument is not kept")

    await workshop.setting_aside.consume(Queue.CHASE_RETRY, "m-1", BODY, refuses)

    [(_, _, _, reason)] = await workshop.set_aside()
    assert reason == "its instrument is not kept"
