"""The writes about a payment that stands - void, refund, report - each with a body that is taken."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.environment import MERCHANTS
from tests.builders import VISA, an_ach_method
from tests.conftest import OpenHouse
from tests.functions.refusals import assert_problem
from tests.functions.traces import no_trace
from tests.house import Answer, House

OPERATION = "op_" + "0" * 32
A_CONTROL = {"status": "approved", "code": "00", "amountMinor": 1, "latencyMs": 1, "processorReference": "ch_1"}
# A debit is captured at once; here it may be refunded at once too.
WITHOUT_HOLD = json.dumps({name: {**known, "ach_refund_hold_days": 0} for name, known in MERCHANTS.items()})


@dataclass(frozen=True)
class Write:
    """One route and a body with all its fields; `needed` are those that may not be left out."""

    name: str
    path: str
    body: Mapping[str, Any]
    needed: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=lambda: {"Idempotency-Key": "follow-up-1"})

    def of(self, payment_id: str, query: str = "") -> str:
        return f"/payments/{payment_id}/{self.path}{query}"


VOID = Write("Void", "void", {"reason": "billed twice", "ifCaptured": "refund", "control": A_CONTROL}, ("reason",))
REFUND = Write(
    "Refund",
    "refunds",
    {"amountMinor": 1, "reason": "billed twice", "ifNotCaptured": "reject", "control": A_CONTROL},
    ("reason",),
)
REPORT = Write(
    "UpdatePaymentState",
    "state",
    {
        "event": "returned",
        "reason": "so says the bank",
        "evidence": {"returnCode": "R01", "amountMinor": 1, "trace": "021000021234567"},
        "occurredAt": "2026-11-23T18:00:00.000Z",
    },
    ("event", "reason", "evidence", "occurredAt"),
    {"If-Match": '"2"'},
)
WRITES = [VOID, REFUND, REPORT]
KEYED = [VOID, REFUND]


def over(writes: list[Write]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("write", writes, ids=[write.name for write in writes])


@dataclass(frozen=True)
class Desk:
    """A house with one captured payment in it, which each of the writes is about."""

    house: House
    payment_id: str

    async def send(
        self,
        write: Write,
        body: bytes | None = None,
        *,
        path: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Signed; the write's own body and headers unless others are given. A header that is empty is left out."""
        sent = json.dumps(write.body).encode() if body is None else body
        to = write.of(self.payment_id) if path is None else path
        named = {**write.headers, **(headers or {})}
        signed = self.house.signature("POST", to, sent)
        return await self.house.call(
            "POST", to, sent, {**signed, **{name: value for name, value in named.items() if value}}
        )

    async def changed(self, write: Write, **changed: Any) -> Answer:
        return await self.send(write, json.dumps({**write.body, **changed}).encode())

    async def refused(self, write: Write, body: bytes, *fields: str, status: int = 400, **sent: Any) -> Answer:
        """The answer to `body`, once it is certain that it names exactly these fields and left nothing behind."""
        async with no_trace(self.house):
            answer = await self.send(write, body, **sent)
        assert answer.status == status, answer.text
        assert_problem(answer, *fields)
        assert VISA not in "".join(filter(str.isdigit, answer.text + repr(self.house.telemetry.events)))
        return answer


@asynccontextmanager
async def at_a_desk(opened: OpenHouse) -> AsyncIterator[Desk]:
    async with opened(MERCHANTS=WITHOUT_HOLD) as house:
        sold = await house.signed_sale("attempt-1", method=an_ach_method())
        assert (sold.body["state"], sold.body["version"]) == ("captured", 2)
        yield Desk(house, sold.body["id"])
