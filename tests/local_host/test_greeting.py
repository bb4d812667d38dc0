"""What a developer reads when everything is up."""

import json
import re
import shlex

from local.greeting import greeting

API = "http://127.0.0.1:7071/api/v1"


def greeted(unique: str = "0f6f1c3e-7a55-4a4e-9a53-111122223333", **environ: str) -> str:
    return greeting(
        api_url=API, simulator_url="http://127.0.0.1:7072", data_dir=".local", unique=unique, environ=environ
    )


def curl_of(text: str) -> list[str]:
    """The words of the command, as a shell would cut them."""
    return shlex.split(text[text.index("\ncurl ") :])


def test_it_says_where_everything_is() -> None:
    text = greeted()

    assert text.startswith(f"Ready: {API}\n")
    assert "http://127.0.0.1:7072/simulator/books" in text
    assert "\nmake -s token\n" in text


def test_its_curl_is_a_whole_card_sale() -> None:
    words = curl_of(greeted())

    assert f"{API}/payments" in words
    sale = json.loads(words[-1])
    assert sale["billerId"] == "city-water"
    assert sale["method"]["number"] == "4112344112344113"
    assert sale["reference"] == "INV-0f6f1c3e-7a55"
    assert "Idempotency-Key: 0f6f1c3e-7a55-4a4e-9a53-111122223333" in words


def test_its_curl_asks_for_the_token_instead_of_holding_one() -> None:
    assert "Authorization: Bearer $(make -s token)" in curl_of(greeted())
    assert not re.search(r"eyJ[\w-]+\.", greeted())


def test_another_terminal_asks_the_same_keys() -> None:
    text = greeted(LOCAL_DATA_DIR="my data", JWT_AUDIENCE="api://mine")

    assert "$(LOCAL_DATA_DIR='my data' JWT_AUDIENCE=api://mine make -s token)" in text


def test_every_start_offers_another_sale() -> None:
    assert curl_of(greeted("a" * 36)) != curl_of(greeted("b" * 36))
