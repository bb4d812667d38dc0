"""A tiny ledger service on loopback, by docs/ledger.md: idempotent, and slow, down or refusing on order."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class LedgerService:
    """
    `booked` is what is in its books, by id; `requests` the headers and bodies that came, in order.

    `does` is what happens to the requests that come: "book", "refuse", "fall silent", "drop the line", "book and drop
    the line", "redirect", or a status to answer without booking anything.
    """

    booked: dict[str, Any] = field(default_factory=dict)
    requests: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    does: str | int = "book"
    url: str = ""
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def put(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        self.requests.append((dict(request.headers), body))
        if isinstance(self.does, int):
            return web.Response(status=self.does, text="a-word-of-the-ledger")
        if self.does == "fall silent":
            await self.ended.wait()
        if self.does == "redirect":
            return web.Response(status=307, headers={"Location": f"{self.url}/elsewhere/{body['id']}"})
        if self.does == "refuse":
            return web.json_response({"code": "unbalanced"}, status=422)
        if self.does == "drop the line":
            return self._dropped(request)
        answer = self._book(request.match_info["id"], body)
        return self._dropped(request) if self.does == "book and drop the line" else answer

    def _book(self, posting_id: str, body: Any) -> web.Response:
        """201 the first time, 200 for the same again, 422 for another under the same id, 400 for what is wrong."""
        sides = [sum(entry[side] for entry in body["entries"]) for side in ("debitMinor", "creditMinor")]
        if body["version"] != 1 or body["id"] != posting_id or sides[0] != sides[1]:
            return web.Response(status=400)
        if posting_id in self.booked:
            return web.Response(status=200 if self.booked[posting_id] == body else 422)
        self.booked[posting_id] = body
        return web.Response(status=201, text="{}")

    def _dropped(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response(status=500)


@asynccontextmanager
async def ledger_service() -> AsyncIterator[LedgerService]:
    """One that runs as long as the block."""
    service = LedgerService()
    app = web.Application()
    app.router.add_put("/ledger/postings/{id}", service.put)
    app.router.add_put("/ledger/elsewhere/{id}", service.put)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}/ledger"
    try:
        yield service
    finally:
        service.ended.set()
        await runner.cleanup()
