"""What comes in and what goes out on Chase's own routes, apart from HTTP's machinery."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A request read to its end. Its headers and body hold secrets, so they never print."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON object (None: an empty body) and further headers."""

    status: int
    body: Mapping[str, object] | None
    headers: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        return "" if self.body is None else json.dumps(self.body)


# What a route does, at once: whoever hangs up meanwhile cannot stop it half-way.
Work = Callable[[Call], Answer]


class Refused(Exception):
    """The call goes no further; `answer` says why in Chase's words."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"refused with {answer.status}")
        self.answer = answer
