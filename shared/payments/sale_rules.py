"""What a well-formed sale may still be refused for: its biller's terms, and the calendar."""

from datetime import datetime

from shared.payments.errors import FieldError
from shared.payments.requests import Ach, Card, Merchant, SaleRequest


def problems_of(request: SaleRequest, merchant: Merchant, now: datetime) -> list[FieldError]:
    """Every reason why this merchant cannot be asked for this sale at `now`; each names its field."""
    problems: list[FieldError] = []
    if request.amount.currency not in merchant.currencies:
        taken = ", ".join(sorted(merchant.currencies))
        problems.append(FieldError("currency", f"this biller takes {taken}"))
    if isinstance(request.method, Card) and request.method.expired(now):
        problems.append(FieldError("method.expiry", "the card has expired; use one that has not"))
    # Without it a bank statement would not say who took the money; Chase's ACH side wants it too.
    if isinstance(request.method, Ach) and not (request.statement_descriptor or merchant.statement_descriptor):
        problems.append(FieldError("statementDescriptor", "is required for ACH, for this biller has none of its own"))
    return problems
