"""docs/openapi.yaml as tests ask it: what is promised of an operation, and where an answer departs from that."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import yaml
from jsonschema import Draft202012Validator, FormatChecker

from tests.house import Answer

DOCUMENT: Final[dict[str, Any]] = yaml.safe_load((Path(__file__).parents[1] / "docs" / "openapi.yaml").read_text())
# Said of every answer once, in the document's own description.
_OF_EVERY_ANSWER: Final = frozenset({"content-type", "content-length", "cache-control"})


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    described: dict[str, Any]

    @property
    def responses(self) -> dict[int, dict[str, Any]]:
        return {int(status): resolved(response) for status, response in self.described["responses"].items()}

    @property
    def function(self) -> str:
        """Its function's name: `x-function` where one function has several methods, and the id can be that of one."""
        return str(self.described.get("x-function", self.described["operationId"]))

    @property
    def role(self) -> str | None:
        """The role that it asks for, the same in both schemes; None where nobody is asked who they are."""
        return self.role_of_event("*")

    def role_of_event(self, event: str) -> str | None:
        """The same where it depends on the event in the body: `x-role-of-event`, in which `*` is every other one."""
        roles = {role for scheme in self.described["security"] for listed in scheme.values() for role in listed}
        by_event = self.described.get("x-role-of-event", {"*": next(iter(roles), None)})
        assert {role for role in by_event.values() if role} == roles
        return by_event.get(event, by_event["*"])


OPERATIONS: Final = {
    described["operationId"]: Operation(method.upper(), path, described)
    for path, methods in DOCUMENT["paths"].items()
    for method, described in methods.items()
}


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """What a reference stands for; anything else as it is."""
    if "$ref" not in node:
        return node
    found = DOCUMENT
    for part in node["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def errors(schema: dict[str, Any], value: Any) -> list[str]:
    """Where `value` departs from a schema of the document."""
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]}, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def departures(answer: Answer, operation: str) -> list[str]:
    """Where an answer departs from what the contract says of its operation and status."""
    responses = OPERATIONS[operation].responses
    if answer.status not in responses:
        return [f"{operation} answers {answer.status}, which the contract does not have"]
    response = responses[answer.status]
    return [*_in_headers(answer, response.get("headers", {})), *_in_content(answer, response["content"])]


def _in_content(answer: Answer, content: dict[str, Any]) -> Iterator[str]:
    media_type = answer.headers["content-type"].partition(";")[0]
    if media_type not in content:
        yield f"answers {media_type}"
        return
    yield from errors(content[media_type]["schema"], answer.body)
    if media_type == "application/problem+json":
        yield from answer.body.keys() - DOCUMENT["components"]["schemas"]["Problem"]["properties"].keys()
        if answer.body["status"] != HTTPStatus(answer.status):
            yield "the status inside is another one"


def _in_headers(answer: Answer, promised: dict[str, Any]) -> Iterator[str]:
    headers = {name.lower(): resolved(header) for name, header in promised.items()}
    yield from (f"header {name} is not described" for name in answer.headers.keys() - headers.keys() - _OF_EVERY_ANSWER)
    for name, header in headers.items():
        if name in answer.headers:
            yield from (f"header {name}: {error}" for error in errors(header["schema"], _read(answer, name, header)))
        elif header.get("required"):
            yield f"header {name} is missing"


def _read(answer: Answer, name: str, header: dict[str, Any]) -> str | int:
    text = answer.headers[name]
    return int(text) if header["schema"].get("type") == "integer" else text
