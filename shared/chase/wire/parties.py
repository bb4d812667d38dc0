"""Who sells and who pays, in Chase's words."""

from typing import Any, Final

from shared.chase.wire.encoding import given
from shared.payments.requests import Address, Merchant, Payer

# "JPMC" is what the specification asks of a merchant that integrates without a reseller.
SOFTWARE: Final = {"companyName": "JPMC", "productName": "IC Chase Payment Processing", "version": "1"}

_FULL_NAME_MIN: Final = 4
_FULL_NAME_MAX: Final = 70


def merchant_fields(merchant: Merchant, *, purchase_description: str | None = None) -> dict[str, Any]:
    """`purchase_description` is what a bank account's owner bought."""
    soft = given({"name": merchant.soft_merchant_name, "merchantPurchaseDescription": purchase_description})
    return given({"merchantSoftware": SOFTWARE, "merchantCategoryCode": merchant.category_code, "softMerchant": soft})


def account_holder(payer: Payer) -> dict[str, Any]:
    full_name = f"{payer.first_name} {payer.last_name}"[:_FULL_NAME_MAX].rstrip()
    return given(
        {
            "firstName": payer.first_name,
            "lastName": payer.last_name,
            "fullName": full_name if len(full_name) >= _FULL_NAME_MIN else None,
            "email": payer.email,
            "billingAddress": _address(payer.address),
        }
    )


def _address(address: Address) -> dict[str, Any]:
    return given(
        {
            "line1": address.line1,
            "line2": address.line2,
            "city": address.city,
            "state": address.state,
            "postalCode": address.postal_code,
            "countryCode": address.country,
        }
    )
