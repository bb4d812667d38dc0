"""One message of the local bus, from its queue to the function: delivered again while it fails, then a dead letter."""

import asyncio
import json
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from azure.functions import servicebus
from azure.functions.meta import Datum

from local.registered import Function

# The platform's default for a queue.
MAX_DELIVERY_COUNT: Final = 10

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up, and why. `description` names the last failure's kind, never its text."""

    message_id: str
    body: bytes
    reason: str
    description: str
    delivery_count: int


@dataclass(slots=True, eq=False)
class Message:
    body: bytes
    message_id: str
    application_properties: Mapping[str, Any]
    sequence_number: int
    enqueued_at: datetime
    settled: asyncio.Event = field(default_factory=asyncio.Event)


async def deliver(message: Message, function: Function) -> DeadLetter | None:
    """Deliver until the function takes it, MAX_DELIVERY_COUNT times at most; without a pause, as the platform does."""
    failure: str | None = None
    for delivery_count in range(1, MAX_DELIVERY_COUNT + 1):
        failure = await attempt(message, function, delivery_count)
        if failure is None:
            return None
        await asyncio.sleep(0)
    log.error("%s: message %s is a dead letter now", function.name, message.message_id)
    return DeadLetter(message.message_id, message.body, "MaxDeliveryCountExceeded", failure or "", MAX_DELIVERY_COUNT)


async def attempt(message: Message, function: Function, delivery_count: int) -> str | None:
    """One delivery, the first has count 1. None if the function took the message, else the kind of its failure."""
    try:
        returned = await function.call(_decoded(message, delivery_count))
    except Exception as error:
        log.exception("%s failed on message %s, delivery %d", function.name, message.message_id, delivery_count)
        return type(error).__name__
    if returned is not None:
        log.error("%s returned a value for message %s: a failure", function.name, message.message_id)
        return "ReturnedAValue"
    return None


def _decoded(message: Message, delivery_count: int) -> Any:
    """Through azure-functions' own decoder, from the metadata that the platform sends beside a body."""
    properties = json.dumps(dict(message.application_properties))
    metadata = {
        "MessageId": Datum(message.message_id, "string"),
        "DeliveryCount": Datum(delivery_count, "int"),
        "SequenceNumber": Datum(message.sequence_number, "int"),
        "EnqueuedTimeUtc": Datum(json.dumps(message.enqueued_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")), "json"),
        "LockToken": Datum(str(uuid.uuid4()), "string"),
        "ApplicationProperties": Datum(properties, "json"),
        # The decoder tells one message from a batch by this name, and raises without it.
        "UserProperties": Datum(properties, "json"),
    }
    return servicebus.ServiceBusMessageInConverter.decode(Datum(message.body, "bytes"), trigger_metadata=metadata)
