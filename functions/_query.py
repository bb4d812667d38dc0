"""Query strings: known names only, each once, each checked."""

import re
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import parse_qsl

import azure.functions as func

from functions._json import PROBLEMS_MAX, shown_name
from shared.auth.caller import Caller
from shared.auth.canonical_url import path_and_query
from shared.payments.errors import FieldError, InvalidRequest
from shared.payments.payment import Payment
from shared.payments.search import PAGE_DEFAULT, PAGE_MAX, Search
from shared.payments.state_machine import State

_STATES: Final = frozenset(State)
_TEXT: Final = re.compile(r"[ -~]{1,255}")
_KEY: Final = re.compile(r"[!-~]{1,255}")
_LIMIT: Final = re.compile(r"[1-9][0-9]{0,2}")
_CURSOR: Final = re.compile(r"pay_[0-9a-f]{32}")

# Query parameter -> whether the value is good, and what to write.
_SEARCH: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "reference": (lambda text: _TEXT.fullmatch(text) is not None, "write 1-255 printable characters"),
    "idempotencyKey": (lambda text: _KEY.fullmatch(text) is not None, "write 1-255 visible ASCII characters"),
    "state": (_STATES.__contains__, f"write one of {', '.join(State)}"),
    "limit": (
        lambda text: _LIMIT.fullmatch(text) is not None and int(text) <= PAGE_MAX,
        f"write an integer from 1 to {PAGE_MAX}",
    ),
    "cursor": (lambda text: _CURSOR.fullmatch(text) is not None, "write `nextCursor` of the page before, unchanged"),
}
_REFRESH: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "refresh": (("true", "false").__contains__, "write true or false"),
}
_FILTERS: Final = frozenset({"reference", "idempotencyKey", "state"})


def read_search(request: func.HttpRequest, caller: Caller) -> Search:
    """What FindPayments shall find, within the caller's billers. Raises InvalidRequest."""
    given = _read(request, _SEARCH)
    if not _FILTERS & given.keys():
        raise InvalidRequest(FieldError("query", f"give at least one of {', '.join(sorted(_FILTERS))}"))
    return Search(
        billers=caller.billers,
        caller=caller.name,
        reference=given.get("reference"),
        idempotency_key=given.get("idempotencyKey"),
        state=given.get("state"),
        before=given.get("cursor"),
        limit=int(given.get("limit", PAGE_DEFAULT)),
    )


def cursor_of(page: Sequence[Payment], search: Search) -> str | None:
    """Where the next page begins; None after a page that was not full."""
    return page[-1].id if len(page) == search.limit else None


def read_refresh(request: func.HttpRequest) -> bool:
    """Whether GetPayment shall ask Chase first. Raises InvalidRequest."""
    return _read(request, _REFRESH).get("refresh") == "true"


def read_nothing(request: func.HttpRequest) -> None:
    """For routes that take no query. Raises InvalidRequest where there is one."""
    _read(request, {})


def _read(request: func.HttpRequest, known: dict[str, tuple[Callable[[str], bool], str]]) -> dict[str, str]:
    pairs = parse_qsl(path_and_query(request.url)[1], keep_blank_values=True)
    problems = []
    for name, text in pairs:
        if name not in known:
            problems.append(FieldError(shown_name(name), "is not a query parameter of this route; leave it out"))
        elif not known[name][0](text):
            problems.append(FieldError(name, known[name][1]))
    if len({name for name, _ in pairs}) != len(pairs):
        problems.append(FieldError("query", "give each parameter once"))
    if problems:
        raise InvalidRequest(*problems[:PROBLEMS_MAX])
    return dict(pairs)
