"""Stands before Chase's token endpoint and remembers the access tokens that pass: a secret that nobody else tells."""

import aiohttp
from aiohttp import web

from local.chase_simulator.listener import Listener


class TokenTap:
    """Serves at `url`, and asks `target` itself. The next `made_up` tokens are ones that Chase does not know."""

    def __init__(self) -> None:
        self.target = ""
        self.issued: list[str] = []
        self.made_up = 0
        app = web.Application()
        app.router.add_post("/token", self._pass_on)
        self._listener = Listener(app)

    async def __aenter__(self) -> "TokenTap":
        await self._listener.start("127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._listener.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.port}/token"

    async def _pass_on(self, request: web.Request) -> web.Response:
        asked = {name: request.headers[name] for name in ("Authorization", "Content-Type")}
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(self.target, data=await request.read(), headers=asked) as answer,
            ):
                return self._remembered(answer.status, await answer.read(), await answer.json())
        except aiohttp.ClientConnectionError:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        except ValueError:
            return web.Response(text="{")

    def _remembered(self, status: int, body: bytes, granted: dict[str, object]) -> web.Response:
        token = str(granted.get("access_token", ""))
        if token and self.made_up:
            self.made_up -= 1
            granted["access_token"] = token = token[::-1]
        self.issued.append(token)
        return web.json_response(granted, status=status)
