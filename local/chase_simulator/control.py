"""The developer's side: books, faults, clock, and where Chase's own routes are."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from aiohttp import web

from local.chase_simulator.faults import Fault, Operation, Order, order_problems
from local.chase_simulator.payment_answers import moment
from local.chase_simulator.validation import Problem, number, record

# Ten years: enough for any story, and far from the end of the calendar.
_ADVANCE_MAX_S: Final = 315_360_000
_ADVANCE: Final = record({"advanceSeconds": number(0, _ADVANCE_MAX_S)})


class Controlled(Protocol):
    """What is controlled: the simulator."""

    @property
    def base_url(self) -> str: ...

    @property
    def token_url(self) -> str: ...

    @property
    def assertion_token_url(self) -> str: ...

    def books(self) -> list[dict[str, Any]]: ...

    async def order(self, order: Order) -> None: ...

    async def advance(self, seconds: float) -> datetime: ...


class ControlDoor:
    """The control routes. A wrong body is a 400 that names each field."""

    def __init__(self, simulator: Controlled) -> None:
        self._simulator = simulator

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/simulator", self.where)
        app.router.add_get("/simulator/books", self.books)
        app.router.add_post("/simulator/faults", self.faults)
        app.router.add_post("/simulator/clock", self.clock)
        return app

    async def where(self, _request: web.Request) -> web.Response:
        simulator = self._simulator
        where = {
            "chaseBaseUrl": simulator.base_url,
            "chaseTokenUrl": simulator.token_url,
            "chaseAssertionTokenUrl": simulator.assertion_token_url,
        }
        return web.json_response(where)

    async def books(self, _request: web.Request) -> web.Response:
        return web.json_response({"payments": self._simulator.books()})

    async def faults(self, request: web.Request) -> web.Response:
        body = await _checked(request, order_problems)
        await self._simulator.order(_order(body))
        return web.json_response(body)

    async def clock(self, request: web.Request) -> web.Response:
        body = await _checked(request, lambda given: _ADVANCE(given, ""))
        try:
            now = await self._simulator.advance(body["advanceSeconds"])
        except OverflowError:
            raise _refused(Problem("RANGE", "the calendar ends before that", "advanceSeconds")) from None
        return web.json_response({"now": moment(now)})


def _order(body: Mapping[str, Any]) -> Order:
    fault = Fault(body["fault"])
    if fault is Fault.REFUSE_CONNECTION:
        return Order(Operation.PAYMENT, fault, delay_ms=body.get("delayMs", 0))
    return Order(Operation(body["operation"]), fault, body.get("times", 1), body.get("delayMs", 0))


async def _checked(
    request: web.Request, problems_of: Callable[[Mapping[str, object]], Iterator[Problem]]
) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise _refused(Problem("SYNTAX", "must be JSON", "body")) from None
    if not isinstance(body, dict):
        raise _refused(Problem("TYPE", "must be a JSON object", "body"))
    problems = [*problems_of(body)]
    if problems:
        raise _refused(*problems)
    return body


def _refused(*problems: Problem) -> web.HTTPBadRequest:
    errors = [{"field": problem.entity, "message": problem.message} for problem in problems]
    return web.HTTPBadRequest(
        text=json.dumps({"code": "invalid-request", "errors": errors}), content_type="application/problem+json"
    )
