"""Fetches the document that holds an issuer's keys: from a file on a laptop, over https everywhere else."""

import asyncio
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

FETCH_TIMEOUT_S: Final = 5
# Entra's own document is about 15 KiB.
DOCUMENT_BYTES_MAX: Final = 256 * 1024
# Where plain http cannot be overheard.
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


async def fetch(url: str) -> bytes:
    """
    The document at a file, https or loopback http URL, off the event loop; no redirect is followed, no proxy is used.

    Raises OSError (unreachable, silent for 5 s, refused) or ValueError (another URL, more than 256 KiB).
    """
    async with asyncio.timeout(FETCH_TIMEOUT_S):
        return await asyncio.to_thread(_read, url)


def _read(url: str) -> bytes:
    parts = urlsplit(url)
    content = _read_file(parts) if parts.scheme == "file" else _read_http(parts)
    if len(content) > DOCUMENT_BYTES_MAX:
        raise ValueError(f"the key document is larger than {DOCUMENT_BYTES_MAX} bytes")
    return content


def _read_file(parts: SplitResult) -> bytes:
    path = unquote(parts.path)
    is_windows_drive = path[2:3] == ":"  # file:///C:/keys.json
    with open(path[1:] if is_windows_drive else path, "rb") as file:
        return file.read(DOCUMENT_BYTES_MAX + 1)


def _read_http(parts: SplitResult) -> bytes:
    connection = _connection(parts)
    try:
        connection.request("GET", parts._replace(scheme="", netloc="", fragment="").geturl() or "/")
        response = connection.getresponse()
        if response.status != 200:
            raise OSError(f"the key document was answered with status {response.status}")
        return response.read(DOCUMENT_BYTES_MAX + 1)
    except HTTPException as error:
        raise OSError("the key document was answered with something that is not HTTP") from error
    finally:
        connection.close()


def _connection(parts: SplitResult) -> HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return HTTPSConnection(host, parts.port, timeout=FETCH_TIMEOUT_S)
    if parts.scheme == "http" and host in _LOOPBACK:
        return HTTPConnection(host, parts.port, timeout=FETCH_TIMEOUT_S)
    raise ValueError("keys are read from a file or over https")
