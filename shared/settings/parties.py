"""Who calls us, and whom we charge for."""

from typing import Annotated, Final, Literal

from pydantic import Field

from shared.payments.requests import Keepable, Merchant
from shared.settings.fields import Billers, Key, KeyName, Model

# Most debits that bounce do so within two banking days (R01, R09); their news takes some more to reach us.
ACH_REFUND_HOLD_DAYS: Final = 5


class HmacCaller(Model):
    """A caller that signs its requests. Two keys at most, for rotation; roles and billers as a JWT would carry them."""

    keys: dict[KeyName, Key] = Field(min_length=1, max_length=2)
    roles: frozenset[str]
    billers: Billers


class MerchantSetting(Model):
    """One entry of MERCHANTS: a biller as Chase knows it."""

    merchant_id: str = Field(pattern=r"^[A-Za-z0-9]{8,12}$")
    currencies: frozenset[Annotated[str, Field(pattern=r"^[A-Z]{3}$")]] = frozenset({"USD"})
    capture_method: Literal["DELAYED", "NOW"] = "DELAYED"
    statement_descriptor: str | None = Field(default=None, pattern=r"^[A-Za-z0-9 .,&*'/-]{4,100}$")
    soft_merchant_name: str | None = Field(default=None, max_length=100, pattern=r"^[^\p{C}<>{}]+$")
    category_code: str | None = Field(default=None, pattern=r"^\d{4}$")
    ach_refund_hold_days: int = Field(default=ACH_REFUND_HOLD_DAYS, ge=0, le=90)
    queued_when_down: frozenset[Keepable] = frozenset()

    def merchant(self, biller_id: str) -> Merchant:
        return Merchant(
            biller_id=biller_id,
            merchant_id=self.merchant_id,
            currencies=self.currencies,
            capture_delay=self.capture_method == "DELAYED",
            statement_descriptor=self.statement_descriptor,
            soft_merchant_name=self.soft_merchant_name,
            category_code=self.category_code,
            ach_refund_hold_days=self.ach_refund_hold_days,
            queued_when_down=self.queued_when_down,
        )
