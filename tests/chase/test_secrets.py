"""No card number, CVV, token or credential is seen anywhere, whatever Chase does."""

import logging

import pytest

from shared.chase.sending import Message, Reply
from tests.chase.conftest import CLIENT_SECRET
from tests.chase.desk import Desk
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
