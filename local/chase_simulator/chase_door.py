"""Chase's own routes over HTTP: counts a call, lets it meet its fault, does the work to the end, answers."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from local.chase_simulator.exchange import Answer, Call, Refused, Work
from local.chase_simulator.faults import Fault, Faults, Operation, Order
from local.chase_simulator.refusals import duplicate, ended, refusal

# What Chase's time limit is about: with a look-up or a token there is nothing to end.
_TRANSACTIONS: Final = frozenset({Operation.PAYMENT, Operation.VOID, Operation.REFUND})

# Answers in place of the work.
_REFUSING: Final[Mapping[Fault, Answer]] = {
    Fault.HTTP_500: refusal(500, "SERVER_ERROR", "Internal server error"),
    Fault.HTTP_503: refusal(503, "SERVICE_UNAVAILABLE", "Service is unavailable"),
    Fault.HTTP_504: refusal(504, "TIMEOUT", "No answer from the host in time"),
    Fault.HTTP_409: duplicate(),
}

_REQUESTS_MAX: Final = 1000

_Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Arrived:
    """One line of the request log: nothing of a body, and no credential."""

    operation: str
    request_id: str | None
    traceparent: str | None


class ChaseDoor:
    """
    Makes a handler of an operation and its work.

    `ends_after_s` is real time: a transaction that took as long is ended, without a record. `boot_s` measures it, as it
    goes on while the process is frozen.
    """

    def __init__(self, faults: Faults, *, ends_after_s: float, boot_s: Callable[[], float]) -> None:
        self._faults = faults
        self._ends_after_s = ends_after_s
        self._boot_s = boot_s
        self._at_work: set[asyncio.Task[web.Response | None]] = set()
        self.calls: Counter[str] = Counter()
        self.requests: deque[Arrived] = deque(maxlen=_REQUESTS_MAX)

    def handler(self, operation: Operation, work: Work) -> _Respond:
        async def respond(request: web.Request) -> web.StreamResponse:
            arrived_s = self._boot_s()
            self.calls[operation] += 1
            named = {name: request.headers.get(name) for name in ("request-id", "traceparent")}
            self.requests.append(Arrived(operation, named["request-id"], named["traceparent"]))
            call = Call(request.match_info, request.query, request.headers, await request.read())
            response = await self._to_the_end(self._serve(operation, work, call, arrived_s))
            return _dropped(request) if response is None else response

        return respond

    async def stop(self) -> None:
        """Chase itself goes away: what still waits is not done."""
        for task in self._at_work:
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)

    async def _to_the_end(self, serving: Coroutine[Any, Any, web.Response | None]) -> web.Response | None:
        """In a task of its own: a caller that hangs up cancels nothing."""
        task = asyncio.create_task(serving)
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        return await asyncio.shield(task)

    async def _serve(self, operation: Operation, work: Work, call: Call, arrived_s: float) -> web.Response | None:
        """None: the connection is dropped without an answer."""
        order = self._faults.take(operation)
        fault = order.fault if order is not None else None
        if fault is not None and fault in _REFUSING:
            return _response(_REFUSING[fault])
        if fault is Fault.DROP_BEFORE_PROCESSING:
            return None
        waited_s = await _wait(order)
        # A timer may fire a trifle early; a delay of the limit itself is over the limit all the same.
        took_s = max(waited_s, self._boot_s() - arrived_s)
        answer = self._in_time(operation, work, call, took_s)
        if fault is Fault.DROP_AFTER_PROCESSING:
            return None
        return _malformed(answer) if fault is Fault.MALFORMED_JSON else _response(answer)

    def _in_time(self, operation: Operation, work: Work, call: Call, took_s: float) -> Answer:
        if operation in _TRANSACTIONS and took_s >= self._ends_after_s:
            return ended()
        try:
            return work(call)
        except Refused as refused:
            return refused.answer


async def _wait(order: Order | None) -> float:
    """Seconds waited."""
    if order is None or order.fault is not Fault.DELAY:
        return 0.0
    await asyncio.sleep(order.delay_ms / 1000)
    return order.delay_ms / 1000


def _dropped(request: web.Request) -> web.Response:
    """The client has sent everything and hears nothing; the response only ends the handler."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _response(answer: Answer) -> web.Response:
    return _web_response(answer, answer.text())


def _malformed(answer: Answer) -> web.Response:
    """The defect that Chase's mock shows now and then: a field without its value."""
    return _web_response(answer, answer.text().removesuffix("}") + ', "expiry": {"month": ,}}')


def _web_response(answer: Answer, text: str) -> web.Response:
    return web.Response(text=text, status=answer.status, headers=answer.headers, content_type="application/json")
