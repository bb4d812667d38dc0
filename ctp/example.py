"""An example CTP: bills of several weeks, first in shadow, then 1 %, 10 % and all of them through Chase."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ctp import (
    Attempt,
    Bill,
    ExistingAnswer,
    PaymentService,
    Phase,
    Policy,
    RolloutClient,
    SqliteAttempts,
)

# What an operator sets, week by week: mode and percentage. The share that is not live stays in shadow.
WEEKS: Final = (("shadow", 100), ("shadow", 100), ("shadow", 100), ("live", 1), ("live", 10), ("live", 100))
# A public test card of Chase. A real CTP reads the instrument from its vault.
_CARD: Final = {"type": "card", "number": "4112344112344113", "expiry": {"month": 5, "year": 2029}, "cvv": "111"}
_ADDRESS: Final = {"line1": "1 Main St", "city": "Boston", "state": "MA", "postalCode": "02110", "country": "USA"}
_PAYER: Final = {"firstName": "Ada", "lastName": "Byron", "email": "ada@example.com", "address": _ADDRESS}


@dataclass
class ExistingStub:
    """The processor of today, with books of its own: a key it has charged is answered again, not charged again."""

    books: dict[str, tuple[str, int]] = field(default_factory=dict)

    def charge(self, *, key: str, attempt: Attempt) -> ExistingAnswer:
        self.books.setdefault(key, (attempt.bill.reference, attempt.bill.amount_minor))
        return ExistingAnswer("approved", "00", f"existing-{key}")


class Vault:
    """Where instruments are. The attempt store never holds one."""

    def sale(self, attempt: Attempt) -> dict[str, Any]:
        return {"method": _CARD, "payer": _PAYER, "initiator": "payer"}


class ExampleCtp:
    """Collects bills. Its attempts are in `file`: another one on the same file carries on where this one fell."""

    def __init__(self, file: Path, service: PaymentService, existing: ExistingStub) -> None:
        self._store = SqliteAttempts(file)
        policy = Policy(give_up_after_s=10, waits_s=(0.1, 0.2, 0.5, 1.0))
        self._client = RolloutClient(self._store, service, existing, Vault(), policy=policy)
        self._client.resume()

    def collect(self, bills: Iterable[Bill], patience_s: float) -> Iterator[Attempt]:
        """What became of each: ended, or open with its reason. What ended without a charge is tried once more."""
        for bill in bills:
            attempt = self._client.collect(bill, patience_s=patience_s)
            if not attempt.is_open and attempt.phase is not Phase.CHARGED:
                attempt = self._client.collect(bill, patience_s=patience_s)
            self._client.tick()
            yield attempt

    def is_done(self) -> bool:
        """Carry on with all that is left, and say whether it is done."""
        left = [attempt for attempt in self._client.resume() if attempt.is_open]
        self._client.send_reports(limit=1000)
        return not left and not self._store.reports_due_count()

    def reports(self) -> dict[str, int]:
        return {report.value: count for report, count in self._client.reports().items()}

    def close(self) -> None:
        self._store.close()
