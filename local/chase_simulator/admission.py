"""Who may speak to Chase's routes: the bearer token, the headers, and whether they belong together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from local.chase_simulator.exchange import Call, Refused
from local.chase_simulator.refusals import invalid, not_entitled
from local.chase_simulator.tokens import Tokens
from local.chase_simulator.transaction import Environment
from local.chase_simulator.validation import Problem, Rule, text

_MERCHANT_ID = text(8, 12, r"[A-Za-z0-9]*")
_REQUEST_ID = text(1, 40, r"[!-~]*")
_MINOR_VERSION = text(1, 10, r"[0-9.]*")


@dataclass(frozen=True, slots=True)
class Caller:
    """`request_id` is empty where the route asks for none and none came."""

    environment: Environment
    merchant_id: str
    request_id: str


def admit(tokens: Tokens, call: Call, *, request_id_required: bool = True) -> Caller:
    """
    The caller, as token and headers tell together. Raises Refused.

    It is of an environment only if its credential and its merchant id both are; a mixture is refused.
    """
    credential = tokens.bearer(call)
    problems = [*_header_problems(call.headers, request_id_required=request_id_required)]
    if problems:
        raise Refused(invalid(*problems))
    merchant_id = call.headers["merchant-id"]
    if merchant_id not in credential.merchant_ids:
        raise Refused(not_entitled())
    return Caller(credential.environment, merchant_id, call.headers.get("request-id", ""))


def _header_problems(headers: Mapping[str, str], *, request_id_required: bool) -> Iterator[Problem]:
    yield from _header(headers, "merchant-id", _MERCHANT_ID, required=True)
    yield from _header(headers, "request-id", _REQUEST_ID, required=request_id_required)
    yield from _header(headers, "minorVersion", _MINOR_VERSION, required=False)


def _header(headers: Mapping[str, str], name: str, rule: Rule, *, required: bool) -> Iterator[Problem]:
    if name in headers:
        yield from rule(headers[name], name)
    elif required:
        yield Problem("REQUIRED", "is required", name)
