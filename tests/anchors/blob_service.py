"""
As much of Blob Storage as the adapter speaks to, on loopback: blocks, a commit that may be conditional, reads, a list.

It answers as Microsoft's REST reference says; that Azure itself answers so is proved nowhere here.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from xml.etree import ElementTree

from aiohttp import web
from multidict import CIMultiDict

_DATED = {"Last-Modified": "Mon, 23 Nov 2026 18:00:00 GMT", "ETag": '"0x1"'}


@dataclass
class BlobService:
    """`blobs` by name; `failing` is the status of every answer while it is set."""

    url: str = ""
    blobs: dict[str, bytes] = field(default_factory=dict)
    staged: dict[str, dict[str, bytes]] = field(default_factory=dict)
    failing: int | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.failing is not None:
            return _refused(self.failing, "AuthorizationFailure")
        name, what = request.match_info.get("name", ""), request.query.get("comp")
        if request.method == "PUT" and what == "block":
            self.staged.setdefault(name, {})[request.query["blockid"]] = await request.read()
            return web.Response(status=201)
        if request.method == "PUT" and what == "blocklist":
            return self._committed(name, request.headers, await request.read())
        if what == "list":
            listed = "".join(f"<Blob><Name>{each}</Name></Blob>" for each in sorted(self.blobs))
            text = f"<EnumerationResults><Blobs>{listed}</Blobs><NextMarker/></EnumerationResults>"
            return web.Response(text=text, content_type="application/xml")
        if name not in self.blobs:
            return _refused(404, "BlobNotFound")
        return _read(request, self.blobs[name])

    def _committed(self, name: str, headers: "CIMultiDict[str]", body: bytes) -> web.Response:
        if headers.get("If-None-Match") == "*" and name in self.blobs:
            return _refused(409, "BlobAlreadyExists")
        ids = [str(block.text) for block in ElementTree.fromstring(body)]  # noqa: S314 - our own client's
        staged = self.staged.pop(name, {})
        self.blobs[name] = b"".join(staged[each] for each in ids)
        return web.Response(status=201, headers=_DATED)


def _read(request: web.Request, blob: bytes) -> web.Response:
    whole = {**_DATED, "x-ms-blob-type": "BlockBlob"}
    if request.method == "HEAD":
        return web.Response(headers={**whole, "Content-Length": str(len(blob))})
    first, _, last = request.headers["x-ms-range"].removeprefix("bytes=").partition("-")
    part = blob[int(first) : int(last) + 1]
    ranged = {**whole, "Content-Range": f"bytes {first}-{int(first) + len(part) - 1}/{len(blob)}"}
    return web.Response(status=206, body=part, headers=ranged)


def _refused(status: int, code: str) -> web.Response:
    return web.Response(status=status, headers={"x-ms-error-code": code})


@asynccontextmanager
async def serving() -> AsyncIterator[BlobService]:
    service = BlobService()
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_route("*", "/account/anchors", service.answer)
    app.router.add_route("*", "/account/anchors/{name}", service.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    service.url = f"http://{host}:{port}/account/anchors"
    try:
        yield service
    finally:
        await runner.cleanup()
