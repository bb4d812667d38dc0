"""
Tries at instruments, as statements of a sale's own commits: no round trip is spent on the networks' limits.

Commit 1 takes `attempted`, the last of its batch, which writes no row; a commit by which a sale is declined, or a debit
returned, takes `remembered`. Statements are portable.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from shared.database.rows import time_text
from shared.database.unit_of_work import Query, Row, Statement, Value
from shared.payments.money import Money
from shared.payments.networks import Network
from shared.payments.never_again import Blocks
from shared.payments.payment import Payment
from shared.payments.requests import Initiator
from shared.payments.retry_limits import KEPT_FOR, Limit, Scope, limits_on
from shared.payments.sale_attempts import Attempt, Decline, PastDecline

# The name of the guard that fails where a rule of a network stands in the way.
RETRY_LIMIT: Final = "retry_limit"

_PAST: Final = (
    "biller_id", "merchant_id", "reference", "amount_minor", "currency", "initiator", "at", "code", "counted", "blocks",
)  # fmt: skip
_ATTEMPT: Final = "UPDATE payments SET instrument_fingerprint = ?, instrument_key = ?, initiator = ?\nWHERE id = ?"
# Whatever a payment was tried with before: what a bank said last of a debit stands.
_FORGET: Final = "DELETE FROM sale_attempts WHERE operation_id = ?"
_REMEMBER: Final = """
INSERT INTO sale_attempts (
    operation_id, fingerprint, key_name, network, biller_id, merchant_id, reference, amount_minor, currency, initiator,
    at, code, network_code, advice, counted, blocks
)
SELECT ?, instrument_fingerprint, instrument_key, ?, biller_id, merchant_id, reference, amount_minor, currency,
    initiator, ?, ?, ?, ?, ?, ?
FROM payments WHERE id = ? AND instrument_fingerprint IS NOT NULL
"""
# What is the same in declines that count together; all are of one instrument.
_COLUMNS: Final[Mapping[Scope, tuple[str, ...]]] = {
    Scope.INSTRUMENT: (),
    Scope.AMOUNT: ("merchant_id", "amount_minor", "currency"),
    Scope.BILL: ("biller_id", "reference", "amount_minor", "currency"),
}
_VALUES: Final[Mapping[Scope, Callable[[Attempt], tuple[Value, ...]]]] = {
    Scope.INSTRUMENT: lambda _: (),
    Scope.AMOUNT: lambda this: (this.merchant_id, this.amount.amount_minor, this.amount.currency),
    Scope.BILL: lambda this: (this.biller_id, this.reference, this.amount.amount_minor, this.amount.currency),
}
_LIFT: Final = "UPDATE sale_attempts SET blocks = 'nothing' WHERE operation_id = ? AND blocks <> 'nothing'"
_PURGE_OLD: Final = "DELETE FROM sale_attempts WHERE at < ? AND blocks = 'nothing'"
_PURGE_UNKNOWABLE: Final = """
DELETE FROM sale_attempts
WHERE blocks IN ('authorization', 'merchant', 'instrument') AND at < ? AND key_name NOT IN ({keys})
"""


def attempted(this: Attempt) -> Statement:
    """
    Note at the payment what `this` tries, if every rule of its network lets it: else guard RETRY_LIMIT fails.

    To stand last in its batch: a key or a bill that is taken is told first. What is noted is what a decline is
    remembered by, whoever finds it out and however late.
    """
    current, prints = this.fingerprints[0], tuple(fingerprint.digest for fingerprint in this.fingerprints)
    sql, limits = _judged(this.network, this.initiator, this.at.date(), len(prints), this.standing)
    values: list[Value] = [current.digest, current.key_name, this.initiator, this.payment_id]
    values += [*prints, this.merchant_id, this.biller_id]
    for limit in limits:
        by = () if limit.initiator is None else (limit.initiator,)
        together = _VALUES[limit.scope](this)
        values += [*prints, time_text(this.at - limit.window), *by, *together, limit.maximum]
    return Statement(sql, tuple(values), guard=RETRY_LIMIT)


def remembered(payment: Payment, decline: Decline) -> list[Statement]:
    """
    Remember how the payment's try ended. Affects nothing where the instrument cannot be known again (a wallet).

    Never guarded: what Chase or a bank said is stored, whatever became of our book-keeping.
    """
    operation_id, said = payment.sale.id, decline.said
    words = (said.code, said.network_code, said.advice)
    row = (operation_id, decline.network, time_text(decline.at), *words, int(decline.counted), decline.blocks)
    return [
        Statement(_FORGET, (operation_id,), rows=None),
        Statement(_REMEMBER, (*row, payment.id), rows=None),
    ]


def lifted(operation_id: str) -> Statement:
    """A person's word that what the answer to that operation blocks may be tried again. One row, or guard `lifted`."""
    return Statement(_LIFT, (operation_id,), guard="lifted")


def purge(now: datetime, key_names: Iterable[str]) -> tuple[Statement, ...]:
    """
    Forget what no rule can ask about: declines older than every window, and last words under a key that is gone.

    Other last words stay: an instrument that must never be tried again is one for as long as it can be known again.
    `key_names` are those of the settings; at least one.
    """
    names, before = tuple(key_names), time_text(now - KEPT_FOR)
    unknowable = _PURGE_UNKNOWABLE.format(keys=_marks(len(names)))
    return (
        Statement(_PURGE_OLD, (before,), rows=None, lengthy=True),
        Statement(unknowable, (before, *names), rows=None, lengthy=True),
    )


def why_blocked(this: Attempt) -> Query:
    """What may stand in the way of `this`: to be read by `past_declines`, and judged by `blocked_by`."""
    prints = tuple(fingerprint.digest for fingerprint in this.fingerprints)
    sql = f"""
SELECT {", ".join(_PAST)} FROM sale_attempts
WHERE fingerprint IN ({_marks(len(prints))}) AND (at > ? OR blocks <> 'nothing') ORDER BY at, operation_id
"""  # noqa: S608 - our own names, no values
    return Query(sql, (*prints, time_text(this.at - KEPT_FOR)))


def past_declines(rows: Iterable[Row]) -> Sequence[PastDecline]:
    """The rows of `why_blocked`, oldest first."""
    return [_past(*row) for row in rows]


def _past(
    biller_id: str, merchant_id: str, reference: str, amount_minor: int, currency: str, *rest: str
) -> PastDecline:
    initiator, at, code, counted, blocks = rest
    return PastDecline(
        biller_id=biller_id,
        merchant_id=merchant_id,
        reference=reference,
        amount=Money(amount_minor, currency),
        initiator=Initiator(initiator),
        at=datetime.fromisoformat(at).replace(tzinfo=UTC),
        code=code,
        counted=bool(counted),
        blocks=Blocks(blocks),
    )


# One text for all sales of a network that are held to the same rules: engines keep what they make of a text.
@lru_cache(256)
def _judged(
    network: Network, initiator: Initiator, day: date, prints: int, standing: bool
) -> tuple[str, tuple[Limit, ...]]:
    limits = limits_on(network, initiator, datetime(day.year, day.month, day.day, tzinfo=UTC))
    conditions = [_no_last_word(prints, standing), *(_place_left(limit, prints) for limit in limits)]
    return "\nAND ".join([_ATTEMPT, *conditions]), limits


def _no_last_word(prints: int, standing: bool) -> str:
    """As `sale_attempts.blocked_by` reads them."""
    at_the_merchant = "('merchant', 'authorization')" if standing else "('merchant')"
    return (
        f"NOT EXISTS (SELECT 1 FROM sale_attempts WHERE fingerprint IN ({_marks(prints)}) AND (blocks = 'instrument'"  # noqa: S608
        f" OR (blocks IN {at_the_merchant} AND (merchant_id = ? OR biller_id = ?))))"
    )


def _place_left(limit: Limit, prints: int) -> str:
    """As `sale_attempts.blocked_by` counts: what was declined in the window."""
    by = () if limit.initiator is None else ("initiator",)
    together = "".join(f" AND {column} = ?" for column in (*by, *_COLUMNS[limit.scope]))
    return (
        f"(SELECT COUNT(*) FROM sale_attempts WHERE fingerprint IN ({_marks(prints)}) AND at > ? AND counted = 1"  # noqa: S608
        f"{together}) < ?"
    )


def _marks(count: int) -> str:
    return ", ".join("?" * count)
