"""What FindPayments looks for."""

from dataclasses import dataclass
from typing import Final

PAGE_MAX: Final = 100
PAGE_DEFAULT: Final = 20


@dataclass(frozen=True, slots=True)
class Search:
    """
    Filters, joined by AND. `billers` None means all; `before` is the last id of the page before; `limit` 1 to PAGE_MAX.

    `idempotency_key` is looked for among the keys of `caller`.
    """

    billers: frozenset[str] | None
    caller: str
    reference: str | None = None
    idempotency_key: str | None = None
    state: str | None = None
    before: str | None = None
    limit: int = PAGE_DEFAULT
