"""What the audit command needs, and no more: it runs where nothing of Chase is known."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from shared.settings.fields import (
    Json,
    Key,
    KeyName,
    Model,
    SecretText,
    SettingsError,
    Url,
    environment_name,
    refuse,
    sentence_of,
)


class AuditSettings(Model):
    """What the audit needs: the database, the keys of the chain, and where its anchors are kept for ever."""

    sqlite_path: Path | None = None
    sql_connection_string: SecretText | None = None
    sql_credential: Literal["string", "entra"] = "string"
    sql_connections_max: int = Field(default=8, ge=1, le=100)
    sql_login_timeout_s: int = Field(default=30, ge=1, le=120)
    sql_query_timeout_s: int = Field(default=15, ge=1, le=60)

    audit_keys: Annotated[dict[KeyName, Key], Json] = Field(min_length=1)
    audit_anchor_container_url: Url | None = None
    audit_anchor_directory: Path | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError, which names every setting that is missing or wrong and what to write instead."""
        names = {field: environment_name(field) for field in cls.model_fields}
        given = {field: environment[name] for field, name in names.items() if environment.get(name)}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise SettingsError("; ".join(sentence_of(problem) for problem in error.errors())) from None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        one_database = (self.sqlite_path is None) != (self.sql_connection_string is None)
        refuse(not one_database, "SQLITE_PATH, SQL_CONNECTION_STRING: give exactly one of the two")
        two_stores = self.audit_anchor_container_url is not None and self.audit_anchor_directory is not None
        refuse(two_stores, "AUDIT_ANCHOR_CONTAINER_URL, AUDIT_ANCHOR_DIRECTORY: give one of the two")
        return self
