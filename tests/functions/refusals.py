"""Posting what ought to be refused, and being certain of the refusal."""

import re

from tests.builders import VISA
from tests.functions.traces import no_trace
from tests.house import Answer, House

# Every message tells what to do, not only what is wrong.
INSTRUCTION = re.compile(r"\b(write|send|give|use|nest|leave|takes|is required)\b")


async def post(house: House, body: bytes, **headers: str) -> Answer:
    named = {"Idempotency-Key": "attempt-1"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return await house.call("POST", "/payments", body, {**house.signature("POST", "/payments", body), **named})


async def refused(house: House, body: bytes, *fields: str, status: int = 400, **headers: str) -> Answer:
    """The answer to `body`, once it is certain that it names exactly these fields and left nothing behind."""
    async with no_trace(house):
        answer = await post(house, body, **headers)
    assert answer.status == status, answer.text
    assert_problem(answer, *fields)
    assert VISA not in re.sub(r"[^0-9]", "", answer.text + repr(house.telemetry.events))
    return answer


def assert_problem(answer: Answer, *fields: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    assert [problem["field"] for problem in answer.body["errors"]] == list(fields)
    assert all(INSTRUCTION.search(problem["message"]) for problem in answer.body["errors"]), answer.text
