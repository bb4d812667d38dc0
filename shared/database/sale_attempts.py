"""
Tries at instruments, as statements of a sale's own commits: no round trip is spent on the networks' limits.

Commit 1 takes `attempt`, the last of its batch; commit 2 takes `ended`. Statements are portable.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from shared.database.rows import time_text
from shared.database.unit_of_work import Query, Row, Statement, Value, Values
from shared.payments.money import Money
from shared.payments.never_again import Blocks
from shared.payments.requests import Initiator
from shared.payments.retry_limits import IN_FLIGHT_FOR, KEPT_FOR, Limit, Scope, limits_on
from shared.payments.sale_attempts import Attempt, AttemptStatus, Ending, PastAttempt

# The name of the guard that fails where a rule of a network stands in the way.
RETRY_LIMIT: Final = "retry_limit"

# As many as the migrations lay down.
GATES: Final = 256

_COLUMNS: Final = (
    "operation_id", "fingerprint", "key_name", "network", "biller_id", "merchant_id", "reference", "amount_minor",
    "currency", "initiator", "at", "status", "counted", "blocks",
)  # fmt: skip
_PAST: Final = (
    "operation_id", "biller_id", "merchant_id", "reference", "amount_minor", "currency", "initiator", "at", "status",
    "code", "counted", "blocks",
)  # fmt: skip

# SQL Server reads what is committed: two sales at once would each count without the other, and both take the last
# place. The write makes the second wait until the first has committed; SQLite has one writer anyway.
_GO_THROUGH: Final = "UPDATE sale_attempt_gates SET passage = passage + 1 WHERE gate = ?"
_FORGET: Final = "DELETE FROM sale_attempts WHERE operation_id = ?"
_END: Final = """
UPDATE sale_attempts SET status = ?, code = ?, network_code = ?, advice = ?, counted = ?, blocks = ?
WHERE operation_id = ?
"""
_LIFT: Final = "UPDATE sale_attempts SET blocks = 'nothing' WHERE operation_id = ? AND blocks <> 'nothing'"
_PURGE_OLD: Final = "DELETE FROM sale_attempts WHERE at < ? AND blocks = 'nothing'"
_PURGE_UNKNOWABLE: Final = """
DELETE FROM sale_attempts
WHERE blocks IN ('authorization', 'merchant', 'instrument') AND at < ? AND key_name NOT IN ({keys})
"""


def attempt(this: Attempt) -> tuple[Statement, ...]:
    """
    Remember that `this` sale is about to leave, if every rule of its network lets it: else guard RETRY_LIMIT fails.

    To stand last in commit 1: the gate is then held for no longer than it must be, and a key or a bill that is taken
    is told first.
    """
    return (_gate(this), _insert(this))


def again(this: Attempt) -> tuple[Statement, ...]:
    """The same for a sale that leaves once more under its own operation, of which nothing has left before."""
    return (_gate(this), Statement(_FORGET, (this.operation_id,), rows=None), _insert(this))


def ended(operation_id: str, ending: Ending) -> Statement:
    """
    Remember how the try of that operation ended. Affects nothing where there is none (a wallet, or purged by now).

    Never guarded: what Chase or a bank said is stored, whatever became of our book-keeping.
    """
    said = ending.said
    words = (said.code, said.network_code, said.advice) if said else (None, None, None)
    return Statement(_END, (ending.status, *words, int(ending.counted), ending.blocks, operation_id), rows=None)


def lifted(operation_id: str) -> Statement:
    """A person's word that what the answer to that operation blocks may be tried again. One row, or guard `lifted`."""
    return Statement(_LIFT, (operation_id,), guard="lifted")


def purge(now: datetime, key_names: Iterable[str]) -> tuple[Statement, ...]:
    """
    Forget what no rule can ask about: tries older than every window, and last words under a key that is gone.

    Other last words stay: an instrument that must never be tried again is one for as long as it can be known again.
    `key_names` are those of the settings; at least one.
    """
    names, before = tuple(key_names), time_text(now - KEPT_FOR)
    unknowable = _PURGE_UNKNOWABLE.format(keys=_marks(names))
    return (Statement(_PURGE_OLD, (before,), rows=None), Statement(unknowable, (before, *names), rows=None))


def why_blocked(this: Attempt) -> Query:
    """What may stand in the way of `this`: to be read by `past_attempts`, and judged by `blocked_by`."""
    prints = _fingerprints(this)
    sql = f"""
SELECT {", ".join(_PAST)} FROM sale_attempts
WHERE fingerprint IN ({_marks(prints)}) AND (at > ? OR blocks <> 'nothing') ORDER BY at, operation_id
"""  # noqa: S608 - our own names, no values
    return Query(sql, (*prints, time_text(this.at - KEPT_FOR)))


def past_attempts(rows: Iterable[Row]) -> Sequence[PastAttempt]:
    """The rows of `why_blocked`, oldest first."""
    return [_past(*row) for row in rows]


def _past(
    operation_id: str, biller_id: str, merchant_id: str, reference: str, amount_minor: int, currency: str, *rest: str
) -> PastAttempt:
    initiator, at, status, code, counted, blocks = rest
    return PastAttempt(
        operation_id=operation_id,
        biller_id=biller_id,
        merchant_id=merchant_id,
        reference=reference,
        amount=Money(amount_minor, currency),
        initiator=Initiator(initiator),
        at=datetime.fromisoformat(at).replace(tzinfo=UTC),
        status=AttemptStatus(status),
        code=code,
        counted=bool(counted),
        blocks=Blocks(blocks),
    )


def _gate(this: Attempt) -> Statement:
    """One instrument, one gate, whichever of its keys is the current one: keys are rotated instance by instance."""
    gate = int(min(_fingerprints(this))[:2], 16) % GATES
    return Statement(_GO_THROUGH, (gate,))


def _insert(this: Attempt) -> Statement:
    current = this.fingerprints[0]
    row: Values = (
        this.operation_id,
        current.digest,
        current.key_name,
        this.network,
        this.biller_id,
        this.merchant_id,
        this.reference,
        this.amount.amount_minor,
        this.amount.currency,
        this.initiator,
        time_text(this.at),
        AttemptStatus.IN_FLIGHT,
        0,
        Blocks.NOTHING,
    )
    conditions = [_no_last_word(this), *(_place_left(limit, this) for limit in _limits(this))]
    where = "\nAND ".join(condition for condition, _ in conditions)
    sql = f"INSERT INTO sale_attempts ({', '.join(_COLUMNS)})\nSELECT {_marks(row)}\nWHERE {where}"
    values = (*row, *(value for _, values in conditions for value in values))
    return Statement(sql, values, guard=RETRY_LIMIT)


def _limits(this: Attempt) -> tuple[Limit, ...]:
    return limits_on(this.network, this.initiator, this.at)


Condition = tuple[str, tuple[Value, ...]]


def _no_last_word(this: Attempt) -> Condition:
    """As `sale_attempts.blocked_by` reads them."""
    prints = _fingerprints(this)
    at_the_merchant = "('merchant', 'authorization')" if this.standing else "('merchant')"
    sql = (
        f"NOT EXISTS (SELECT 1 FROM sale_attempts WHERE fingerprint IN ({_marks(prints)}) AND (blocks = 'instrument'"  # noqa: S608
        f" OR (blocks IN {at_the_merchant} AND (merchant_id = ? OR biller_id = ?))))"
    )
    return sql, (*prints, this.merchant_id, this.biller_id)


def _place_left(limit: Limit, this: Attempt) -> Condition:
    """As `sale_attempts.blocked_by` counts: what was declined in the window, and what is in flight."""
    prints = _fingerprints(this)
    together, values = _scope(limit, this)
    sql = (
        f"(SELECT COUNT(*) FROM sale_attempts WHERE fingerprint IN ({_marks(prints)}) AND at > ?"  # noqa: S608
        f" AND (counted = 1 OR (status = 'in_flight' AND at > ?)){together}) < ?"
    )
    window = (time_text(this.at - limit.window), time_text(this.at - IN_FLIGHT_FOR))
    return sql, (*prints, *window, *values, limit.maximum)


def _scope(limit: Limit, this: Attempt) -> Condition:
    columns: dict[str, Value] = {} if limit.initiator is None else {"initiator": limit.initiator}
    amount: dict[str, Value] = {"amount_minor": this.amount.amount_minor, "currency": this.amount.currency}
    if limit.scope is Scope.AMOUNT:
        columns |= {"merchant_id": this.merchant_id, **amount}
    elif limit.scope is Scope.BILL:
        columns |= {"biller_id": this.biller_id, "reference": this.reference, **amount}
    return "".join(f" AND {column} = ?" for column in columns), tuple(columns.values())


def _fingerprints(this: Attempt) -> tuple[str, ...]:
    return tuple(fingerprint.digest for fingerprint in this.fingerprints)


def _marks(values: Sequence[Value]) -> str:
    return ", ".join("?" * len(values))
