"""What the service's work is told through."""

from typing import Literal, Self

from pydantic import Field, model_validator

from shared.settings.fields import Model, SecretText, refuse

Through = Literal["opencensus", "opentelemetry", "memory", "log"]


class TelemetrySettings(Model):
    """`telemetry` None: `opencensus` where there is a connection string, else `log`."""

    telemetry: Through | None = None
    telemetry_every_s: float = Field(default=60.0, ge=1, le=3600)
    # The Functions host reads both as well: one place says where the app's telemetry goes, and as whom.
    applicationinsights_connection_string: SecretText | None = None
    applicationinsights_authentication_string: str | None = Field(
        default=None, pattern=r"^(ClientId=[0-9a-fA-F-]{36};)?Authorization=AAD$"
    )

    @property
    def telemetry_through(self) -> Through:
        if self.telemetry is not None:
            return self.telemetry
        return "log" if self.applicationinsights_connection_string is None else "opencensus"

    @property
    def telemetry_client_id(self) -> str | None:
        """As which identity figures are sent, where local authentication is off; None: as nobody in particular."""
        _, _, rest = (self.applicationinsights_authentication_string or "").partition("ClientId=")
        return rest.partition(";")[0] or None

    @model_validator(mode="after")
    def _there_is_somewhere_to_send(self) -> Self:
        sends = self.telemetry in ("opencensus", "opentelemetry")
        nowhere = sends and self.applicationinsights_connection_string is None
        what = "needs APPLICATIONINSIGHTS_CONNECTION_STRING; write `log` to send no figures"
        refuse(nowhere, f"TELEMETRY: {self.telemetry} {what}")
        return self
