"""The broker that PAYMENTS_TEST_SERVICEBUS names, seen by a test: what is in its queues."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from azure.servicebus import ServiceBusReceivedMessage, ServiceBusReceiveMode
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver

from shared.messaging.login import Login
from shared.payments.messages import Message, Queue
from shared.payments.secret import Secret

AMQP_PORT, AMQPS_PORT = 5672, 5671
NO_BROKER = (
    "no broker named: set PAYMENTS_TEST_SERVICEBUS to a connection string (see local/compose/servicebus.connection)"
)
NAMES = {
    Queue.CHASE_RETRY: ("paymentId", "operationId"),
    Queue.LEDGER_POSTING: ("paymentId", "postingId"),
    Queue.SHADOW_MIRROR: ("paymentId", "operationId"),
}
# Where speed is not the point.
PATIENT_S = 30.0
DUE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def a_message(queue: Queue = Queue.CHASE_RETRY, *, attempt: int = 1) -> Message:
    """One that no broker has seen: what is left of other tests and other runs is not taken for it."""
    return Message(queue, {name: f"{name}_{uuid.uuid4().hex}" for name in NAMES[queue]}, DUE, attempt)


@dataclass
class Broker:
    connection_string: str
    client: ServiceBusClient

    @property
    def endpoint(self) -> SplitResult:
        """sb://host:port, which stands between Endpoint= and the next semicolon; the port may be missing."""
        parts = (part.partition("=") for part in self.connection_string.split(";"))
        return next(urlsplit(value) for name, _, value in parts if name.lower() == "endpoint")

    @property
    def host(self) -> str:
        return self.endpoint.hostname or ""

    @property
    def port(self) -> int:
        return self.endpoint.port or (AMQPS_PORT if self.has_tls else AMQP_PORT)

    @property
    def has_tls(self) -> bool:
        return "UseDevelopmentEmulator=true" not in self.connection_string

    @property
    def login(self) -> Login:
        return Login(connection_string=Secret(self.connection_string))

    async def receive(self, queue: Queue, until: Sequence[Message]) -> list[ServiceBusReceivedMessage]:
        """
        What comes out of the queue, in its order, until each of `until` was there; all of it is taken for good.

        What other tests left there is not told. Raises AssertionError if nothing more comes.
        """
        told = frozenset(message.id for message in until)
        missing: set[str | None] = set(told)
        found: list[ServiceBusReceivedMessage] = []
        async with self._taking(queue) as receiver:
            while missing:
                received = await receiver.receive_messages(max_message_count=100, max_wait_time=PATIENT_S)
                assert received, f"{queue}: {len(missing)} of {len(told)} messages never came"
                missing -= {message.message_id for message in received}
                found += [message for message in received if message.message_id in told]
        return found

    async def dead_letter(self, queue: Queue, message_id: str) -> ServiceBusReceivedMessage:
        """The dead letter of that message. Raises AssertionError if there is none."""
        async with self._taking(queue, sub_queue="deadletter") as receiver:
            while received := await receiver.receive_messages(max_message_count=100, max_wait_time=PATIENT_S):
                for message in received:
                    if message.message_id == message_id:
                        return message
        raise AssertionError(f"{queue}: no dead letter {message_id}")

    def _taking(self, queue: Queue, **options: Any) -> ServiceBusReceiver:
        """It closes faster than one in peek-lock, which first gives back what it holds."""
        mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
        return self.client.get_queue_receiver(queue.value, receive_mode=mode, **options)


def body_of(received: Any) -> bytes:
    return b"".join(received.body)
