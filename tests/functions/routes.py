"""The HTTP routes as the app itself declares them, each with what the contract says of it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest

import function_app
from local.registered import declared
from shared.auth.caller import Role


@dataclass(frozen=True)
class Door:
    """
    What the contract says of a function: the role it asks for (None: anybody), and how it answers for another biller.

    `query` and `body` make a request that it would take from a good caller who last saw `version`; `captured` if it is
    about a payment that Chase has captured.
    """

    role: Role | None
    foreign: HTTPStatus | None = None
    query: str = ""
    body: Mapping[str, Any] | None = None
    captured: bool = False
    version: int = 2


# A function of several methods has a door for each.
Doors = Mapping[str, Door | Mapping[str, Door]]


@dataclass(frozen=True)
class Route:
    """One method of one HTTP function."""

    name: str
    method: str
    template: str
    door: Door

    @property
    def body(self) -> bytes:
        return b"" if self.door.body is None else json.dumps(self.door.body).encode()

    def path(self, payment_id: str) -> str:
        """A path that the route matches, with its query."""
        return "/" + re.sub(r"\{\w+\}", payment_id, self.template) + self.door.query


def http_routes(doors: Doors) -> list[Route]:
    """Every HTTP route of the app. What `doors` does not know is held to let nobody in."""
    triggers = [(each.get_function_name(), each.get_trigger().get_dict_repr()) for each in declared(function_app.app)]
    return [
        Route(name, method, trigger["route"], _door(doors.get(name), method))
        for name, trigger in triggers
        if trigger["type"] == "httpTrigger"
        for method in (str(getattr(method, "value", method)) for method in trigger["methods"])
    ]


def _door(known: Door | Mapping[str, Door] | None, method: str) -> Door:
    found = known.get(method) if isinstance(known, Mapping) else known
    return Door(Role.OPERATE) if found is None else found


def over(routes: list[Route]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("route", routes, ids=[f"{route.name}-{route.method}" for route in routes])
