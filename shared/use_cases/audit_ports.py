"""What the audit needs from outside: sealed histories as they stand, and where anchors are kept for ever."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from shared.payments.anchor import Anchor, Leaf, Standing, Touched
from shared.payments.audit_verification import SealedPayment


class AuditTrail(Protocol):
    """Sealed histories as they stand in the database, a page at a time, each page from one snapshot."""

    async def payments(self, after: str, limit: int) -> Sequence[SealedPayment]:
        """The next by id, from behind `after` ("" for the first page)."""

    async def touched(self, page: Touched, limit: int) -> tuple[Sequence[SealedPayment], Touched | None]:
        """Those that were last changed in a time, and the page that follows; None where this was the last."""

    async def orphans(self, after: str, limit: int) -> Sequence[str]:
        """Payment ids of history whose payment is gone, from behind `after`."""

    async def standing(self, leaves: Sequence[Leaf]) -> Mapping[str, Standing]:
        """What is there now, by payment id."""

    async def anchors(self) -> Sequence[Anchor]:
        """All that were made, the oldest first."""

    async def add_anchor(self, anchor: Anchor, made_at: datetime) -> None:
        """Store it; nothing happens where its day has one."""


class AnchorStore(Protocol):
    """
    Where anchors are kept for ever: what is there can be neither changed nor removed, not even by us.

    Every method raises AnchorStoreUnavailable.
    """

    async def put(self, day: date, lines: AsyncIterator[str]) -> bool:
        """Keep `lines` under `day`, whole or not at all. False if there is one already: then that one stays."""

    async def days(self) -> Sequence[date]:
        """The days that have one, ascending."""

    def lines(self, day: date) -> AsyncIterator[str]:
        """What is kept under `day`, as it was put."""
