"""The last of each kind: a flood of one pushes out nothing of another."""

from collections import deque
from typing import Final, Generic, Protocol, TypeVar

# A laptop that sells all day keeps some megabytes of each kind, and no more.
MOST_OF_A_KIND: Final = 10_000


class Numbered(Protocol):
    @property
    def number(self) -> int:
        """In the order of their coming, over all kinds."""


T = TypeVar("T", bound=Numbered)


class Kept(Generic[T]):
    """At most MOST_OF_A_KIND of each kind. Not safe from several threads by itself."""

    def __init__(self) -> None:
        self._kinds: dict[str, deque[T]] = {}

    def add(self, kind: str, each: T) -> None:
        self._kinds.setdefault(kind, deque(maxlen=MOST_OF_A_KIND)).append(each)

    def after(self, number: int) -> list[T]:
        """Those behind `number`, oldest first."""
        found = [each for kind in self._kinds.values() for each in kind if each.number > number]
        return sorted(found, key=lambda each: each.number)
