"""
Whatever is sent, the answer is one of those that the contract knows, and only a payment is stored and sent.

Whatever the contract allows is taken, by Chase too: none of our limits is wider than Chase's.
"""

import itertools
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.payments.updates import UpdateEvent
from tests.builders import MASTERCARD, VISA
from tests.functions.bodies import a_full_body, values, with_value, without, written
from tests.functions.refusals import post
from tests.functions.traces import at_rest, traces
from tests.functions.writes import A_CONTROL, OPERATION, REPORT, WRITES, Desk, Write, over
from tests.house import House

TAKEN = {201, 202, 402}
REFUSED = {400, 409, 413}

KEYS = (f"attempt-{number}" for number in itertools.count())
PATHS = [path for path, _ in values(a_full_body())]

# Lone surrogates and control characters included: JSON can write them all.
TEXTS = st.text(st.characters(exclude_categories=()), max_size=80)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)
# What is good somewhere: so that some sales are taken, declined or lost.
PLAUSIBLE = st.sampled_from(
    [1, 12, 29, 2029, 10_00, 521_00, 530_00, 99_999_999_999, "USD", "1234", "Ada", VISA, MASTERCARD, "payer", "biller"]
)
NAMES = st.sampled_from(["tip", "token", "tokenType", "payer", "method", "__proto__", VISA]) | TEXTS


PRINTED = st.characters(exclude_categories=("C", "Zl", "Zp"), exclude_characters="<>{}")
GOOD = {
    "reference": st.from_regex(r"[A-Za-z0-9 ._-]{1,64}", fullmatch=True),
    "amountMinor": st.sampled_from([1, 521_00, 530_00, 99_999_999_999]) | st.integers(1, 99_999_999_999),
    "payer.firstName": st.text(PRINTED, min_size=1, max_size=70),
    "payer.lastName": st.text(PRINTED, min_size=1, max_size=70),
    "payer.email": st.from_regex(r"[!-;=?A-z|~]{1,20}@[a-z]{1,20}\.[a-z]{2,18}", fullmatch=True),
    "payer.address.line1": st.text(PRINTED, min_size=1, max_size=40),
    "payer.address.line2": st.text(PRINTED, min_size=1, max_size=40),
    "payer.address.city": st.text(PRINTED, min_size=1, max_size=40),
    "payer.address.state": st.from_regex(r"[A-Z0-9]{2,3}", fullmatch=True),
    "payer.address.postalCode": st.from_regex(r"[A-Za-z0-9]{1,5}[- ]?[A-Za-z0-9]{2,6}", fullmatch=True),
    "payer.address.country": st.from_regex(r"[A-Z]{3}", fullmatch=True),
    "initiator": st.sampled_from(["payer", "biller"]),
    "statementDescriptor": st.from_regex(r"[A-Za-z0-9 .,&*'/-]{4,100}", fullmatch=True) | st.none(),
    "metadata": st.dictionaries(
        st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,39}", fullmatch=True),
        st.text(PRINTED, min_size=1, max_size=100),
        max_size=20,
    ),
    "method.number": st.sampled_from([VISA, MASTERCARD]),
    "method.expiry.month": st.integers(1, 12),
    "method.expiry.year": st.integers(2027, 2099),
    "method.cvv": st.from_regex(r"[0-9]{3,4}", fullmatch=True) | st.none(),
}


@st.composite
def good_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A sale in which some fields are as wide as the contract lets them be."""
    body = a_full_body()
    for path in draw(st.lists(st.sampled_from(sorted(GOOD)), max_size=6, unique=True)):
        body = with_value(path, draw(GOOD[path]), body)
    return body


@st.composite
def changed_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A good sale with up to three of its fields removed, replaced or added to."""
    body = draw(good_bodies())
    for path in draw(st.lists(st.sampled_from(PATHS), max_size=3, unique=True)):
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace" if path in dict(values(body)):
                body = with_value(path, draw(PLAUSIBLE | VALUES), body)
            case "remove" if path in dict(values(body)):
                body = without(path, body=body)
            case "add":
                body = {**body, draw(NAMES): draw(VALUES)}
    return body


@st.composite
def changed_bytes(draw: st.DrawFn) -> bytes:
    """A good sale with some of its bytes cut out, doubled or overwritten."""
    body = written(a_full_body())
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(body))] * 2)))
    put = draw(st.sampled_from([b"", body[first:last] * 2, b'"', b"{", b"[" * 99, b"9" * 400]) | st.binary(max_size=20))
    return body[:first] + put + body[last:]


BODIES = (
    changed_bodies().map(lambda body: json.dumps(body).encode())
    | changed_bodies().map(lambda body: json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    | changed_bytes()
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=200)
)


# Each example is a call of its own on the one house.
HOUSE_IS_SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=HOUSE_IS_SHARED)
@given(body=good_bodies())
async def test_a_sale_that_the_contract_allows_is_taken_by_chase_too(house: House, body: dict[str, Any]) -> None:
    answer = await post(house, written(body), Idempotency_Key=next(KEYS))

    assert answer.status in {201, 402}, answer.text


@settings(max_examples=150, derandomize=True, deadline=None, database=None, suppress_health_check=HOUSE_IS_SHARED)
@given(body=BODIES)
async def test_a_sale_is_taken_or_refused_and_never_a_500(house: House, body: bytes) -> None:
    await at_rest(house)
    before = await traces(house)

    answer = await post(house, body, Idempotency_Key=next(KEYS))

    after = await traces(house)
    assert answer.status in TAKEN | REFUSED, answer.text
    assert after.payments - before.payments == (answer.status in TAKEN)
    assert after.calls.get("payment", 0) - before.calls.get("payment", 0) == (answer.status in TAKEN)
    if answer.status == 400:
        assert after == before
        assert all(problem["field"] and problem["message"] for problem in answer.body["errors"])


WORDS = st.sampled_from(
    [
        *UpdateEvent,
        OPERATION,
        "R01",
        "AUTHORIZED",
        "reject",
        "refund",
        "void",
        "2026-11-23T18:00:00Z",
        1,
        99_999_999_999,
    ]
)
FOLLOW_UP_NAMES = sorted({name for write in WRITES for name in write.body} | {"operationId", "tip", "billerId", VISA})
FOLLOW_UP_VALUES = WORDS | VALUES | st.just(A_CONTROL) | st.dictionaries(TEXTS, WORDS | SCALARS, max_size=3)


@st.composite
def follow_up_bodies(draw: st.DrawFn, write: Write) -> bytes:
    """A good body of `write` with some of its fields removed, replaced or added to, or its bytes spoiled."""
    body = dict(write.body)
    for name in draw(st.lists(st.sampled_from(FOLLOW_UP_NAMES), max_size=3, unique=True)):
        if draw(st.booleans()):
            body[name] = draw(FOLLOW_UP_VALUES)
        else:
            body.pop(name, None)
    sent = json.dumps(body).encode()
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(sent))] * 2)))
    return draw(st.sampled_from([sent, sent, sent, sent[:first] + sent[last:]]))


@over(WRITES)
@settings(max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=HOUSE_IS_SHARED)
@given(data=st.data())
async def test_what_follows_a_sale_is_taken_or_refused_and_never_a_500(
    desk: Desk, write: Write, data: st.DataObject
) -> None:
    payment = await desk.house.payment(desk.payment_id)
    headers = {"If-Match": f'"{payment["version"]}"'} if write is REPORT else {"Idempotency-Key": next(KEYS)}
    await at_rest(desk.house)
    before = await traces(desk.house)

    answer = await desk.send(write, data.draw(follow_up_bodies(write)), headers=headers)

    assert answer.status in {200, 201, 202, 400, 402, 409, 422}, answer.text
    if answer.status >= 400 and answer.status != 402:
        assert await traces(desk.house) == before
    if answer.status == 400:
        assert all(problem["field"] and problem["message"] for problem in answer.body["errors"])
