"""`make token`: a bearer token like Entra ID's, signed by the local key."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jwt
import pytest

from local.environment import JWT_AUDIENCE, JWT_ISSUER
from local.keys import local_keys
from local.token import VALID_FOR_S, claims_of, main, parsed

NOW_S = 1_795_435_200


def verified(token: str, data_dir: Path) -> dict[str, Any]:
    """Its claims, if the published key signed it for us. Raises a jwt error if not."""
    published = json.loads(local_keys(data_dir).jwks_path.read_text())["keys"]
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "RS256"
    (key,) = [key for key in published if key["kid"] == header["kid"]]
    claims: dict[str, Any] = jwt.decode(
        token, jwt.PyJWK(key), algorithms=["RS256"], audience=JWT_AUDIENCE, issuer=JWT_ISSUER
    )
    return claims


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOCAL_DATA_DIR", str(tmp_path))
    return tmp_path


def test_it_prints_a_token_that_the_published_key_verifies_and_nothing_else(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([])

    printed = capsys.readouterr()
    claims = verified(printed.out.removesuffix("\n"), data_dir)
    assert printed.err == ""
    assert claims["azp"] == "ctp"
    assert claims["roles"] == ["Payments.Write", "Payments.Read", "Payments.Operate"]
    assert claims["billers"] == "*"


def test_it_is_valid_for_90_days_from_now() -> None:
    claims = claims_of(parsed([]), {}, NOW_S)

    assert (claims["iat"], claims["nbf"], claims["exp"]) == (NOW_S, NOW_S, NOW_S + VALID_FOR_S)
    assert VALID_FOR_S == 90 * 24 * 3600


def test_less_may_be_asked_for() -> None:
    options = parsed(["--roles", "Payments.Read", "--billers", "city-water, county-tax", "--caller", "auditor"])

    claims = claims_of(options, {}, NOW_S)

    assert claims["roles"] == ["Payments.Read"]
    assert claims["billers"] == ["city-water", "county-tax"]
    assert (claims["azp"], claims["sub"]) == ("auditor", "auditor")


def test_a_token_that_has_expired_may_be_asked_for() -> None:
    claims = claims_of(parsed(["--expires-in", "-60"]), {}, NOW_S)

    assert claims["exp"] == NOW_S - 60


def test_issuer_and_audience_follow_the_settings_of_the_service() -> None:
    claims = claims_of(parsed([]), {"JWT_ISSUER": "https://i.example", "JWT_AUDIENCE": "api://a"}, NOW_S)

    assert (claims["iss"], claims["aud"]) == ("https://i.example", "api://a")


def test_it_runs_as_a_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local.token"]
    printed = subprocess.run(
        command, env=os.environ | {"LOCAL_DATA_DIR": str(tmp_path)}, capture_output=True, text=True, check=True
    )

    assert verified(printed.stdout.removesuffix("\n"), tmp_path)["azp"] == "ctp"
