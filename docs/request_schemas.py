"""Schemas of the bodies that callers send, made of the models that read them."""

from typing import Any, Final

from pydantic import BaseModel

from shared.payments.updates import RESOLUTIONS, UpdateEvent

# What the models check in Python, in the words of JSON Schema.
_TEXT: Final = {"type": "string"}
_ABSENT: Final = {"type": "null"}
# What an event asks for beside the fields' own forms.
_OF_THE_EVENT: Final[list[dict[str, Any]]] = [
    {
        "if": {"properties": {"event": {"enum": sorted(event.value for event in RESOLUTIONS)}}},
        "then": {"required": ["operationId"], "properties": {"operationId": _TEXT}},
        "else": {
            "if": {"properties": {"event": {"const": UpdateEvent.CONTROL_REPORTED.value}}},
            "else": {"properties": {"operationId": _ABSENT}},
        },
    },
    {
        "if": {"properties": {"event": {"const": UpdateEvent.CONTROL_REPORTED.value}}},
        "then": {"required": ["control"], "properties": {"control": {"type": "object"}}},
        "else": {"properties": {"control": _ABSENT}},
    },
    {
        "if": {"properties": {"event": {"const": UpdateEvent.RETURNED.value}}},
        "then": {
            "properties": {
                "evidence": {
                    "required": ["returnCode", "amountMinor"],
                    "properties": {"returnCode": {"type": "string", "pattern": "^R(?!00)[0-9]{2}$"}},
                }
            }
        },
    },
    {"properties": {"evidence": {"properties": {"amountMinor": {"type": "integer", "minimum": 1}}}}},
]
_ALSO: Final[dict[str, dict[str, Any]]] = {
    "CardBody": {
        "oneOf": [
            {"required": ["number"], "properties": {"number": _TEXT, "token": _ABSENT, "tokenType": _ABSENT}},
            {"required": ["token"], "properties": {"number": _ABSENT, "token": _TEXT}},
        ],
    },
    "UpdateBody": {"allOf": _OF_THE_EVENT},
}
# What is sent to us and never comes back.
_WRITE_ONLY: Final = frozenset({"number", "token", "cvv", "accountNumber", "paymentData"})

# Not every regex engine knows Unicode's categories, so that the pattern here refuses less than we do.
_ANY_SCRIPT: Final = "printable text of any script, in one line; no control, format or unassigned characters, no `<>{}`"
_ANY_SCRIPT_PATTERN: Final = r"^[^\x00-\x1F\x7F-\x9F\u2028\u2029<>{}]+$"


def schemas_of(body: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """The model's schema and those of the models inside it, by name, as they stand under components.schemas."""
    outer = body.model_json_schema(ref_template="#/components/schemas/{model}")
    models: dict[str, dict[str, Any]] = {body.__name__: outer, **outer.pop("$defs")}
    return {name: _clean(model) | _ALSO.get(name, {}) for name, model in models.items()}


def _clean(schema: dict[str, Any]) -> dict[str, Any]:
    """Without what pydantic adds and a reader does not need; `X or null` as one schema of two types."""
    schema = {name: value for name, value in schema.items() if name not in ("title", "default")}
    options: list[dict[str, Any]] = schema.pop("anyOf", [])
    if options and ("$ref" in options[0] or _ABSENT not in options):
        schema["anyOf"] = [_as_text(option) for option in options]
    elif options:
        schema = {**options[0], **schema, "type": [options[0]["type"], "null"]}
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    if "patternProperties" in schema:
        schema["patternProperties"] = {name: _clean(inner) for name, inner in schema["patternProperties"].items()}
        schema["additionalProperties"] = False
    if "properties" in schema:
        schema["properties"] = {name: _property(name, inner) for name, inner in schema["properties"].items()}
    return _in_order(_as_text(schema))


def _property(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {**_clean(schema), "writeOnly": True} if name in _WRITE_ONLY else _clean(schema)


def _as_text(schema: dict[str, Any]) -> dict[str, Any]:
    """A text's description repeats its lengths and pattern for error messages; here they stand beside it."""
    repeated, _, example = schema.get("description", "").partition(", such as ")
    if "characters that match" in repeated:
        del schema["description"]
        schema["examples"] = [example]
    if r"\p{" in schema.get("pattern", ""):
        schema |= {"description": _ANY_SCRIPT, "pattern": _ANY_SCRIPT_PATTERN}
    return schema


def _in_order(schema: dict[str, Any]) -> dict[str, Any]:
    """What a reader looks for first stands first."""
    first = [name for name in ("description", "type", "required") if name in schema]
    return {name: schema[name] for name in (*first, *(name for name in schema if name not in first))}
