"""HTTP functions behind the local host, called as a web server calls it."""

import asyncio
import json
import logging
from typing import Any

import azure.functions as func
import pytest

from local.host import Host
from local.http_messages import BODY_BYTES_MAX
from local.registered import registered


async def test_a_function_gets_the_request_as_it_came(call: Any) -> None:
    headers = [("host", "127.0.0.1:7071"), ("x-correlation-id", "abc"), ("accept", "a/b"), ("accept", "c/d")]

    answered = await call("POST", "/api/v1/echo?b=%2f&a=1+2&a=3&empty=", headers=headers, chunks=(b"one ", b"two"))

    assert answered.status == 201
    assert json.loads(answered.body) == {
        "url": "http://127.0.0.1:7071/api/v1/echo?b=%2f&a=1+2&a=3&empty=",
        "headers": {"host": "127.0.0.1:7071", "x-correlation-id": "abc", "accept": "a/b, c/d"},
        "params": {"b": "/", "a": "1 2,3"},
        "body": "one two",
    }


async def test_an_answer_says_its_length_and_its_type_without_a_charset_for_json(call: Any) -> None:
    answered = await call("POST", "/api/v1/echo")

    assert answered.header("content-type") == "application/json"
    assert answered.header("content-length") == str(len(answered.body))


async def test_a_plain_function_runs_too_with_its_context_and_the_decoded_parameter(call: Any) -> None:
    answered = await call("GET", "/api/v1/things/a%20b")

    assert answered.body == b"OneThing:a b:36"
    assert answered.header("content-type") == "text/plain; charset=utf-8"


async def test_a_literal_route_goes_before_a_parameter(call: Any) -> None:
    listed = await call("GET", "/api/v1/things/list")
    voided = await call("POST", "/api/v1/things/list/void")

    assert (listed.body, voided.body) == (b"the list", b"void list")


async def test_a_header_may_be_answered_more_than_once(call: Any) -> None:
    answered = await call("GET", "/api/v1/cookies")

    assert [pair for pair in answered.headers if pair[0] == "x-many"] == [("x-many", "a"), ("x-many", "b")]


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/v1/none"), ("GET", "/echo"), ("DELETE", "/api/v1/echo")])
async def test_an_unknown_route_or_another_method_is_404(call: Any, method: str, path: str) -> None:
    answered = await call(method, path)

    assert (answered.status, answered.body) == (404, b"")


async def test_what_a_function_raises_is_logged_and_answered_500_empty(
    call: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answered = await call("GET", "/api/v1/fails")

    assert (answered.status, answered.body) == (500, b"")
    assert "Fails failed" in caplog.text
    assert "on purpose" in caplog.text


async def test_a_body_over_the_limit_is_413_and_not_read_to_its_end(call: Any) -> None:
    half = b"x" * (BODY_BYTES_MAX // 2)

    answered = await call(
        "POST", "/api/v1/echo", headers=[("x-correlation-id", "abc")], chunks=(half, half, b"x", half)
    )

    assert answered.status == 413
    assert answered.header("content-type") == "application/problem+json"
    assert answered.header("x-correlation-id") == "abc"
    assert json.loads(answered.body)["code"] == "payload-too-large"
    assert call.read == 3


async def test_a_body_announced_as_too_large_is_not_read_at_all(call: Any) -> None:
    answered = await call("POST", "/api/v1/echo", headers=[("content-length", str(BODY_BYTES_MAX + 1))])

    assert (answered.status, call.read) == (413, 0)


async def test_a_caller_who_hangs_up_in_the_middle_of_its_body_calls_no_function(call: Any) -> None:
    answered = await call("POST", "/api/v1/echo", chunks=(b"{",), disconnect=True)

    assert answered is None


@pytest.mark.parametrize(
    ("returned", "status", "body"),
    [("text", 200, b"text"), (None, 204, b""), (42, 500, b"")],
    ids=["a string", "nothing", "something else"],
)
async def test_what_a_function_may_return_beside_a_response(
    calling: Any, returned: Any, status: int, body: bytes
) -> None:
    app = func.FunctionApp()

    @app.route(route="returns", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    async def returns(req: func.HttpRequest) -> Any:
        return returned

    answered = await calling(Host(registered(app, {}).http, route_prefix=""))("GET", "/returns")

    assert (answered.status, answered.body) == (status, body)


async def test_the_host_takes_part_in_a_web_servers_start_and_end() -> None:
    told = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    said: list[str] = []

    async def receive() -> Any:
        return next(told)

    async def send(message: Any) -> None:
        said.append(message["type"])

    await asyncio.wait_for(Host((), route_prefix="")({"type": "lifespan"}, receive, send), 1)

    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
