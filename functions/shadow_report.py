"""HTTP: the report of shadow, as JSON for operators; and the page that shows it, which holds no data itself."""

from http import HTTPStatus
from typing import Final

import azure.functions as func

from functions._http import Call, Reply, answer, answer_anybody
from functions._page import page, wants_page
from functions._query import read_nothing
from shared.auth.caller import Role
from shared.payments.errors import Forbidden

bp = func.Blueprint()

# The same address answers either.
_VARIES: Final = {"Vary": "Accept"}


@bp.function_name("ShadowReport")
@bp.route(route="shadow/report", methods=["GET"])
async def shadow_report(req: func.HttpRequest) -> func.HttpResponse:
    if wants_page(req.headers.get("accept", "")):
        return await answer_anybody(req, _page)
    return await answer(req, Role.OPERATE, _report)


async def _page() -> Reply:
    shown = page("shadow_report.html")
    return Reply(HTTPStatus.OK, shown.text, {**_VARIES, **shown.headers}, "text/html")


async def _report(call: Call) -> Reply:
    read_nothing(call.request)
    if call.caller.billers is not None:
        raise Forbidden("the report is about every biller: it is for callers that may use them all")
    return Reply(HTTPStatus.OK, await call.services.shadow_report.report(), _VARIES)
