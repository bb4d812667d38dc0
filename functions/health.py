"""HTTP: does the process run, and do the things outside answer. The only doors that ask nobody who they are."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import azure.functions as func

from functions._http import Reply, answer_anybody
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
    return await answer_anybody(req, _live)


@bp.function_name("Ready")
@bp.route(route="health/ready", methods=["GET"])
async def ready(req: func.HttpRequest) -> func.HttpResponse:
    return await answer_anybody(req, _ready)


async def _live() -> Reply:
    return Reply(HTTPStatus.OK, {"status": "ok"})


async def _ready() -> Reply:
    health = await wiring.services().readiness.check()
    return Reply(_READY_STATUS[health.status], health.shown())
