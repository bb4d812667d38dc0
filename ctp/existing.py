"""What CTP brings: the processor it has today, and the place where it keeps instruments."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ctp.attempt import Attempt


@dataclass(frozen=True, slots=True)
class ExistingAnswer:
    """`error`: certainly nobody was charged. Where that is not certain, raise instead."""

    status: Literal["approved", "declined", "error"]
    code: str
    processor_reference: str


class ExistingProcessor(Protocol):
    """The processor that charges today."""

    def charge(self, *, key: str, attempt: Attempt) -> ExistingAnswer:
        """
        Charge the attempt's bill, **once per key however often it is called**, and answer the same each time.

        `key` is the attempt's id and must be this processor's idempotency key: a crash between its charge and our
        writing it down repeats the call. Raises anything where the outcome is not known: the call is repeated.
        """


class SaleSource(Protocol):
    """CTP's own place for instruments. The attempt store never holds one."""

    def sale(self, attempt: Attempt) -> Mapping[str, Any] | None:
        """
        The contract's sale body (`method`, `payer`, `initiator`, ...), the same for the same attempt each time.

        None where the instrument is gone (a CVV may not be kept): a live attempt is then given up, a report lost.
        """
