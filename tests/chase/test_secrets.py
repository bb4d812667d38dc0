"""No card number, CVV, token or credential is seen anywhere, whatever Chase does."""

import logging

import pytest

from shared.chase import requests
from shared.chase.sending import Message, Reply
from shared.payments.requests import Instrument
from tests.chase import full_answers as full
from tests.chase.conftest import CLIENT_SECRET
from tests.chase.desk import (
    Desk,
    MakeDesk,
    a_google_pay,
    a_merchant,
    a_payment_of,
    a_request,
    an_ach,
    an_apple_pay,
)
from tests.chase.peer import (
    Deed,
    Peer,
    a_decline,
    a_payment,
    an_error,
    answers,
    drops_the_line,
    grants,
    resets_the_line,
    sends_half_an_answer,
    speaks_no_http,
)

PAN = "4112344112344113"
TOKEN = "an-access-token-of-chase"
BASIC = "Q0MtMTpzM2NyM3Qtb2YtdGhlLWNsaWVudA=="
CVV = '"011"'
SECRETS = (PAN, TOKEN, CLIENT_SECRET, BASIC, CVV)

ECHOED = f"number {PAN}"


@pytest.mark.parametrize(
    "deed",
    [
        answers(200, a_payment()),
        answers(200, {**a_payment(), "responseMessage": ECHOED, "responseCode": PAN}),
        answers(200, {**a_decline(), "responseMessage": ECHOED, "responseCode": PAN}),
        answers(200, {**a_payment(responseStatus="MAYBE"), "responseMessage": ECHOED}),
        answers(200, ECHOED.encode()),
        answers(400, an_error(PAN, ECHOED)),
        answers(400, ECHOED.encode()),
        answers(401, {"error": TOKEN}),
        answers(403, TOKEN.encode()),
        answers(409, an_error("DUPLICATE", ECHOED)),
        answers(500, ECHOED.encode()),
        answers(307, Location=f"http://127.0.0.1:1/{PAN}"),
        drops_the_line,
        resets_the_line,
        sends_half_an_answer,
        speaks_no_http,
    ],
)
async def test_no_secret_is_in_an_outcome_an_alarm_a_log_or_a_repr(
    desk: Desk, chase: Peer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], deed: Deed
) -> None:
    caplog.set_level(logging.DEBUG)
    chase.does_with_tokens(grants(TOKEN))
    chase.does(deed)

    outcome = await desk.sells()
    inquiry = await desk.finds()

    seen = "\n".join(
        [
            *(f"{thing!r} {thing}" for thing in (outcome, inquiry, desk.alarms.heard, vars(desk.client))),
            *(repr(vars(part)) for part in vars(desk.client).values() if hasattr(part, "__dict__")),
            caplog.text,
            *capfd.readouterr(),
        ]
    )
    assert [secret for secret in SECRETS if secret in seen] == []


SEALED = ("c2VhbGVkIGJ5IEFwcGxl", "YSBzaWduYXR1cmU", "encryptedMessage", "0888271156")


@pytest.mark.parametrize("method", [an_ach(), an_apple_pay(), a_google_pay()], ids=lambda method: type(method).__name__)
@pytest.mark.parametrize(
    "deed",
    [
        answers(200, full.AN_ACH_SALE),
        answers(200, {**full.A_DECLINED_SALE, "responseMessage": "account 0888271156"}),
        answers(400, an_error("VALIDATION_ERROR", "accountNumber 0888271156 is wrong")),
        answers(500, b"0888271156"),
        drops_the_line,
    ],
)
async def test_no_account_or_wallet_is_in_an_outcome_an_alarm_or_a_log(
    desk: Desk, chase: Peer, caplog: pytest.LogCaptureFixture, deed: Deed, method: Instrument
) -> None:
    caplog.set_level(logging.DEBUG)
    chase.does(deed)
    request, merchant = a_request(method=method), a_merchant(statement_descriptor="CITY WATER")

    outcome = await desk.client.sale(request, a_payment_of(request, merchant), merchant, send_before_s=float("inf"))

    asked = requests.sale(request, a_payment_of(request, merchant), merchant)
    seen = f"{outcome!r} {desk.alarms.heard!r} {caplog.text} {request!r} {asked!r}"
    assert [secret for secret in SEALED if secret in seen] == []


async def test_no_key_assertion_or_token_is_seen_where_a_signed_assertion_is_used(
    make_desk: MakeDesk,
    chase: Peer,
    caplog: pytest.LogCaptureFixture,
    signing: dict[str, object],
    pem: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    desk = make_desk(**signing)
    echoed = {"error": "invalid_grant", "error_description": pem}
    chase.does_with_tokens(answers(500, pem.encode()), answers(400, echoed))

    outcome = await desk.sells()

    sent = chase.token_calls[0].body.decode().partition("client_assertion=")[2][:40]
    seen = f"{outcome!r} {desk.alarms.heard!r} {caplog.text} {vars(desk.client)!r}"
    assert [secret for secret in (sent, pem.splitlines()[1], *SECRETS) if secret in seen] == []


async def test_no_secret_is_told_where_no_token_can_be_had(
    desk: Desk, chase: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    chase.does_with_tokens(answers(400, {"error": "invalid_client", "error_description": CLIENT_SECRET}))

    outcome = await desk.sells()

    seen = f"{outcome!r} {desk.alarms.heard!r} {caplog.text}"
    assert [secret for secret in SECRETS if secret in seen] == []


def test_a_message_and_a_reply_do_not_show_what_they_carry() -> None:
    message = Message("POST", "https://chase/payments", {"Authorization": f"Bearer {TOKEN}"}, body=PAN.encode())

    seen = f"{message!r} {message} {Reply(200, PAN.encode())!r}"

    assert [secret for secret in SECRETS if secret in seen] == []
