"""HTTP: what follows a sale - void it, refund it, report what happened to it."""

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import azure.functions as func

from functions._http import Call, Reply, answer, problem
from functions._json import canonical, read_object
from functions._keys import expected_version, idempotency_key
from functions._query import read_nothing
from functions._representation import RETRY_AFTER_S, etag, shown
from shared.auth.caller import Role
from shared.payments.errors import InvalidState
from shared.payments.next_step import allowed_actions
from shared.payments.operations import OperationKind, OperationState
from shared.payments.updates import UpdateEvent
from shared.shadow.pair import Control
from shared.use_cases.calls import FollowUpAnswer

if TYPE_CHECKING:
    from functions._requests import ControlBody

bp = func.Blueprint()

_STATUS: Final = {
    OperationState.SUCCEEDED: HTTPStatus.CREATED,
    OperationState.QUEUED: HTTPStatus.ACCEPTED,
    OperationState.SUBMITTED: HTTPStatus.ACCEPTED,
    OperationState.UNKNOWN: HTTPStatus.ACCEPTED,
    OperationState.DECLINED: HTTPStatus.PAYMENT_REQUIRED,
}
# Definitely not done, and not for the payer's bank's sake: told as what the payment's state does not allow.
_NOT_DONE: Final = {
    (OperationState.FAILED, OperationKind.VOID),
    (OperationState.FAILED, OperationKind.REFUND),
    (OperationState.DECLINED, OperationKind.VOID),
}


@bp.function_name("Void")
@bp.route(route="payments/{id}/void", methods=["POST"])
async def void(req: func.HttpRequest) -> func.HttpResponse:
    return await answer(req, Role.WRITE, _void)


@bp.function_name("Refund")
@bp.route(route="payments/{id}/refunds", methods=["POST"])
async def refund(req: func.HttpRequest) -> func.HttpResponse:
    return await answer(req, Role.WRITE, _refund)


@bp.function_name("UpdatePaymentState")
@bp.route(route="payments/{id}/state", methods=["POST"])
async def update_payment_state(req: func.HttpRequest) -> func.HttpResponse:
    return await answer(req, None, _update)


async def _void(call: Call) -> Reply:
    from functions._follow_ups import VoidBody, read_body
    from shared.use_cases.void import VoidCall

    asked, body = _asked(call, "void")
    read = read_body(VoidBody, body)
    or_refund = read.if_captured == "refund"
    control = _control(read.control)
    done = await call.services.void.void(VoidCall(**asked, reason=read.reason, or_refund=or_refund, control=control))
    return _reply(call, done)


async def _refund(call: Call) -> Reply:
    from functions._follow_ups import RefundBody, read_body
    from shared.use_cases.refund import RefundCall

    asked, body = _asked(call, "refund")
    read = read_body(RefundBody, body)
    or_void = read.if_not_captured == "void"
    done = await call.services.refund.refund(
        RefundCall(
            **asked,
            reason=read.reason,
            amount_minor=read.amount_minor,
            or_void=or_void,
            control=_control(read.control),
        )
    )
    return _reply(call, done)


async def _update(call: Call) -> Reply:
    from functions._follow_ups import UpdateBody, read_body
    from shared.use_cases.update_state import UpdateCall

    read_nothing(call.request)
    body = read_object(call.request.get_body())
    is_control = body.get("event") == UpdateEvent.CONTROL_REPORTED
    call.caller.require(Role.WRITE if is_control else Role.OPERATE)
    version = None if is_control else expected_version(call.request)
    read = read_body(UpdateBody, body)
    update = UpdateCall(
        payment_id=call.request.route_params["id"],
        billers=call.caller.billers,
        caller=call.caller.name,
        update=read.update(),
        version=version,
        nonce=call.nonce(),
    )
    if read.control is not None:
        payment = await call.services.control_report.report(update, read.control.control())
    else:
        payment = await call.services.update_state.update(update)
    return Reply(HTTPStatus.OK, shown(payment, call.services.clock.now()), {"ETag": etag(payment)})


def _asked(call: Call, verb: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What void and refund are called with alike, and the body. `control` is no part of what makes two bodies one."""
    read_nothing(call.request)
    payment_id = call.request.route_params["id"]
    key = idempotency_key(call.request)
    body = read_object(call.request.get_body())
    same = {name: value for name, value in body.items() if name != "control"}
    asked = {
        "payment_id": payment_id,
        "billers": call.caller.billers,
        "caller": call.caller.name,
        "idempotency_key": key,
        "body": call.services.fingerprints.of(canonical({"verb": verb, "payment": payment_id, "body": same})),
        "nonce": call.nonce(),
    }
    return asked, body


def _control(body: "ControlBody | None") -> Control | None:
    return None if body is None else body.control()


def _reply(call: Call, done: FollowUpAnswer) -> Reply:
    payment, now = done.payment, call.services.clock.now()
    headers = {"Idempotent-Replayed": "true"} if done.replayed else {}
    if payment.mode == "shadow" or done.operation is None:
        waits = {"Retry-After": str(RETRY_AFTER_S), "ETag": etag(payment)}
        return Reply(HTTPStatus.ACCEPTED, shown(payment, now), {**headers, **waits})
    state = done.operation.state
    if (state, done.operation.kind) in _NOT_DONE:
        why = f"Chase did not do it: the payment is {payment.state}"
        refused = InvalidState(why, state=payment.state, allowedActions=allowed_actions(payment, now))
        told = problem(refused, call.request)
        return replace(told, headers={**told.headers, **headers})
    status = _STATUS[state]
    if status is HTTPStatus.CREATED:
        headers["Location"] = urlsplit(call.request.url).path.rstrip("/").rpartition("/")[0]
    if status is HTTPStatus.ACCEPTED:
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return Reply(status, shown(payment, now), {**headers, "ETag": etag(payment)})
