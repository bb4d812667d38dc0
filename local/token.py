"""`make token`: prints a bearer token that the local key signs, and nothing else."""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt

from local import environment
from local.keys import LocalKeys, local_keys
from shared.auth.caller import Role

VALID_FOR_S: Final = 90 * 24 * 3600


def signed_token(keys: LocalKeys, claims: Mapping[str, Any]) -> str:
    """A JWT of `claims` as Entra ID would sign it: RS256, the key named in the header."""
    return jwt.encode(dict(claims), keys.signing_key.reveal(), algorithm="RS256", headers={"kid": keys.key_id})


def claims_of(options: argparse.Namespace, environ: Mapping[str, str], now_s: int) -> dict[str, Any]:
    """`now_s` in epoch seconds: real time, for authentication does not go by the local clock."""
    return {
        "iss": environ.get("JWT_ISSUER") or environment.JWT_ISSUER,
        "aud": environ.get("JWT_AUDIENCE") or environment.JWT_AUDIENCE,
        "azp": options.caller,
        "sub": options.caller,
        "roles": _listed(options.roles),
        "billers": "*" if options.billers == "*" else _listed(options.billers),
        "iat": now_s,
        "nbf": now_s,
        "exp": now_s + options.expires_in,
    }


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.token", description="Prints a bearer token for this laptop.")
    parser.add_argument("--roles", default=",".join(Role), help="separated by commas; default: all")
    parser.add_argument("--billers", default="*", help="separated by commas; default: * (all)")
    parser.add_argument("--caller", default=environment.CALLER, help="who it is issued to; default: %(default)s")
    parser.add_argument(
        "--expires-in", type=int, default=VALID_FOR_S, help="seconds; negative for one that has expired"
    )
    return parser.parse_args(arguments)


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def main(arguments: Sequence[str]) -> None:
    options = parsed(arguments)
    keys = local_keys(environment.data_dir(os.environ))
    print(signed_token(keys, claims_of(options, os.environ, int(time.time()))))


if __name__ == "__main__":
    main(sys.argv[1:])
