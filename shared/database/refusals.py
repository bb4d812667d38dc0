"""What the database's rules and guards are called, and what it means to the use cases that one was in the way."""

from collections.abc import Callable, Mapping
from typing import Final

from shared.database.rollout import NOT_LIVE
from shared.database.sale_attempts import RETRY_LIMIT
from shared.database.unit_of_work import DatabaseUnavailable, GuardFailed, UniqueViolation
from shared.payments.errors import (
    AlreadyReceived,
    BillOpen,
    ChangedMeanwhile,
    DecisionMade,
    KeyTaken,
    NotLive,
    RetryBlocked,
    Unauthenticated,
)

# Our names for the unique rules, by the columns that SQLite reports and the names that SQL Server does.
UNIQUE_RULES: Final[Mapping[str, str]] = {
    "idempotency_keys.caller, idempotency_keys.idempotency_key": "idempotency_key",
    "payments.biller_id, payments.reference": "open_bill",
    "operations.payment_id": "operation_unresolved",
    "nonces.key_id, nonces.nonce": "nonce",
    "history.payment_id, history.sequence": "history_sequence",
    "inbox.consumer, inbox.message_id": "inbox",
    "set_aside.queue, set_aside.message_id": "set_aside",
    "outbox.id": "outbox",
    "decisions.caller, decisions.attempt": "decision",
    "shadow_operations.payment_id, shadow_operations.sequence": "shadow_order",
    "idempotency_keys_pk": "idempotency_key",
    "payments_open_bill": "open_bill",
    "operations_unresolved": "operation_unresolved",
    "nonces_pk": "nonce",
    "history_pk": "history_sequence",
    "inbox_pk": "inbox",
    "set_aside_pk": "set_aside",
    "outbox_pk": "outbox",
    "decisions_pk": "decision",
    "shadow_operations_order": "shadow_order",
}

_GUARDS: Final[Mapping[str, type[Exception]]] = {RETRY_LIMIT: RetryBlocked, NOT_LIVE: NotLive}


def refused_by_guard(failed: GuardFailed) -> Exception:
    """The error that use cases know it by."""
    return _GUARDS.get(failed.guard, ChangedMeanwhile)(failed.guard)


# What a violated rule is to the use cases.
_MEANING: Final[Mapping[str, Callable[[], Exception]]] = {
    "nonce": lambda: Unauthenticated("nonce seen before"),
    "idempotency_key": KeyTaken,
    "open_bill": BillOpen,
    "inbox": AlreadyReceived,
    "decision": DecisionMade,
    "operation_unresolved": lambda: ChangedMeanwhile("operation_unresolved"),
    # Of two that took one place in a payment's order, the second tries again.
    "shadow_order": lambda: ChangedMeanwhile("shadow_order"),
    "history_sequence": lambda: ChangedMeanwhile("history_sequence"),
}


def refused_by_rule(violated: UniqueViolation) -> Exception:
    """The error that use cases know it by; the violation itself where none of them expects it."""
    if violated.constraint == "nonce" and violated.maybe_own:
        return DatabaseUnavailable("the answer was lost: the nonce may be this call's own")
    return _MEANING.get(violated.constraint, lambda: violated)()
