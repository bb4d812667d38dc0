"""The hunt finds what it looks for, in each kind of sink and in each spelling, and leaves what is no secret."""

import asyncio
import json
import logging
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus

import pytest

from tests.builders import VISA
from tests.house import Answer
from tests.journeys.watch import CVV, Watch, Watching, a_hunt

_LOG = logging.getLogger("somebody.else")


def _log_an_error(_: Watch) -> None:
    try:
        raise ValueError(VISA)
    except ValueError:
        _LOG.exception("no secret here")


def _log_a_local_variable(_: Watch) -> None:
    """A frame of the JSON parser holds the text that it could not read; the error itself does not say it."""
    try:
        json.loads(f'{{"number": "{VISA}"')
    except ValueError:
        _LOG.exception("no secret here")


def _raise_from_a_cause(watch: Watch) -> None:
    try:
        raise RuntimeError from KeyError(VISA)
    except RuntimeError as error:
        watch.sinks.exception(error)


def _raise_with_a_context_that_is_not_shown(watch: Watch) -> None:
    try:
        int(VISA, 2)
    except ValueError:
        try:
            raise RuntimeError from None
        except RuntimeError as error:
            watch.sinks.exception(error)


def _store_in_a_row(watch: Watch) -> None:
    with closing(sqlite3.connect(watch.house.data / "payments.sqlite3")) as file:
        file.execute("INSERT INTO nonces VALUES ('ctp', ?, 'now')", (CVV,))
        file.commit()


def _complain(_: Watch) -> None:
    error = RuntimeError(VISA)
    asyncio.get_running_loop().call_exception_handler({"message": "never retrieved", "exception": error})


PLANTED: dict[str, Callable[[Watch], object]] = {
    "the log of somebody.else, in a line": lambda _: _LOG.debug("a card: %s", VISA),
    "the log of somebody.else, beside a line": lambda _: _LOG.debug("a card", extra={"body": {"cvv": CVV}}),
    "the log of somebody.else, in an error": _log_an_error,
    "a local variable of the log of somebody.else": _log_a_local_variable,
    "an exception, in its cause": _raise_from_a_cause,
    "an exception, in its hidden context": _raise_with_a_context_that_is_not_shown,
    "a complaint of the event loop": _complain,
    "the event something.happened": lambda watch: watch.house.telemetry.event("something.happened", card=VISA),
    "the alarm something.broke": lambda watch: watch.house.telemetry.alarm("something.broke", card={"cvv": CVV}),
    "stdout": lambda _: sys.stdout.write(VISA),
    "stderr": lambda _: sys.stderr.write(VISA),
    "the body of a 200": lambda watch: watch.sinks.answers.append(Answer(HTTPStatus.OK, {}, VISA)),
    "the headers of a 200": lambda watch: watch.sinks.answers.append(Answer(HTTPStatus.OK, {"etag": VISA}, "")),
    "a row of nonces": _store_in_a_row,
    "the file notes.txt": lambda watch: (watch.house.data / "notes.txt").write_bytes(b"\0" + VISA.encode() + b"\xff"),
    "a dict as text": lambda watch: watch.sinks.value({"cvv": CVV}),
}


@pytest.mark.parametrize("where", PLANTED)
async def test_finds_what_is_planted_in(watching: Watching, where: str) -> None:
    async with watching() as watch:
        PLANTED[where](watch)

    leaks = watch.leaks()
    assert leaks
    assert any(where.partition(",")[0] in leak for leak in leaks)
    assert not any(VISA in leak or CVV in leak for leak in leaks)


async def test_finds_each_key_and_token_that_a_sale_uses(watching: Watching) -> None:
    async with watching() as watch:
        await watch.sale()
        keys = watch.house.keys
        planted = {
            "a Bearer credential": watch.house.bearer()["Authorization"],
            "Chase's access token": watch.tap.issued[0],
            "Chase's client secret": keys.chase_client_secret.reveal(),
            "the HMAC key": keys.hmac_key.reveal(),
            "the fingerprint key": keys.fingerprint_key.reveal(),
            "the token signing key": keys.signing_key.reveal(),
        }

    assert watch.leaks() == []
    for secret, text in planted.items():
        middle = text[len(text) // 3 :][:30]
        assert any(leak.startswith(secret) for leak in watch.hunt.found("a log", f"..{middle}.."))


SPELLINGS = [
    *(VISA, f"x{VISA}9", "4112 3441 1234 4113", "4112-3441-1234-4113", ",".join(VISA), "4112%203441%201234%204113"),
    *("a411234411234", "number 4112344", "ends in 2344113", "112344112"),
    *(VISA.encode().hex(), "eyJudW1iZXIiOiI0MTEyMzQ0MTEyMzQ0MTEzIn0="),
    *('"cvv": "7391"', "cvv=7391", "CVV:7391", "('7391',)", r"{\"cvv\":\"7391\"}", "7391"),
]
NO_SECRETS = [
    *("411234XXXXXX4113", "411234******4113", "last4 4113", "411234", "411235", "4112355", "1739105"),
    *("pay_01a206a40528bd4e9a2810ecb2b785c2", "00007391-1234-4113-8000-739173917391"),
    *("2026-11-23T18:00:02.000Z", "Task-7391", "took 0.7391 s", "127.0.0.1:7391"),
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_finds_a_card_number_or_cvv_however_it_is_spelled(text: str) -> None:
    assert a_hunt().found("a text", text)


@pytest.mark.parametrize("text", NO_SECRETS)
def test_leaves_what_is_no_secret(text: str) -> None:
    assert a_hunt().found("a text", text) == []
