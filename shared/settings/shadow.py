"""Shadow's own Chase: where its tests are, who we are there, and which merchants are tests."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.settings.fields import Json, Model, SecretText, Url, refuse


class ShadowSettings(Model):
    """All or nothing: without `shadow_chase_base_url` nothing can be in shadow."""

    shadow_chase_base_url: Url | None = None
    shadow_chase_token_url: Url | None = None
    shadow_chase_client_id: str | None = None
    shadow_chase_client_secret: SecretText | None = None
    shadow_chase_token_scope: str = Field(default="jpm:payments:sandbox", min_length=1)
    shadow_chase_private_key: SecretText | None = None
    shadow_chase_certificate_thumbprint: str | None = None
    shadow_chase_resource: str | None = None
    shadow_merchant_ids: Annotated[dict[str, Annotated[str, Field(pattern=r"^[A-Za-z0-9]{8,12}$")]], Json] = Field(
        default_factory=dict
    )
    shadow_backlog_max: int = Field(default=10_000, ge=0, le=1_000_000)
    rollout_decision_required: bool = True

    @model_validator(mode="after")
    def _shadow_is_whole(self) -> Self:
        if self.shadow_chase_base_url is None:
            set_up = self.shadow_chase_client_id or self.shadow_merchant_ids
            refuse(bool(set_up), "SHADOW_CHASE_BASE_URL: is missing, and other settings of shadow are there")
            return self
        refuse(self.shadow_chase_token_url is None, "SHADOW_CHASE_TOKEN_URL: is missing")
        refuse(self.shadow_chase_client_id is None, "SHADOW_CHASE_CLIENT_ID: is missing")
        refuse(not self.shadow_merchant_ids, "SHADOW_MERCHANT_IDS: name a test merchant id for each biller")
        one = (self.shadow_chase_client_secret is None) != (self.shadow_chase_private_key is None)
        refuse(not one, "SHADOW_CHASE_CLIENT_SECRET, SHADOW_CHASE_PRIVATE_KEY: give exactly one of the two")
        return self
