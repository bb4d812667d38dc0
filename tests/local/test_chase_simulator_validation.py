"""What Chase refuses to take, and how it says so."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.chase_simulator.payment_rules import payment_problems
from local.chase_simulator.refund_rules import refund_problems
from local.chase_simulator.verifications import verification_problems
from tests.local.chase_bodies import (
    a_google_pay_payment,
    a_refund,
    a_verification,
    an_account_verification,
    an_ach_payment,
    an_apple_pay_payment,
)
from tests.local.chase_calls import a_card, a_full_payment, a_payment
from tests.local.chase_schema import MESSAGES, PAYMENT_REQUEST, REFUND_REQUEST, VERIFICATION_REQUEST, disagreements

MISSING = object()

# (path, what is put there, the code of the refusal)
WRONG: list[tuple[str, Any, str]] = [
    ("amount", MISSING, "REQUIRED"),
    ("amount", "12599", "TYPE"),
    ("amount", 125.99, "TYPE"),
    ("amount", True, "TYPE"),
    ("amount", -1, "RANGE"),
    ("amount", 1_000_000_000_000, "RANGE"),
    ("currency", MISSING, "REQUIRED"),
    ("currency", "US", "LENGTH"),
    ("currency", "usd", "PATTERN"),
    ("captureMethod", "SOON", "ENUM"),
    ("merchant", MISSING, "REQUIRED"),
    ("merchant", [], "TYPE"),
    ("merchant.merchantSoftware", MISSING, "REQUIRED"),
    ("merchant.merchantSoftware.companyName", MISSING, "REQUIRED"),
    ("merchant.merchantSoftware.productName", "a<b", "PATTERN"),
    ("merchant.merchantSoftware.version", "1" * 51, "LENGTH"),
    ("merchant.merchantCategoryCode", "49", "LENGTH"),
    ("paymentMethodType", MISSING, "REQUIRED"),
    ("paymentMethodType", {}, "REQUIRED"),
    ("paymentMethodType", "card", "TYPE"),
    ("paymentMethodType.cash", {}, "UNKNOWN"),
    ("paymentMethodType.card.accountNumber", MISSING, "REQUIRED"),
    ("paymentMethodType.card.accountNumber", "4" * 20, "LENGTH"),
    ("paymentMethodType.card.accountNumber", "4112 3443 4411", "PATTERN"),
    ("paymentMethodType.card.cvv", 111, "TYPE"),
    ("paymentMethodType.card.cvv", "12", "LENGTH"),
    ("paymentMethodType.card.cvv", "12a", "PATTERN"),
    ("paymentMethodType.card.expiry.month", "05", "TYPE"),
    ("paymentMethodType.card.expiry.month", 13, "RANGE"),
    ("paymentMethodType.card.expiry.year", 29, "RANGE"),
    ("paymentMethodType.card.isBillPayment", "true", "TYPE"),
    ("paymentMethodType.card.authentication.threeDS", "3", "TYPE"),
    ("merchantOrderNumber", "pay_1", "PATTERN"),
    ("merchantOrderNumber", "1" * 41, "LENGTH"),
    ("statementDescriptor", "abc", "LENGTH"),
    ("initiatorType", "PAYER", "ENUM"),
    ("accountOnFile", None, "ENUM"),
    ("accountHolder.billingAddress.countryCode", "US", "LENGTH"),
    ("accountHolder.billingAddress.postalCode", "02110-", "PATTERN"),
    ("accountHolder.phone.countryCode", "1", "TYPE"),
    ("accountHolder.email", "a@b.c", "LENGTH"),
    ("paymentMetadataList", {}, "TYPE"),
    ("paymentMetadataList", ["x"], "TYPE"),
    ("accountOnfile", "STORED", "UNKNOWN"),
]


def with_at(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of `body` with `value` at `path`, or without what is there."""
    changed = copy.deepcopy(body)
    *parents, name = path.split(".")
    place = changed
    for parent in parents:
        place = place[parent]
    if value is MISSING:
        del place[name]
    else:
        place[name] = value
    return changed


async def test_a_payment_with_every_field_is_taken(merchant) -> None:
    answered = await merchant.pay("request-1", a_full_payment())

    assert answered.status == 200


@pytest.mark.parametrize(("path", "value", "code"), WRONG)
async def test_each_wrong_field_is_named(merchant, path, value, code) -> None:
    answered = await merchant.pay("request-1", with_at(a_full_payment(), path, value))

    assert (answered.status, answered.body["responseCode"]) == (400, "VALIDATION_ERROR")
    assert disagreements(MESSAGES, answered.body) == []
    named = [(each["code"], each["entity"].partition("[")[0]) for each in answered.body["validationErrors"]]
    assert (code, path) in named
    assert merchant.simulator.books() == []
    assert (await merchant.find("request-1")).status == 404


@pytest.mark.parametrize(("path", "value", "code"), WRONG)
def test_rules_and_published_schema_refuse_alike(path, value, code) -> None:
    assert disagreements(PAYMENT_REQUEST, with_at(a_full_payment(), path, value)) != []


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 10**13), st.text(max_size=45), st.just({}), st.just([]), st.just([1])
)


def paths_of(body: Any, prefix: str = "") -> list[str]:
    if not isinstance(body, dict):
        return [prefix]
    inside = [path for name, value in body.items() for path in paths_of(value, f"{prefix}.{name}" if prefix else name)]
    return [*([prefix] if prefix else []), *inside]


# Rules, the published schema, and a request that both take.
REQUESTS = [
    (payment_problems, PAYMENT_REQUEST, a_full_payment()),
    (payment_problems, PAYMENT_REQUEST, an_ach_payment()),
    (payment_problems, PAYMENT_REQUEST, an_apple_pay_payment()),
    (payment_problems, PAYMENT_REQUEST, a_google_pay_payment()),
    (refund_problems, REFUND_REQUEST, a_refund("9f186d77-0000-4000-8000-000000000000", 100)),
    (verification_problems, VERIFICATION_REQUEST, a_verification()),
    (verification_problems, VERIFICATION_REQUEST, an_account_verification()),
]
# What no schema can say: that Google's signed message is JSON, and that an account verified is one of the US.
UNSAID = ("encryptedPayload", "currency")


@settings(max_examples=400, deadline=None)
@given(
    place=st.sampled_from([(request, path) for request in REQUESTS for path in paths_of(request[2])]), value=ANYTHING
)
def test_rules_and_published_schema_agree_on_anything(place, value) -> None:
    (problems, schema, request_body), path = place
    body = with_at(request_body, path, value)
    if body.get("initiatorType") == "MERCHANT" or path.endswith(UNSAID):
        return

    assert bool([*problems(body)]) == bool(disagreements(schema, body))


def test_what_both_take_they_take() -> None:
    for problems, schema, request_body in REQUESTS:
        assert [*problems(request_body)] == []
        assert disagreements(schema, request_body) == []


async def test_a_payment_that_the_merchant_begins_needs_an_account_on_file(merchant) -> None:
    without = await merchant.pay("request-1", a_payment(initiatorType="MERCHANT"))
    with_one = await merchant.pay("request-1", a_payment(initiatorType="MERCHANT", accountOnFile="STORED"))

    assert without.body["validationErrors"][0]["entity"] == "accountOnFile"
    assert with_one.status == 200


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("merchant-id", ""),
        ("merchant-id", "1234567"),
        ("merchant-id", "1234567890123"),
        ("merchant-id", "12345678-"),
        ("request-id", ""),
        ("request-id", "r" * 41),
        ("request-id", "with a space"),
        ("minorVersion", "one"),
    ],
)
async def test_a_wrong_header_is_named(merchant, header, value) -> None:
    answered = await merchant.pay("request-1", **{header: value})

    assert (answered.status, answered.body["responseCode"]) == (400, "VALIDATION_ERROR")
    assert [each["entity"] for each in answered.body["validationErrors"]] == [header]


async def test_a_look_up_by_request_id_needs_a_request_id_of_its_own(merchant, session) -> None:
    headers = {"Authorization": f"Bearer {merchant.token}", "merchant-id": merchant.merchant_id}

    answered = await merchant.send(
        "GET", f"{merchant.simulator.base_url}/payments?requestIdentifier=request-1", headers=headers
    )

    assert answered.status == 400


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"amount": }'])
async def test_a_body_that_is_no_json_object_is_invalid(merchant, raw) -> None:
    headers = {
        "Authorization": f"Bearer {merchant.token}",
        "merchant-id": merchant.merchant_id,
        "request-id": "request-1",
        "Content-Type": "application/json",
    }

    answered = await merchant.send("POST", f"{merchant.simulator.base_url}/payments", data=raw, headers=headers)

    assert (answered.status, answered.body["validationErrors"][0]["entity"]) == (400, "body")


async def test_a_body_that_is_not_called_json_is_invalid(merchant) -> None:
    answered = await merchant.pay("request-1", **{"Content-Type": "text/plain"})

    assert (answered.status, answered.body["validationErrors"][0]["entity"]) == (400, "Content-Type")


async def test_a_refusal_never_repeats_what_was_sent(merchant) -> None:
    number, cvv = "4112344112344113999999", "9876543"

    answered = await merchant.pay("request-1", a_payment(card=a_card(number, cvv=cvv)))

    assert answered.status == 400
    assert number not in str(answered.body)
    assert cvv not in str(answered.body)
