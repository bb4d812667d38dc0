"""HTTP: does the process run, and do the things outside answer. The only doors that ask nobody who they are."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import azure.functions as func

from shared import wiring
from shared.use_cases.readiness import Status

bp = func.Blueprint()

# Without Chase a sale still gets its answer (503), and every payment can still be read.
_READY_STATUS: Final[Mapping[Status, HTTPStatus]] = {
    Status.OK: HTTPStatus.OK,
    Status.DEGRADED: HTTPStatus.OK,
    Status.DOWN: HTTPStatus.SERVICE_UNAVAILABLE,
}


@bp.function_name("Live")
@bp.route(route="health/live", methods=["GET"])
async def live(req: func.HttpRequest) -> func.HttpResponse:
    return _answer(HTTPStatus.OK, {"status": "ok"})


@bp.function_name("Ready")
@bp.route(route="health/ready", methods=["GET"])
async def ready(req: func.HttpRequest) -> func.HttpResponse:
    health = await wiring.services().readiness.check()
    return _answer(_READY_STATUS[health.status], health.shown())


def _answer(status: HTTPStatus, body: dict[str, object]) -> func.HttpResponse:
    return func.HttpResponse(
        json.dumps(body), status_code=int(status), mimetype="application/json", headers={"Cache-Control": "no-store"}
    )
