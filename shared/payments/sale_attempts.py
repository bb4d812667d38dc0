"""
Tries at instruments: what is remembered of those that were declined, and which rule stands in the way of the next.

The database decides whether a sale may leave (shared/database/sale_attempts.py), in commit 1; what is here says what a
decline leaves behind, and, of a sale that was not let through, why and until when. Both read the same tables of rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, assert_never

from shared.payments.idempotency import Fingerprint
from shared.payments.money import Money
from shared.payments.networks import Network, network_of
from shared.payments.never_again import Blocks, Said, meaning_of
from shared.payments.outcome import Declined, Outcome, OutcomeRecord, Retry
from shared.payments.payment import Payment
from shared.payments.requests import Ach, AchAuthorization, Initiator, SaleRequest
from shared.payments.retry_limits import Limit, Scope, limits_on
from shared.payments.state_machine import Event
from shared.payments.updates import Update, UpdateEvent

_ALMOST_A_SECOND: Final = timedelta(milliseconds=999)

BLOCKED_CODE: Final = "retry-blocked-by-network-rule"


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    A sale about to leave. `fingerprints` are the instrument's, under the current key first, then under older ones.

    `standing`: whether it rests on an authorization that the payer gave earlier, for more than this payment.
    """

    payment_id: str
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
class PastDecline:
    """What is remembered of an earlier try of the same instrument, which was declined or returned."""

    biller_id: str
    merchant_id: str
    reference: str
    amount: Money
    initiator: Initiator
    at: datetime
    code: str
    counted: bool
    blocks: Blocks


@dataclass(frozen=True, slots=True)
class Decline:
    """What is to be remembered of a payment's try: `at` is when it was made, not when its answer came."""

    network: Network
    said: Said
    counted: bool
    blocks: Blocks
    at: datetime


@dataclass(frozen=True, slots=True)
class Block:
    """What stands in the way of a sale, and when it is gone: `until` is None where no time is known."""

    why: str
    retry: Retry
    until: datetime | None = None


# Read a moment later than the database decided, the past may show nothing any more: a person has lifted it.
GONE: Final = Block("a rule of the network stood in the way, and does not any more", Retry.LATER)

_LAST_WORDS: Final[Mapping[Blocks, str]] = MappingProxyType(
    {
        Blocks.INSTRUMENT: "the network said {code} to an earlier sale: this instrument must not be tried again",
        Blocks.MERCHANT: "the network said {code} to an earlier sale: not to be tried again at this merchant",
        Blocks.AUTHORIZATION: "a debit was returned with {code}: the payer must authorize the next one anew",
    }
)


def attempt_of(request: SaleRequest, payment: Payment, fingerprints: Sequence[Fingerprint]) -> Attempt | None:
    """
    The try that `payment`, claimed for sending, makes.

    None where the instrument cannot be known again, and in shadow, whose test cards no network counts.
    """
    if not fingerprints or payment.mode != "live":
        return None
    recurring = isinstance(request.method, Ach) and request.method.authorization is AchAuthorization.RECURRING
    return Attempt(
        payment_id=payment.id,
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


def decline_of(after: Payment, outcome: Outcome) -> Decline | None:
    """
    What is to be remembered of a sale that ended with `outcome` in the step to `after`; None for all but a decline.

    A refusal by Chase itself, which made no transaction of it, never reached the network: it does not count.
    """
    if not isinstance(outcome, Declined) or outcome.transaction_id is None or after.mode != "live":
        return None
    if after.history[-1].event is not Event.SALE_DECLINED:
        return None
    return _decline(after, network_of(after.method), Said(outcome.code, outcome.network_code, outcome.advice))


def return_of(after: Payment, update: Update) -> Decline | None:
    """What is to be remembered of a debit that the bank returned, by the report that led to `after`."""
    if update.event is not UpdateEvent.RETURNED:
        return None
    code = update.evidence.get("returnCode")
    return None if code is None else _decline(after, Network.ACH, Said(str(code)))


def _decline(after: Payment, network: Network, said: Said) -> Decline | None:
    meaning = meaning_of(network, said, after.updated_at)
    if not meaning.counted and meaning.blocks is Blocks.NOTHING:
        return None
    return Decline(network, said, meaning.counted, meaning.blocks, after.sale.claimed_at)


def blocked_by(attempt: Attempt, past: Iterable[PastDecline]) -> Block | None:
    """What stands in the way of `attempt`, given its instrument's past: a last word first, else the longest wait."""
    past = tuple(past)
    for each in past:
        if _rules_out(each, attempt):
            return Block(_LAST_WORDS[each.blocks].format(code=each.code), Retry.NEVER)
    full = [
        (opens, Block(str(limit), Retry.LATER, opens))
        for limit in limits_on(attempt.network, attempt.initiator, attempt.at)
        if (opens := _opens_at(limit, attempt, past)) is not None
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


def _rules_out(past: PastDecline, attempt: Attempt) -> bool:
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


def _opens_at(limit: Limit, attempt: Attempt, past: Iterable[PastDecline]) -> datetime | None:
    """When `limit` has a place for `attempt`; None if it has one now."""
    counted = (each.at + limit.window for each in past if each.counted and _counts_together(limit, each, attempt))
    leave = sorted(left for left in counted if left > attempt.at)
    return leave[len(leave) - limit.maximum] if len(leave) >= limit.maximum else None


def _counts_together(limit: Limit, past: PastDecline, attempt: Attempt) -> bool:
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
