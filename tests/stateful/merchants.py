"""Whom the world charges for, and how they are paid: every method of the contract, both ways to wait for Chase."""

import json
from typing import Any, Final

from local.environment import MERCHANTS as OF_A_LAPTOP
from tests.builders import VISA, a_google_pay_method, an_ach_method, an_apple_pay_method

# The second keeps what it can while Chase is down, and gives debits back without waiting for them to clear.
BILLERS: Final = ("city-water", "county-tax")
MERCHANTS: Final = json.dumps(
    {
        BILLERS[0]: OF_A_LAPTOP[BILLERS[0]],
        BILLERS[1]: {
            **OF_A_LAPTOP[BILLERS[1]],
            "ach_refund_hold_days": 0,
            "queued_when_down": ["ach", "token"],
        },
    }
)
METHODS: Final[dict[str, dict[str, Any]]] = {
    "card": {"type": "card", "number": VISA, "expiry": {"month": 5, "year": 2029}, "cvv": "111"},
    "token": {"type": "card", "token": "4112344112340000", "expiry": {"month": 5, "year": 2029}},
    "ach": an_ach_method(),
    "applePay": an_apple_pay_method(),
    "googlePay": a_google_pay_method(),
}
