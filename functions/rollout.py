"""HTTP: who charges an attempt, and the document that says so."""

from http import HTTPStatus

import azure.functions as func

from functions._http import Call, Reply, answer
from functions._json import read_object
from functions._keys import expected_version
from functions._query import read_nothing
from functions._representation import shown
from shared.auth.caller import Role
from shared.payments.errors import Forbidden

bp = func.Blueprint()


@bp.function_name("DecideRollout")
@bp.route(route="rollout/decisions", methods=["POST"])
async def decide_rollout(req: func.HttpRequest) -> func.HttpResponse:
    return await answer(req, Role.WRITE, _decide)


@bp.function_name("RolloutConfig")
@bp.route(route="rollout/config", methods=["GET", "PUT"])
async def rollout_config(req: func.HttpRequest) -> func.HttpResponse:
    return await answer(req, Role.OPERATE, _change if req.method == "PUT" else _read)


async def _decide(call: Call) -> Reply:
    read_nothing(call.request)
    from functions._follow_ups import read_body
    from functions._rollout import DecisionBody, shown_decision
    from shared.use_cases.decide_rollout import AttemptSold

    body = read_body(DecisionBody, read_object(call.request.get_body()))
    call.caller.require_biller(body.biller_id)
    asked, nonce = body.asked(call.caller.name), call.nonce()
    decide = call.services.decide_rollout
    try:
        decision = await (decide.give_up(asked, nonce) if body.give_up else decide.decide(asked, nonce))
    except AttemptSold as sold:
        payment = shown(sold.payment, call.services.clock.now())
        sold.facts = {**sold.facts, "payment": payment}
        raise
    return Reply(HTTPStatus.OK, shown_decision(decision))


async def _read(call: Call) -> Reply:
    read_nothing(call.request)
    from functions._rollout import shown_entry, shown_version

    _require_every_biller(call)
    current, earlier = await call.services.change_rollout.history()
    body = {**shown_version(current), "history": [shown_entry(version) for version in earlier]}
    return Reply(HTTPStatus.OK, body, {"ETag": f'"{current.version}"'})


async def _change(call: Call) -> Reply:
    read_nothing(call.request)
    from functions._follow_ups import read_body
    from functions._rollout import RolloutBody, shown_version
    from shared.shadow.reading import read_document
    from shared.use_cases.change_rollout import RolloutChange

    _require_every_biller(call)
    version = expected_version(call.request, of="document")
    body = read_body(RolloutBody, read_object(call.request.get_body()))
    change = RolloutChange(
        document=read_document(body.document, billers=call.services.billers),
        version=version,
        actor=call.caller.name,
        reason=body.reason,
        forced=body.force is True,
        nonce=call.nonce(),
    )
    written = await call.services.change_rollout.change(change)
    return Reply(HTTPStatus.OK, shown_version(written), {"ETag": f'"{written.version}"'})


def _require_every_biller(call: Call) -> None:
    if call.caller.billers is not None:
        raise Forbidden("the document is about every biller: it is for callers that may use them all")
