"""What every HTTP door shares: who calls, what they hear, and the one table from errors to status codes."""

import json
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

import azure.functions as func

from functions._json import BODY_BYTES_MAX
from shared import wiring
from shared.auth.caller import Caller, Role
from shared.auth.canonical_url import path_and_query
from shared.payments import errors
from shared.payments.cards import CARD_DIGITS_MIN, holds_a_written_number
from shared.payments.idempotency import Nonce
from shared.telemetry.context import TRACEPARENT, entered

STATUS_OF: Final[Mapping[type[Exception], HTTPStatus]] = {
    errors.InvalidRequest: HTTPStatus.BAD_REQUEST,
    errors.PayloadTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.VersionMissing: HTTPStatus.PRECONDITION_REQUIRED,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.StaleVersion: HTTPStatus.PRECONDITION_FAILED,
    errors.IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.RefundExceedsBalance: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.PaymentFailed: HTTPStatus.BAD_GATEWAY,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    Exception: HTTPStatus.INTERNAL_SERVER_ERROR,
}
PROBLEM_TYPE: Final = "urn:ic-chase-payments:problem:"
PROBLEM_JSON: Final = "application/problem+json"

_CORRELATION_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
# Its digits are no card number, whatever they look like.
_PAYMENT_ID: Final = re.compile(r"pay_[0-9a-f]{32}")
_NO_DIGIT: Final = re.compile(r"[^0-9]+")
_COMPACT: Final = json.JSONEncoder(separators=(",", ":"))
_LOG: Final = logging.getLogger("payments.http")


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated call: the request, who sent it, and the parts of the service."""

    request: func.HttpRequest
    caller: Caller
    services: "wiring.Services"

    def nonce(self) -> Nonce | None:
        """The nonce of a signed write, to be stored in its commit."""
        if self.caller.key_id is None or self.caller.nonce is None:
            return None
        return Nonce(self.caller.key_id, self.caller.nonce, self.services.real_clock.now())


@dataclass(frozen=True, slots=True)
class Reply:
    """`body` is shown as JSON; a text as it is."""

    status: HTTPStatus
    body: Mapping[str, Any] | str
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


async def answer(
    request: func.HttpRequest,
    role: Role | None,
    handle: Callable[[Call], Awaitable[Reply]],
    *,
    place: Callable[["wiring.Services"], AbstractAsyncContextManager[None]] | None = None,
) -> func.HttpResponse:
    """
    Authenticate, require `role`, hand the call to `handle`, and turn what comes of it into a response.

    `role` None leaves authorization to `handle`. `place` is entered first of all, and may raise what refuses the call.
    """

    async def admitted() -> Reply:
        async with nullcontext() if place is None else place(wiring.services()):
            return await _handled(request, role, handle)

    return await answer_anybody(request, admitted)


async def answer_anybody(request: func.HttpRequest, handle: Callable[[], Awaitable[Reply]]) -> func.HttpResponse:
    """
    Turn what comes of `handle` into a response, whoever asks.

    Expected errors become problem details; anything else is logged by its type and place, and answered 500 with the
    correlation id and nothing else.
    """
    correlation = correlation_id_for(request.headers.get("x-correlation-id"))
    with entered(correlation, request.headers.get(TRACEPARENT)):
        try:
            reply = await handle()
        except errors.PaymentServiceError as error:
            reply = problem(error, request)
        except Exception as error:
            # The text of an unexpected error may hold anything; its type and place are enough to find it.
            told = {"correlation_id": correlation}
            _LOG.error("unexpected %s at %s", type(error).__name__, _place(error), extra=told)
            reply = _internal_error(request, correlation)
    return _response(reply, correlation)


async def _handled(request: func.HttpRequest, role: Role | None, handle: Callable[[Call], Awaitable[Reply]]) -> Reply:
    body = request.get_body()
    if len(body) > BODY_BYTES_MAX:
        raise errors.PayloadTooLarge(BODY_BYTES_MAX)
    services = wiring.services()
    authorization = request.headers.get("authorization")
    try:
        caller = await services.authenticator.authenticate(authorization, request.method, request.url, body)
        if role is not None:
            caller.require(role)
        return await handle(Call(request, caller, services))
    except errors.Unauthenticated as refusal:
        # From the authenticator, or from the commit that met a nonce again.
        services.telemetry.event("auth.refused", reason=refusal.reason)
        # Up to the colon it is one of a few; behind it a key id may stand.
        services.telemetry.count("auth.refused", reason=refusal.reason.partition(":")[0])
        raise


def status_of(error: Exception) -> HTTPStatus:
    """The status of the nearest kind of error that the table knows."""
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


def problem(error: errors.PaymentServiceError, request: func.HttpRequest) -> Reply:
    """RFC 9457 problem details of an expected error."""
    status = status_of(error)
    body: dict[str, Any] = {
        "type": PROBLEM_TYPE + error.code,
        "title": error.title,
        "status": int(status),
        "code": error.code,
        "detail": error.detail,
        "instance": _shown_path(request.url),
        **error.facts,
    }
    if isinstance(error, errors.InvalidRequest):
        body["errors"] = [{"field": found.field, "message": found.message} for found in error.errors]
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer, IC-HMAC-SHA256"
    return Reply(status, body, headers, PROBLEM_JSON)


def _internal_error(request: func.HttpRequest, correlation: str) -> Reply:
    unexpected = errors.PaymentServiceError(correlationId=correlation)
    return problem(unexpected, request)


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"


def correlation_id_for(sent: str | None) -> str:
    """The caller's own if it is a plain id; a card number by mistake would reach every log."""
    sent = sent or ""
    if _CORRELATION_ID.fullmatch(sent) and not _holds_a_number(sent):
        return sent
    return str(uuid.uuid4())


def _shown_path(url: str) -> str:
    """The path that was called; a card number that slipped into it is not said back."""
    path = path_and_query(url)[0]
    if len(_NO_DIGIT.sub("", unquote(path))) < CARD_DIGITS_MIN:
        # Most paths: a refusal that comes a thousand times a second is not to look for what cannot be there.
        return path
    return "/".join("(hidden)" if _holds_a_number(unquote(segment)) else segment for segment in path.split("/"))


def _holds_a_number(text: str) -> bool:
    return not _PAYMENT_ID.fullmatch(text) and holds_a_written_number(text)


def _response(reply: Reply, correlation: str) -> func.HttpResponse:
    return func.HttpResponse(
        reply.body if isinstance(reply.body, str) else _COMPACT.encode(reply.body),
        status_code=int(reply.status),
        mimetype=reply.media_type,
        charset="utf-8",
        headers={**reply.headers, "X-Correlation-Id": correlation, "Cache-Control": "no-store"},
    )
