"""What the demonstration needs around it. `laptop_world.py` is the real one."""

from collections.abc import Mapping, Sequence
from typing import Protocol

# Amounts in minor units that stand charged, net of voids and refunds, by reference.
Charges = Mapping[str, Sequence[int]]
# Charges in Chase's books that belong to no bill stand under this name.
NO_BILL = "(no bill)"


class WorldError(Exception):
    """The world cannot do what the demonstration needs; the text says what."""


class World(Protocol):
    """A service, and the Chase behind it."""

    @property
    def api_url(self) -> str: ...

    def token(self) -> str: ...

    def set_rollout(self, mode: str, percentage: int, reason: str) -> None:
        """In force when it returns. Raises WorldError."""

    def order_fault(self, fault: str) -> None:
        """The next sale at Chase meets this."""

    def advance(self, seconds: int) -> None:
        """What is due by then is done: inquiries, captures, expiries."""

    def charges(self, references: Sequence[str]) -> Charges:
        """What Chase's own books say of real money. Nothing of shadow may be among it."""
