"""HTTP: take a payment, read one, find some."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import azure.functions as func

from functions._http import Call, Reply, answer, problem
from functions._json import canonical, read_object
from functions._keys import idempotency_key
from functions._query import cursor_of, read_nothing, read_refresh, read_search
from functions._representation import RETRY_AFTER_S, SALE_STATUS, etag, shown
from shared.auth.caller import Role
from shared.payments.errors import PaymentFailed, PaymentServiceError, ProcessorUnavailable
from shared.payments.payment import Payment
from shared.payments.sale_attempts import BLOCKED_CODE
from shared.payments.state_machine import State
from shared.use_cases.calls import LeftToExisting, SaleAnswer, SaleCall
from shared.use_cases.own_payment import own_payment

bp = func.Blueprint()

# A sale that ended, or stands, without Chase: told as a problem.
SALE_PROBLEM: Final[Mapping[State, Callable[[Payment, dict[str, Any]], PaymentServiceError]]] = {
    State.RECEIVED: lambda payment, _shown: ProcessorUnavailable(payment.id),
    State.FAILED: lambda _payment, shown: PaymentFailed(payment=shown, retry="new_key"),
}


@bp.function_name("Sale")
@bp.route(route="payments", methods=["POST"])
async def sale(req: func.HttpRequest) -> func.HttpResponse:
    # Before its body or its token is looked at: what cannot be taken must cost next to nothing, and say no more.
    return await answer(req, Role.WRITE, _sale, place=lambda services: services.admission.place())


@bp.function_name("GetPayment")
@bp.route(route="payments/{id}", methods=["GET"])
async def get_payment(req: func.HttpRequest) -> func.HttpResponse:
    return await answer(req, Role.READ, _get_payment)


@bp.function_name("FindPayments")
@bp.route(route="payments", methods=["GET"])
async def find_payments(req: func.HttpRequest) -> func.HttpResponse:
    return await answer(req, Role.READ, _find_payments)


async def _sale(call: Call) -> Reply:
    read_nothing(call.request)
    # Models cost a third of the cold start; reading and health need none.
    from functions._requests import fingerprinted, read_sale

    key = idempotency_key(call.request)
    body = read_object(call.request.get_body())
    request, control = read_sale(body, idempotency_key=key)
    call.caller.require_biller(request.biller_id)
    taken = await call.services.sale.take(
        SaleCall(
            request=request,
            caller=call.caller.name,
            idempotency_key=key,
            body=call.services.fingerprints.of(canonical(fingerprinted(body))),
            nonce=call.nonce(),
            control=control,
        )
    )
    if isinstance(taken, LeftToExisting):
        recorded = {} if taken.recorded else {"recorded": False}
        return Reply(HTTPStatus.OK, {"mode": taken.mode, "processor": "existing", **recorded})
    return _sale_reply(call, taken)


async def _get_payment(call: Call) -> Reply:
    payment = await own_payment(call.services.payments, call.request.route_params["id"], call.caller.billers)
    if read_refresh(call.request):
        call.caller.require(Role.OPERATE)
        payment = await call.services.refresh.refresh(payment)
    return Reply(HTTPStatus.OK, shown(payment, call.services.clock.now()), {"ETag": etag(payment)})


async def _find_payments(call: Call) -> Reply:
    found = await call.services.payments.find(search := read_search(call.request, call.caller))
    now = call.services.clock.now()
    items = [shown(payment, now) for payment in found]
    return Reply(HTTPStatus.OK, {"items": items, "nextCursor": cursor_of(found, search)})


def _sale_reply(call: Call, taken: SaleAnswer) -> Reply:
    payment = taken.payment
    body = shown(payment, call.services.clock.now())
    headers = {"Idempotent-Replayed": "true"} if taken.replayed else {}
    if payment.mode == "shadow":
        return Reply(HTTPStatus.ACCEPTED, body, {**headers, "Retry-After": str(RETRY_AFTER_S), "ETag": etag(payment)})
    waits_with_us = payment.state is State.RECEIVED and payment.sale.send_at is not None
    if payment.state in SALE_PROBLEM and not waits_with_us:
        told = problem(SALE_PROBLEM[payment.state](payment, body), call.request)
        return replace(told, headers={**told.headers, **headers})
    status = SALE_STATUS[payment.state]
    if body["outcome"]["code"] == BLOCKED_CODE:
        # Who reads `code` as of a problem finds it, and who reads `outcome.code` as of a decline.
        body["code"] = BLOCKED_CODE
    if status is HTTPStatus.CREATED:
        headers["Location"] = f"{urlsplit(call.request.url).path.rstrip('/')}/{payment.id}"
    if status is HTTPStatus.ACCEPTED:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return Reply(status, body, {**headers, "ETag": etag(payment)})
