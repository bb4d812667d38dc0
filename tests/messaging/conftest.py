"""A publisher over a line to the broker that the test holds in its hand."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from shared.messaging.login import Login
from shared.messaging.publisher import ServiceBusPublisher
from shared.payments.secret import Secret
from tests.broker import PATIENT_S, Broker
from tests.messaging.relay import Relay, relay_to


@dataclass
class Line:
    relay: Relay
    login: Login


@pytest.fixture
async def line(broker: Broker) -> AsyncIterator[Line]:
    async with relay_to(broker) as (relay, connection_string):
        yield Line(relay, Login(connection_string=Secret(connection_string)))


@pytest.fixture
async def publisher(broker: Broker) -> AsyncIterator[ServiceBusPublisher]:
    publisher = ServiceBusPublisher(broker.login, timeout_s=PATIENT_S)
    yield publisher
    await publisher.close()
