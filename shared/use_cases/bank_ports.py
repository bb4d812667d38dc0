"""What the import of the bank's files needs from outside: where the files are put, and what they said at rest."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from shared.payments.bank_facts import BankFact, KeptFact, Unsettled
from shared.payments.bank_files import BankFile


class BankFiles(Protocol):
    """Where the bank's files are put. A file that is still being written is not among them."""

    async def list(self) -> Sequence[str]:
        """The names of files that are neither done nor set aside, in order."""

    async def read(self, name: str) -> bytes:
        """The file, or the first bytes of one that is longer than any may be (bank_files.BYTES_MAX)."""

    async def done(self, name: str) -> None:
        """The file that was read is in the database: it is not listed again. Moved by another already: no error."""

    async def set_aside(self, name: str, reason: str) -> None:
        """The file that was read cannot be taken: it is kept, with the reason, and not listed again."""


class BankLedger(Protocol):
    """What the bank said, at rest: each file once by its sha256, each fact once by its id."""

    async def outcome_of(self, sha256: str) -> str | None:
        """`importing`, `imported` or `refused`; None for a file that was never seen."""

    async def refuse(self, sha256: str, name: str, reason: str, now: datetime) -> None:
        """The file is not taken; again changes nothing."""

    async def begin(self, file: BankFile, now: datetime) -> None:
        """The file is `importing`; again changes nothing."""

    async def keep(self, sha256: str, facts: Sequence[BankFact], now: datetime) -> Sequence[BankFact]:
        """Store those that are new, due now; returns those whose id stands for another fact already."""

    async def keep_contradiction(self, sha256: str, fact: BankFact, reason: str, now: datetime) -> None:
        """Store, beside the fact of that id, what the bank says of it now: set aside; again changes nothing."""

    async def finish(self, sha256: str, now: datetime) -> None:
        """Every fact of the file is kept: it is `imported`."""

    async def due(self, now: datetime, limit: int) -> Sequence[KeptFact]:
        """Facts neither applied nor set aside whose time has come, in the order in which they occurred."""

    async def take(self, kept: KeptFact, due_at: datetime) -> bool:
        """Put the next attempt off to `due_at`, before this one: False if somebody else took this one."""

    async def applied(self, kept: KeptFact, payment_id: str, now: datetime) -> None: ...

    async def put_aside(self, kept: KeptFact, payment_id: str | None, reason: str, now: datetime) -> None: ...

    async def payment_ids(self, transaction_id: str) -> Sequence[str]:
        """Payments whose sale Chase knows by that id, if it was not declined: one, none, or by a fault several."""

    async def unsettled(self, created_before: datetime, limit: int) -> Unsettled:
        """Captured payments begun before, of which no settlement was heard."""
