"""
The claim of a void or refund: one conditional write whose allowed states are those of the transition table.

Nothing is read before it; the answer of its batch is the payment as it then is. What the database's rules refuse
(another state, too little money left, another operation that has not ended) is told apart by a look afterwards.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from shared.database.rows import time_text
from shared.database.statements import nonce_kept
from shared.database.unit_of_work import Statement, Value
from shared.payments.claims import Claim
from shared.payments.next_step import REFUNDABLE, VOIDABLE
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import IN_PROGRESS
from shared.payments.state_machine import State

# Reported where the payment is not there, not the caller's, or does not allow it now.
CLAIM_REFUSED: Final = "claim"

_LEFT: Final = "captured_minor - returned_minor - charged_back_minor - refunded_minor - refund_reserved_minor"


def _in(states: Iterable[State]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


_VOID: Final = f"""
UPDATE payments SET version = version + 1, updated_at = ?
WHERE id = ? AND mode = 'live' AND state IN ({_in(VOIDABLE)}) AND (captures_at IS NULL OR captures_at > ?)
"""  # noqa: S608 - states of our own
_REFUND: Final = f"""
UPDATE payments SET version = version + 1, updated_at = ?, refund_reserved_minor = refund_reserved_minor + ?
WHERE id = ? AND mode = 'live' AND state IN ({_in(REFUNDABLE)})
AND (refundable_from IS NULL OR refundable_from <= ?) AND {_LEFT} >= ?
"""  # noqa: S608
_REFUND_ALL: Final = f"""
UPDATE payments SET version = version + 1, updated_at = ?, refund_reserved_minor = refund_reserved_minor + {_LEFT}
WHERE id = ? AND mode = 'live' AND state IN ({_in(REFUNDABLE)})
AND (refundable_from IS NULL OR refundable_from <= ?) AND {_LEFT} > 0
"""  # noqa: S608
# Only one operation of a payment is unresolved at a time, so what is reserved now is what this one reserved.
_AMOUNT: Final = {OperationKind.VOID: "amount_minor", OperationKind.REFUND: "refund_reserved_minor"}
_KEY: Final = """
INSERT INTO idempotency_keys (
    caller, idempotency_key, fingerprint_key, fingerprint, payment_id, operation_id, created_at
) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_OPERATION: Final = """
INSERT INTO operations (
    id, payment_id, kind, amount_minor, currency, request_id, created_at, purpose, actor, reason,
    state, claimed_at, attempts, outcome, inquiries, empties
)
SELECT ?, id, ?, {amount}, currency, ?, ?, 'requested', ?, ?, ?, ?, 1, ?, 0, 0 FROM payments WHERE id = ?
"""
_IN_PROGRESS: Final = json.dumps(IN_PROGRESS, separators=(",", ":"))


def claimed(claim: Claim) -> list[Statement]:
    """The statements of commit 1. The key comes first: a repeat is told apart from a claim that is refused."""
    at = time_text(claim.now)
    of_body = (claim.fingerprint.key_name, claim.fingerprint.digest)
    key = (claim.caller, claim.idempotency_key, *of_body, claim.payment_id, claim.operation_id, at)
    told = (claim.request_id, at, claim.caller, claim.reason, OperationState.SUBMITTED, at, _IN_PROGRESS)
    begun = (claim.operation_id, claim.kind, *told, claim.payment_id)
    return [
        *nonce_kept(claim.nonce),
        Statement(_KEY, key),
        _payment(claim, at),
        Statement(_OPERATION.format(amount=_AMOUNT[claim.kind]), begun),
    ]


def _payment(claim: Claim, at: str) -> Statement:
    billers, names = _billers(claim.billers)
    sql, values = _of_kind(claim, at)
    return Statement(sql.rstrip() + billers, (*values, *names), guard=CLAIM_REFUSED)


def _of_kind(claim: Claim, at: str) -> tuple[str, tuple[Value, ...]]:
    if claim.kind is OperationKind.VOID:
        return _VOID, (at, claim.payment_id, time_text(claim.captures_after))
    if claim.amount_minor is None:
        return _REFUND_ALL, (at, claim.payment_id, at)
    return _REFUND, (at, claim.amount_minor, claim.payment_id, at, claim.amount_minor)


def _billers(billers: frozenset[str] | None) -> tuple[str, Sequence[Value]]:
    if billers is None:
        return "", ()
    names = sorted(billers)
    return (f" AND biller_id IN ({', '.join('?' * len(names))})", names) if names else (" AND 1 = 0", ())
