"""Who is calling, and what may they do: roles per route, billers per payment."""

from dataclasses import dataclass
from enum import StrEnum

from shared.payments.errors import Forbidden


class Role(StrEnum):
    """The app roles of the contract, spelled as in a token's `roles` claim."""

    WRITE = "Payments.Write"
    READ = "Payments.Read"
    OPERATE = "Payments.Operate"


@dataclass(frozen=True, slots=True)
class Caller:
    """
    An authenticated caller. `billers` None means every biller.

    `key_id` and `nonce` are set for signed requests only: a write stores the pair in its own commit, once.
    """

    name: str
    roles: frozenset[str]
    billers: frozenset[str] | None
    key_id: str | None = None
    nonce: str | None = None

    def require(self, role: Role) -> None:
        """Raises Forbidden unless the caller has the role. No role implies another."""
        if role not in self.roles:
            raise Forbidden(f"the role {role} is required")

    def may_use(self, biller_id: str) -> bool:
        """Whether payments of this biller are the caller's to see and to make."""
        return self.billers is None or biller_id in self.billers

    def require_biller(self, biller_id: str) -> None:
        """Raises Forbidden unless the caller may use this biller."""
        if not self.may_use(biller_id):
            raise Forbidden("this caller may not use this biller")
