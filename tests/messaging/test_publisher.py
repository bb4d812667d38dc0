"""A broker that does not answer holds nobody up, and a line that breaks loses nothing."""

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shared.messaging.login import Login
from shared.messaging.publisher import ServiceBusPublisher
from shared.payments.messages import NotPublished, Queue
from shared.payments.secret import Secret
from shared.use_cases.ports import Publisher
from tests.broker import PATIENT_S, Broker, a_message
from tests.lines import Lines, close_what_clients_left
from tests.messaging.conftest import Line

ROOT = Path(__file__).parents[2]
KEY = "a-key-that-nobody-may-see"
SHORTLY_S = 0.2
# A loaded machine is late; what a test proves is that the wait ends.
LATE_S = 5.0
# Long enough for a handshake on a busy machine, short enough to wait for in vain.
CONNECTS_WITHIN_S = 4.0


def login_at(port: int) -> Login:
    shown = f"Endpoint=sb://127.0.0.1:{port};SharedAccessKeyName=app;SharedAccessKey={KEY};UseDevelopmentEmulator=true;"
    return Login(connection_string=Secret(shown))


@dataclass
class MuteBroker:
    """Takes every connection and says nothing."""

    port: int = 0
    met: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def mute_broker() -> AsyncIterator[MuteBroker]:
    broker = MuteBroker()

    async def says_nothing(*_: object) -> None:
        broker.met.set()
        await asyncio.Event().wait()

    lines = Lines(says_nothing)
    broker.port = await lines.listen()
    try:
        yield broker
    finally:
        await lines.close()
        close_what_clients_left(broker.port)


async def refused(publisher: Publisher) -> str:
    with pytest.raises(NotPublished) as said:
        await publisher.publish([a_message()])
    return str(said.value)


def test_no_client_is_imported_before_something_is_published() -> None:
    code = (
        "import sys; from shared.messaging.login import Login; from shared.messaging.publisher import *;"
        "ServiceBusPublisher(Login(namespace='payments.servicebus.windows.net'));"
        "print([name for name in ('azure.servicebus', 'azure.identity') if name in sys.modules])"
    )

    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"


async def test_nothing_to_publish_needs_no_broker() -> None:
    await ServiceBusPublisher(login_at(1)).publish([])


# Told to stop while the broker is silent, the client forgets its socket, and Python says so.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
class TestABrokerThatIsAway:
    async def test_is_told_at_once(self) -> None:
        async with mute_broker() as mute:
            pass

        assert (
            await refused(ServiceBusPublisher(login_at(mute.port)))
            == "1 not taken by the broker: ServiceBusConnectionError"
        )

    async def test_that_says_nothing_is_waited_for_as_long_as_the_setting_says(self) -> None:
        async with mute_broker() as mute:
            publisher = ServiceBusPublisher(login_at(mute.port), timeout_s=SHORTLY_S)
            begun_s = time.monotonic()

            said = await refused(publisher)

            took_s = time.monotonic() - begun_s
            await publisher.close()
        assert said == "1 not taken by the broker: TimeoutError"
        assert SHORTLY_S <= took_s < LATE_S

    async def test_that_says_nothing_holds_up_a_crowd_no_longer_than_one(self) -> None:
        async with mute_broker() as mute:
            publisher = ServiceBusPublisher(login_at(mute.port), timeout_s=SHORTLY_S)

            async with asyncio.timeout(LATE_S):
                said = await asyncio.gather(*(refused(publisher) for _ in range(50)))

            await publisher.close()
        assert "1 not taken by the broker: TimeoutError" in said
        # Who waited behind the first meets a connection that was given up.
        assert set(said) <= {"1 not taken by the broker: TimeoutError", "1 not taken by the broker: ConnectionError"}

    async def test_is_told_without_a_secret(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG):
            async with mute_broker() as mute:
                publisher = ServiceBusPublisher(login_at(mute.port), timeout_s=SHORTLY_S)
                said = await refused(publisher)
                await publisher.close()
            refusing = ServiceBusPublisher(login_at(mute.port))
            said += await refused(refusing)
            await refusing.close()

        assert KEY not in said
        assert KEY not in caplog.text
        assert KEY not in repr(login_at(mute.port))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
class TestALineThatBreaks:
    async def test_between_two_messages_is_noticed_by_nobody(self, line: Line, broker: Broker) -> None:
        publisher = ServiceBusPublisher(line.login, timeout_s=PATIENT_S)
        messages = [a_message(), a_message()]
        await publisher.publish(messages[:1])

        await line.relay.cut()
        await publisher.publish(messages[1:])

        assert len(await broker.receive(Queue.CHASE_RETRY, messages)) == 2
        assert line.relay.connections == 2
        await publisher.close()

    async def test_and_comes_back_carries_the_next_message(self, line: Line, broker: Broker) -> None:
        publisher = ServiceBusPublisher(line.login, timeout_s=PATIENT_S)
        message = a_message()
        await publisher.publish([a_message()])
        await line.relay.down()

        away = await refused(publisher)
        await line.relay.up()
        await publisher.publish([message])

        assert away == "1 not taken by the broker: ServiceBusConnectionError"
        assert len(await broker.receive(Queue.CHASE_RETRY, [message])) == 1
        await publisher.close()

    async def test_that_falls_silent_is_given_up_in_time_and_the_next_message_has_a_new_one(
        self, line: Line, broker: Broker
    ) -> None:
        publisher = ServiceBusPublisher(line.login, timeout_s=CONNECTS_WITHIN_S)
        message = a_message()
        await publisher.publish([a_message()])

        line.relay.silent = True
        silent = await refused(publisher)
        line.relay.silent = False
        await publisher.publish([message])

        assert silent == "1 not taken by the broker: TimeoutError"
        assert len(await broker.receive(Queue.CHASE_RETRY, [message])) == 1
        await publisher.close()

    async def test_under_a_caller_that_hangs_up_is_not_used_again(self, line: Line, broker: Broker) -> None:
        publisher = ServiceBusPublisher(line.login, timeout_s=PATIENT_S)
        message = a_message()
        await publisher.publish([a_message()])
        line.relay.silent = True
        caller = asyncio.create_task(publisher.publish([a_message()]))
        await asyncio.sleep(0)

        caller.cancel()
        await asyncio.wait([caller])
        line.relay.silent = False
        await publisher.publish([message])

        assert caller.cancelled()
        assert line.relay.connections == 2
        assert len(await broker.receive(Queue.CHASE_RETRY, [message])) == 1
        await publisher.close()

    async def test_for_having_been_idle_too_long_is_not_tried(self, line: Line) -> None:
        publisher = ServiceBusPublisher(line.login, timeout_s=PATIENT_S, idle_max_s=0.0)

        await publisher.publish([a_message()])
        await publisher.publish([a_message()])

        assert line.relay.connections == 2
        await publisher.close()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
class TestClosing:
    async def test_ends_the_connection_and_takes_nothing_more(self, broker: Broker) -> None:
        publisher = ServiceBusPublisher(broker.login, timeout_s=PATIENT_S)
        await publisher.publish([a_message()])

        await publisher.close()

        assert await refused(publisher) == "the publisher is closed"

    async def test_waits_no_longer_than_it_may_for_who_still_publishes(self) -> None:
        async with mute_broker() as mute:
            publisher = ServiceBusPublisher(login_at(mute.port), timeout_s=60.0, close_within_s=SHORTLY_S)
            publishing = asyncio.create_task(refused(publisher))

            async with asyncio.timeout(LATE_S):
                await mute.met.wait()
                await publisher.close()
                said = await publishing

        assert said == "1 not taken by the broker: CancelledError"

    async def test_does_not_wait_for_a_broker_that_says_no_goodbye(self, line: Line) -> None:
        publisher = ServiceBusPublisher(line.login, timeout_s=PATIENT_S)
        await publisher.publish([a_message()])
        line.relay.silent = True

        async with asyncio.timeout(LATE_S):
            await publisher.close()

    async def test_of_one_that_never_connected_is_nothing(self) -> None:
        await ServiceBusPublisher(login_at(1)).close()
