"""Ask Chase about one payment now, because somebody looks at it (`GET /payments/{id}?refresh=true`)."""

from shared.payments.payment import Payment
from shared.use_cases.inquiries import Inquiries


class Refresh:
    def __init__(self, inquiries: Inquiries) -> None:
        self._inquiries = inquiries

    async def refresh(self, payment: Payment) -> Payment:
        """The payment after Chase was asked about what is unknown, or about its capture; else as it was."""
        return await self._inquiries.look(payment)
