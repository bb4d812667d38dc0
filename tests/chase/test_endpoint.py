"""An endpoint names what is wrong with it, and shows no secret of its own."""

import pytest

from shared.chase.endpoint import ChaseEndpoint
from shared.payments.secret import Secret
from tests.chase.conftest import RESOURCE, THUMBPRINT

# No key: only its shape is looked at here.
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQ\nAAAA==\n-----END PRIVATE KEY-----\n"
WITH_A_SECRET = {"client_secret": Secret("s3cr3t")}
WITH_A_KEY = {"private_key": Secret(PEM), "certificate_thumbprint": THUMBPRINT, "resource": RESOURCE}


def an_endpoint(**given: object) -> ChaseEndpoint:
    return ChaseEndpoint(**{"base_url": "https://chase", "token_url": "https://id", "client_id": "CC-1", **given})


@pytest.mark.parametrize("credential", [WITH_A_SECRET, WITH_A_KEY])
def test_one_credential_is_enough(credential: dict[str, object]) -> None:
    assert an_endpoint(**credential).client_id == "CC-1"


@pytest.mark.parametrize("kind", ["PRIVATE KEY", "RSA PRIVATE KEY"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_key_is_taken_in_both_of_its_forms(kind: str, line_end: str) -> None:
    pem = PEM.replace("PRIVATE KEY", kind).replace("\n", line_end)

    assert an_endpoint(**WITH_A_KEY | {"private_key": Secret(pem)}).private_key == Secret(pem)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "client_secret, private_key"),
        (WITH_A_SECRET | WITH_A_KEY, "client_secret, private_key"),
        (WITH_A_SECRET | {"client_id": ""}, "client_id"),
        (WITH_A_SECRET | {"scope": ""}, "scope"),
        (WITH_A_SECRET | {"resource": RESOURCE}, "resource"),
        (WITH_A_SECRET | {"certificate_thumbprint": THUMBPRINT}, "certificate_thumbprint"),
        (WITH_A_KEY | {"resource": None}, "resource"),
        (WITH_A_KEY | {"certificate_thumbprint": None}, "certificate_thumbprint"),
        (WITH_A_KEY | {"certificate_thumbprint": THUMBPRINT.lower()}, "certificate_thumbprint"),
        (WITH_A_KEY | {"certificate_thumbprint": THUMBPRINT[:-1]}, "certificate_thumbprint"),
        (WITH_A_KEY | {"certificate_thumbprint": ":".join(["AB"] * 20)}, "certificate_thumbprint"),
        (WITH_A_KEY | {"private_key": Secret("")}, "private_key"),
        (WITH_A_KEY | {"private_key": Secret("not a key")}, "private_key"),
        (WITH_A_KEY | {"private_key": Secret(PEM.replace("\n", "\\n"))}, "private_key"),
        (WITH_A_KEY | {"private_key": Secret("\ufeff" + PEM)}, "private_key"),
        (WITH_A_KEY | {"private_key": Secret(PEM.replace("PRIVATE", "PUBLIC"))}, "private_key"),
        (WITH_A_KEY | {"private_key": Secret(PEM.replace("PRIVATE", "ENCRYPTED PRIVATE"))}, "private_key"),
        (WITH_A_KEY | {"assertion_lifetime_s": 59.0}, "assertion_lifetime_s"),
        (WITH_A_KEY | {"assertion_lifetime_s": 28_801.0}, "assertion_lifetime_s"),
    ],
)
def test_what_is_wrong_is_named_and_not_quoted(given: dict[str, object], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: ") as refused:
        an_endpoint(**given)

    assert not any(text in str(refused.value) for text in ("MIIEvQ", "s3cr3t", "not a key", THUMBPRINT.lower()))


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"private_key: .*; certificate_thumbprint: .*; resource: "):
        an_endpoint(private_key=Secret("x"))


def test_no_secret_is_shown() -> None:
    assert "MIIEvQ" not in repr(an_endpoint(**WITH_A_KEY))
