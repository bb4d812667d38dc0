"""As much of the Blob service's REST interface as the adapter speaks, on loopback: the SDK itself is under test."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from aiohttp import web

_PREFIX = "x-ms-meta-"
_MODIFIED = "Mon, 23 Nov 2026 18:00:00 GMT"


@dataclass
class Blob:
    content: bytes
    metadata: dict[str, str] = field(default_factory=dict)
    version: int = 1

    @property
    def etag(self) -> str:
        return f'"0x{self.version:X}"'


@dataclass
class BlobService:
    """One container `bank`. `refuses` answers 403 to whatever is asked."""

    blobs: dict[str, Blob] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    refuses: bool = False

    def put(self, name: str, content: bytes) -> None:
        version = self.blobs[name].version + 1 if name in self.blobs else 1
        self.blobs[name] = Blob(content, {}, version)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/bank", self._container)
        app.router.add_route("*", "/bank/{name:.+}", self._blob)
        return app

    async def _container(self, request: web.Request) -> web.Response:
        self.calls.append(f"{request.method} list {request.query.get('include', '')}")
        if self.refuses:
            return _error(403, "AuthorizationPermissionMismatch")
        entries = "".join(_entry(name, blob) for name, blob in sorted(self.blobs.items()))
        body = f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="bank"><Blobs>{entries}'
        return web.Response(text=f"{body}</Blobs><NextMarker/></EnumerationResults>", content_type="application/xml")

    async def _blob(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.calls.append(f"{request.method} {name}")
        blob = self.blobs.get(name)
        if blob is None:
            return _error(404, "BlobNotFound")
        if request.method == "PUT":
            return self._mark(request, blob)
        return _content(request, blob)

    def _mark(self, request: web.Request, blob: Blob) -> web.Response:
        if request.headers.get("If-Match") != blob.etag:
            return _error(412, "ConditionNotMet")
        named = {name.lower(): value for name, value in request.headers.items()}
        blob.metadata = {name[len(_PREFIX) :]: value for name, value in named.items() if name.startswith(_PREFIX)}
        blob.version += 1
        return web.Response(headers={"ETag": blob.etag, "Last-Modified": _MODIFIED})


def _content(request: web.Request, blob: Blob) -> web.Response:
    headers = {"ETag": blob.etag, "Last-Modified": _MODIFIED, "x-ms-blob-type": "BlockBlob"}
    asked = request.headers.get("x-ms-range") or request.headers.get("Range")
    if asked is None:
        return web.Response(body=blob.content, headers=headers)
    first, last = (int(bound) for bound in asked.removeprefix("bytes=").split("-"))
    if first >= len(blob.content):
        return _error(416, "InvalidRange")
    part = blob.content[first : last + 1]
    headers["Content-Range"] = f"bytes {first}-{first + len(part) - 1}/{len(blob.content)}"
    return web.Response(status=206, body=part, headers=headers)


def _entry(name: str, blob: Blob) -> str:
    metadata = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in _sorted(blob.metadata.items()))
    properties = (
        f"<Etag>{escape(blob.etag)}</Etag><Last-Modified>{_MODIFIED}</Last-Modified>"
        f"<Content-Length>{len(blob.content)}</Content-Length><BlobType>BlockBlob</BlobType>"
    )
    return (
        f"<Blob><Name>{escape(name)}</Name><Properties>{properties}</Properties><Metadata>{metadata}</Metadata></Blob>"
    )


def _sorted(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(pairs)


def _error(status: int, code: str) -> web.Response:
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>no</Message></Error>'
    return web.Response(status=status, text=body, content_type="application/xml", headers={"x-ms-error-code": code})
