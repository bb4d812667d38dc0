"""
What we put on the bus: which queue, under which id, and a body that carries ids alone, never a fact that may age.

A body names its version. A reader refuses one that it does not know, and the message is set aside, never guessed at.
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

VERSION: Final = 1

# The namespace of every message id. Changing it would make the broker, and our inbox, take old messages for new ones.
_MESSAGES: Final = uuid.UUID("0b6f6a5c-6d3e-5d5c-9a53-3f0a4c1d7e21")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Queue(StrEnum):
    """Money never waits behind shadow: each has a queue of its own. The names are those of the broker."""

    CHASE_RETRY = "chase-retry"
    LEDGER_POSTING = "ledger-posting"
    SHADOW_MIRROR = "shadow-mirror"


# What each queue's body names, beside its version.
_FIELDS: Final[Mapping[Queue, tuple[str, ...]]] = {
    Queue.CHASE_RETRY: ("paymentId", "operationId"),
    Queue.LEDGER_POSTING: ("paymentId", "postingId"),
    Queue.SHADOW_MIRROR: ("paymentId", "operationId"),
}


class UnreadableMessage(ValueError):
    """The body is not one of ours, or of a version that this code does not know. The text names no value of it."""


class NotPublished(Exception):
    """The broker did not take the messages, or did not say so in time: they are sent again under the same ids."""


@dataclass(frozen=True, slots=True)
class Message:
    """
    One message: `ids` by the names that its queue's body has, due at `due_at` at the earliest.

    `attempt` counts the messages for the same thing: each has an id of its own, or a broker that knows duplicates
    would drop the later ones. `beside` is of the call that it was made in (its trace), and no part of what it says.
    """

    queue: Queue
    ids: Mapping[str, str]
    due_at: datetime
    attempt: int = 1
    beside: Mapping[str, str] | None = field(default=None, compare=False, repr=False)

    @property
    def id(self) -> str:
        """Deterministic: the same thing, tried for the same time, is the same message however often it is sent."""
        ids = (self.ids[name] for name in _FIELDS[self.queue])
        return str(uuid.uuid5(_MESSAGES, ":".join((self.queue, *ids, str(self.attempt)))))

    @property
    def payment_id(self) -> str:
        return self.ids["paymentId"]

    def body(self) -> str:
        return json.dumps({"version": VERSION, **self.ids, "attempt": self.attempt}, separators=(",", ":"))


def read_message(queue: Queue, body: bytes, *, due_at: datetime) -> Message:
    """What `body`, received from `queue`, says. Raises UnreadableMessage."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableMessage("is not JSON") from None
    names = _FIELDS[queue]
    if not isinstance(found, dict) or found.get("version") != VERSION or type(found["version"]) is not int:
        raise UnreadableMessage(f"is not an object of version {VERSION}")
    if found.keys() != {"version", "attempt", *names}:
        raise UnreadableMessage(f"does not have exactly {', '.join(('version', 'attempt', *names))}")
    return Message(queue, {name: _id(found, name) for name in names}, due_at, _attempt(found))


def _id(body: Mapping[str, Any], name: str) -> str:
    value = body[name]
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise UnreadableMessage(f"{name} is not an id")
    return value


def _attempt(body: Mapping[str, Any]) -> int:
    value = body["attempt"]
    if type(value) is not int or value < 1:
        raise UnreadableMessage("attempt is not a number from 1")
    return value
