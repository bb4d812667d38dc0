"""What settings are made of: each kind of text checked, and what is wrong with it said in one sentence."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from shared.payments.secret import Secret

KEY_BYTES: Final = 32
# The triggers say connection="SERVICEBUS", and the host reads these. Were ours others, we could send to one namespace
# and listen to another.
_NAMES: Final[Mapping[str, str]] = {
    "servicebus_namespace": "SERVICEBUS__fullyQualifiedNamespace",
    "servicebus_connection_string": "SERVICEBUS",
}


class SettingsError(Exception):
    """One or more settings are missing or wrong. The text names each, never its value."""


def environment_name(field: str) -> str:
    """The environment variable that `field` of Settings is read from."""
    return _NAMES.get(field, field.upper())


def decoded_key(text: str) -> Secret:
    """A key of 32 bytes from strict base64. Raises ValueError for a BOM, white space, or any other length."""
    try:
        key = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise ValueError("must be base64 without a BOM, white space or line ends") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"must be {KEY_BYTES} bytes in base64")
    return Secret(text)


def _json(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError as error:
        raise ValueError(f"must be JSON (line {error.lineno}, column {error.colno})") from None


def _https_or_loopback(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname in ("127.0.0.1", "localhost", "::1") or parts.scheme == "file":
        return url.rstrip("/")
    raise ValueError("must be an https URL")


def without_query(url: str) -> str:
    if urlsplit(url).query:
        raise ValueError("must be a container's URL without a query: access is by managed identity")
    return url


def _namespace(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text):
        raise ValueError("must be the namespace's full host name alone, such as payments.servicebus.windows.net")
    return text.lower()


def _servicebus_string(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    pairs = dict(part.strip().lower().partition("=")[::2] for part in value.split(";") if part.strip())
    if not pairs.get("endpoint", "").startswith("sb://"):
        raise ValueError("must be a connection string, such as Endpoint=sb://...;SharedAccessKeyName=...;...")
    if not (pairs.keys() >= {"sharedaccesskeyname", "sharedaccesskey"} or "sharedaccesssignature" in pairs):
        raise ValueError("must hold SharedAccessKeyName and SharedAccessKey")
    if "entitypath" in pairs:
        raise ValueError("must be the namespace's and not one queue's: leave out EntityPath")
    return Secret(value)


Json = BeforeValidator(_json)
Url = Annotated[str, AfterValidator(_https_or_loopback)]
SecretText = Annotated[Secret, BeforeValidator(lambda value: Secret(value) if isinstance(value, str) else value)]
Key = Annotated[Secret, BeforeValidator(lambda value: decoded_key(value) if isinstance(value, str) else value)]
Namespace = Annotated[str, AfterValidator(_namespace)]
ServiceBusString = Annotated[Secret, BeforeValidator(_servicebus_string)]
# As long as the columns that keep them.
KeyName = Annotated[str, Field(min_length=1, max_length=64)]
CallerName = Annotated[str, Field(min_length=1, max_length=128)]
Billers = Literal["*"] | frozenset[str]


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


def refuse(wrong: bool, sentence: str) -> None:
    if wrong:
        raise ValueError(sentence)


def sentence_of(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    head, _, rest = where.partition(".")
    name = environment_name(head) + (f".{rest}" if rest else "")
    said = problem["msg"].removeprefix("Value error, ")
    return f"{name}: {said}" if name else said
