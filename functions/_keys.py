"""What a caller says in headers about a write: the key that makes it one, and the version that it rests on."""

import re
from typing import Final

import azure.functions as func

from shared.payments.errors import FieldError, IdempotencyKeyMissing, InvalidRequest, VersionMissing

_KEY: Final = re.compile(r"[!-~]{1,255}")
_VERSION: Final = re.compile(r'"(0|[1-9][0-9]{0,17})"')


def idempotency_key(request: func.HttpRequest) -> str:
    """Raises IdempotencyKeyMissing, or InvalidRequest for one that is none."""
    key: str | None = request.headers.get("idempotency-key")
    if not key:
        raise IdempotencyKeyMissing
    if not _KEY.fullmatch(key):
        raise InvalidRequest(FieldError("Idempotency-Key", "write 1-255 visible ASCII characters"))
    return key


def expected_version(request: func.HttpRequest, *, of: str = "payment") -> int:
    """
    If-Match as a number; 0 is the version of a document that nobody has written yet.

    Raises VersionMissing, or InvalidRequest for what is no version.
    """
    say = f'send the {of}\'s ETag: its version in quotes, such as "3"'
    given: str | None = request.headers.get("if-match")
    if not given:
        raise VersionMissing(FieldError("If-Match", say))
    found = _VERSION.fullmatch(given.strip())
    if found is None:
        raise InvalidRequest(FieldError("If-Match", say))
    return int(found[1])
