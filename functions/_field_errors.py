"""From what a model found wrong to what its caller reads: the field's path, and what to write there."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from functions._instruments import METHODS
from functions._json import PROBLEMS_MAX, Path, shown_path
from shared.payments.errors import FieldError, InvalidRequest

# A shorter text than this may stand in another one by chance.
_SEALED_LENGTH_MIN: Final = 8
_SEPARATORS: Final = re.compile(r"[^A-Za-z0-9]")
_PLAIN: Final = re.compile(r"[A-Za-z0-9]+")
_TYPE: Final = f"write one of {', '.join(f'`{name}`' for name in METHODS)}"


def refusal(error: ValidationError, model: type[BaseModel]) -> InvalidRequest:
    """`error`, met while reading a body as `model`, as the caller hears it; never a value among it."""
    found = error.errors(include_input=False, include_url=False)[:PROBLEMS_MAX]
    return InvalidRequest(*(_problem(problem, model) for problem in found))


def keep_in_place(body: Mapping[str, Any], sealed: list[str]) -> None:
    """What stands sealed in `method` must stand nowhere else, nor name a field: it would be stored and logged there."""
    hidden = [plain for text in sealed if len(plain := _SEPARATORS.sub("", text)) >= _SEALED_LENGTH_MIN]
    elsewhere = {name: value for name, value in body.items() if name != "method"}
    # All texts at once first: where it stands in none, which is always but for a slip, nothing more is looked at.
    all_plain = "".join(_PLAIN.findall("".join(_all_texts(elsewhere))))
    if not any(secret in all_plain for secret in hidden):
        return
    for path, text in _texts(elsewhere, ()):
        if any(secret in _SEPARATORS.sub("", text) for secret in hidden):
            raise InvalidRequest(FieldError(shown_path(path), "holds what belongs in `method` alone; leave it out"))


def _problem(found: Any, model: type[BaseModel]) -> FieldError:
    kind, path = found["type"], _without_tag(found["loc"])
    field = shown_path(part for part in path if part != "[key]")
    match kind:
        case "union_tag_not_found" | "union_tag_invalid":
            return FieldError(f"{field}.type", _TYPE)
        case "missing":
            return FieldError(field, f"is required: {_description(found['loc'], model)}")
        case "extra_forbidden":
            return FieldError(field, "is not a field of this request; leave it out")
        case "value_error" if found["msg"].startswith("Value error, send") or "goes with" in found["msg"]:
            return FieldError(field, found["msg"].removeprefix("Value error, "))
    return FieldError(field, f"write {_description(found['loc'], model)}")


def _without_tag(path: Path) -> Path:
    """`method.card.number` is `method.number` to its caller."""
    return (path[0], *path[2:]) if len(path) > 1 and path[0] == "method" and path[1] in METHODS else path


def _description(path: Path, model: Any) -> str:
    """What the model says of the field at `path`, or of the nearest field above it."""
    described = "what the contract describes"
    for part in path:
        if model is None and part in METHODS:
            model = METHODS[str(part)]
            continue
        fields = {info.alias: info for info in getattr(model, "model_fields", {}).values()}
        if part not in fields:
            break
        described = fields[part].description or _inner_description(fields[part].metadata) or described
        model = _model_of(fields[part].annotation)
    return described


def _model_of(annotation: Any) -> Any:
    """The model of a field: itself, or the one that is optional; None for a choice among several."""
    models = [kind for kind in (annotation, *get_args(annotation)) if hasattr(kind, "model_fields")]
    return models[0] if len(models) == 1 else None


def _inner_description(metadata: list[Any]) -> str | None:
    return next((item.description for item in metadata if getattr(item, "description", None)), None)


def _all_texts(body: Mapping[str, Any]) -> list[str]:
    """Every text in the body, names included, in some order."""
    texts: list[str] = []
    within: list[Any] = [body]
    while within:
        value = within.pop()
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict):
            texts += value
            within += value.values()
    return texts


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text in the body, names included, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name), name
            yield from _texts(inner, (*path, name))
