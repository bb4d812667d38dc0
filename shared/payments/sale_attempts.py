"""
Tries at an instrument: what is remembered of each, and which rule of a network stands in the way of the next.

The database decides whether a sale may leave (shared/database/sale_attempts.py), in commit 1; what is here says how a
try ended, and, of one that was not let through, why and until when. Both read the same tables of rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, assert_never

from shared.payments.idempotency import Fingerprint
from shared.payments.money import Money
from shared.payments.networks import Network, network_of
from shared.payments.never_again import Blocks, Said, meaning_of
from shared.payments.outcome import Approved, Declined, NotSent, Outcome, OutcomeRecord, Retry
from shared.payments.payment import Payment
from shared.payments.requests import Ach, AchAuthorization, Initiator, SaleRequest
from shared.payments.retry_limits import IN_FLIGHT_FOR, Limit, Scope, limits_on

_ALMOST_A_SECOND: Final = timedelta(milliseconds=999)

BLOCKED_CODE: Final = "retry-blocked-by-network-rule"


class AttemptStatus(StrEnum):
    IN_FLIGHT = "in_flight"
    APPROVED = "approved"
    DECLINED = "declined"
    NOT_SENT = "not_sent"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    A sale about to leave. `fingerprints` are the instrument's, under the current key first, then under older ones.

    `standing`: whether it rests on an authorization that the payer gave earlier, for more than this payment.
    """

    operation_id: str
    fingerprints: tuple[Fingerprint, ...]
    network: Network
    biller_id: str
    merchant_id: str
    reference: str
    amount: Money
    initiator: Initiator
    standing: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """What is remembered of an earlier try of the same instrument."""

    operation_id: str
    biller_id: str
    merchant_id: str
    reference: str
    amount: Money
    initiator: Initiator
    at: datetime
    status: AttemptStatus
    code: str | None
    counted: bool
    blocks: Blocks


@dataclass(frozen=True, slots=True)
class Ending:
    """How a try ended, as it is stored."""

    status: AttemptStatus
    said: Said | None = None
    counted: bool = False
    blocks: Blocks = Blocks.NOTHING


@dataclass(frozen=True, slots=True)
class Block:
    """What stands in the way of a sale, and when it is gone: `until` is None where no time is known."""

    why: str
    retry: Retry
    until: datetime | None = None


# Read a moment later than the database decided, the past may show nothing any more: what was in flight has ended.
GONE: Final = Block("other tries of this instrument were under way", Retry.LATER)

_LAST_WORDS: Final[Mapping[Blocks, str]] = MappingProxyType(
    {
        Blocks.INSTRUMENT: "the network said {code} to an earlier sale: this instrument must not be tried again",
        Blocks.MERCHANT: "the network said {code} to an earlier sale: not to be tried again at this merchant",
        Blocks.AUTHORIZATION: "a debit was returned with {code}: the payer must authorize the next one anew",
    }
)


def attempt_of(request: SaleRequest, payment: Payment, fingerprints: Sequence[Fingerprint]) -> Attempt | None:
    """The try that `payment`, claimed for sending, makes; None where the instrument cannot be known again."""
    if not fingerprints:
        return None
    recurring = isinstance(request.method, Ach) and request.method.authorization is AchAuthorization.RECURRING
    return Attempt(
        operation_id=payment.sale.id,
        fingerprints=tuple(fingerprints),
        network=network_of(payment.method),
        biller_id=payment.biller_id,
        merchant_id=payment.merchant_id,
        reference=payment.reference,
        amount=payment.amount,
        initiator=request.initiator,
        standing=recurring or request.initiator is Initiator.BILLER,
        at=payment.sale.claimed_at,
    )


def ending_of(outcome: Outcome, network: Network, at: datetime) -> Ending | None:
    """
    How a try ended with `outcome`, the join of all its attempts; None while that is open.

    A refusal by Chase itself, which made no transaction of it, never reached the network: it does not count.
    """
    match outcome:
        case Approved():
            return Ending(AttemptStatus.APPROVED)
        case NotSent():
            return Ending(AttemptStatus.NOT_SENT)
        case Declined():
            said = Said(outcome.code, outcome.network_code, outcome.advice)
            if outcome.transaction_id is None:
                return Ending(AttemptStatus.DECLINED, said)
            meaning = meaning_of(network, said, at)
            return Ending(AttemptStatus.DECLINED, said, meaning.counted, meaning.blocks)
    return None


def ending_of_return(code: str, at: datetime) -> Ending:
    """How a debit ended that the bank returned with `code` (`R01`)."""
    said = Said(code)
    meaning = meaning_of(Network.ACH, said, at)
    return Ending(AttemptStatus.RETURNED, said, meaning.counted, meaning.blocks)


def blocked_by(attempt: Attempt, past: Iterable[PastAttempt]) -> Block | None:
    """What stands in the way of `attempt`, given its instrument's past: a last word first, else the longest wait."""
    others = [each for each in past if each.operation_id != attempt.operation_id]
    for each in others:
        if _rules_out(each, attempt):
            return Block(_LAST_WORDS[each.blocks].format(code=each.code), Retry.NEVER)
    full = [
        (opens, Block(str(limit), Retry.LATER, opens))
        for limit in limits_on(attempt.network, attempt.initiator, attempt.at)
        if (opens := _opens_at(limit, attempt, others)) is not None
    ]
    return max(full, key=lambda found: found[0])[1] if full else None


def blocked_record(block: Block) -> OutcomeRecord:
    """The outcome of a sale that was not let through, as it is stored and shown: nothing reached Chase."""
    # Rounded up to a whole second: at the moment that is named, it is open.
    until = "" if block.until is None else f"; open again at {block.until + _ALMOST_A_SECOND:%Y-%m-%dT%H:%M:%SZ}"
    return {
        "status": "declined",
        "code": BLOCKED_CODE,
        "message": f"not sent: {block.why}{until}",
        "retry": block.retry.value,
        "processorCalled": False,
    }


def _rules_out(past: PastAttempt, attempt: Attempt) -> bool:
    # By either name: a biller's merchant id may be changed, and several billers may share one.
    same_merchant = past.merchant_id == attempt.merchant_id or past.biller_id == attempt.biller_id
    match past.blocks:
        case Blocks.INSTRUMENT:
            return True
        case Blocks.MERCHANT:
            return same_merchant
        case Blocks.AUTHORIZATION:
            return same_merchant and attempt.standing
    return False


def _opens_at(limit: Limit, attempt: Attempt, others: Iterable[PastAttempt]) -> datetime | None:
    """When `limit` has a place for `attempt`; None if it has one now."""
    leave = sorted(
        left
        for each in others
        if _counts_together(limit, each, attempt)
        if (left := _leaves_at(limit, each)) is not None and left > attempt.at
    )
    return leave[len(leave) - limit.maximum] if len(leave) >= limit.maximum else None


def _leaves_at(limit: Limit, past: PastAttempt) -> datetime | None:
    """When `past` gives its place free; None if it never took one."""
    if past.counted:
        return past.at + limit.window
    return past.at + IN_FLIGHT_FOR if past.status is AttemptStatus.IN_FLIGHT else None


def _counts_together(limit: Limit, past: PastAttempt, attempt: Attempt) -> bool:
    if limit.initiator is not None and past.initiator is not limit.initiator:
        return False
    match limit.scope:
        case Scope.INSTRUMENT:
            return True
        case Scope.AMOUNT:
            return (past.merchant_id, past.amount) == (attempt.merchant_id, attempt.amount)
        case Scope.BILL:
            of_past = (past.biller_id, past.reference, past.amount)
            return of_past == (attempt.biller_id, attempt.reference, attempt.amount)
        case _:  # pragma: no cover
            assert_never(limit.scope)
