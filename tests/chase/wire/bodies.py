"""Bodies as they go out, read back."""

import json
from typing import Any

from shared.chase.wire.sale import sale_body
from shared.payments.requests import Merchant, SaleRequest
from tests.chase.desk import a_merchant, a_payment_of

SOFTWARE = {"companyName": "JPMC", "productName": "IC Chase Payment Processing", "version": "1"}


def body_of(request: SaleRequest, merchant: Merchant | None = None) -> Any:
    merchant = merchant or a_merchant()
    return json.loads(sale_body(request, a_payment_of(request, merchant), merchant))
