"""A payment, as far as its caller may know of it: another biller's is as if it were not there."""

from shared.payments.errors import NotFound
from shared.payments.payment import Payment
from shared.use_cases.ports import Payments


async def own_payment(payments: Payments, payment_id: str, billers: frozenset[str] | None) -> Payment:
    """The payment as it is now. `billers` None may use them all. Raises NotFound."""
    payment = await payments.get(payment_id)
    if payment is None or not (billers is None or payment.biller_id in billers):
        raise NotFound("no such payment among this caller's billers")
    return payment
