"""
The invariants of money as questions to a database: portable SQL, each row that comes back offends.

    refunds-over-capture              more refunded or reserved than was captured
    refunds-do-not-add-up             refunded is not the sum of the refunds that succeeded
    reservation-without-a-refund      reserved is not what refunds that are not resolved ask for, either way round
    two-unresolved-operations         the next could be sent while another may still arrive
    open-without-an-operation         received, submitted or unknown, and no operation of it is: nobody goes on
    unknown-without-an-inquiry        nobody will ask Chase
    submitted-for-too-long            abandoned, and the timer `reconciliation` did not find it
    inquiry-overdue                   was to be made over an hour ago: the timer `reconciliation` does not run
    queued-without-a-time-to-be-sent  neither we nor its caller (payment `received`) will send it
    sending-overdue                   was to be sent over an hour ago
    authorized-and-not-asked-about    nobody will learn whether Chase captured it
    ended-with-an-instrument-kept     the payment ended, and its sealed instrument is still there
    instrument-mark-differs           instrument_kept and the instrument's row say different things
    money-of-what-took-none           voided, declined (without an undo), authorized or received, with money counted
    history-has-gaps                  sequence is not 1, 2, 3 and so on
    history-ends-elsewhere            the last entry leads to another state than the payment's
    history-longer-than-version       more facts than there were steps
    message-overdue                   due over an hour ago, and not sent: the timer `outbox_sweep` does not run
    message-set-aside                 waits for a person
  note negative-exposure              more went back to the payer than was taken: known, alarmed, to be collected
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.database.rows import time_text
from shared.database.unit_of_work import Query, Value

# Ten times what a claim may take before it is abandoned; and long enough for any timer to have come.
_TOO_LONG: Final = timedelta(minutes=15)
_OVERDUE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Invariant:
    """
    A question whose every row, one id, offends. `older_than` fills its `?` with that time before now.

    A `note` is told and counts for nothing.
    """

    name: str
    sql: str
    older_than: timedelta | None = None
    note: bool = False

    def query(self, now: datetime) -> Query:
        values: tuple[Value, ...] = () if self.older_than is None else (time_text(now - self.older_than),)
        return Query(self.sql, values)


_UNRESOLVED: Final = "operations.state IN ('queued', 'submitted', 'unknown')"
_OF_PAYMENT: Final = "operations.payment_id = payments.id"
_NONE: Final = "NOT EXISTS (SELECT 1 FROM operations WHERE operations.payment_id = payments.id AND"


def _refunds(condition: str) -> str:
    return (
        "(SELECT COALESCE(SUM(operations.amount_minor), 0) FROM operations"  # noqa: S608 - conditions of our own
        f" WHERE {_OF_PAYMENT} AND operations.kind = 'refund' AND {condition})"
    )


def _payments(condition: str) -> str:
    return f"SELECT payments.id FROM payments WHERE {condition} ORDER BY payments.id"  # noqa: S608


def _operations(condition: str) -> str:
    return (
        "SELECT operations.payment_id FROM operations JOIN payments ON payments.id = operations.payment_id"  # noqa: S608
        f" WHERE {condition} ORDER BY operations.payment_id"
    )


INVARIANTS: Final = (
    Invariant("refunds-over-capture", _payments("refunded_minor + refund_reserved_minor > captured_minor")),
    Invariant("refunds-do-not-add-up", _payments("refunded_minor <> " + _refunds("operations.state = 'succeeded'"))),
    Invariant("reservation-without-a-refund", _payments("refund_reserved_minor <> " + _refunds(_UNRESOLVED))),
    Invariant(
        "two-unresolved-operations",
        f"SELECT payment_id FROM operations WHERE {_UNRESOLVED}"  # noqa: S608
        " GROUP BY payment_id HAVING COUNT(*) > 1 ORDER BY payment_id",
    ),
    Invariant(
        "open-without-an-operation",
        _payments(f"payments.state IN ('received', 'submitted', 'unknown') AND {_NONE} {_UNRESOLVED})"),
    ),
    Invariant(
        "unknown-without-an-inquiry", _operations("operations.state = 'unknown' AND operations.inquire_at IS NULL")
    ),
    Invariant(
        "submitted-for-too-long",
        _operations("operations.state = 'submitted' AND operations.claimed_at < ?"),
        _TOO_LONG,
    ),
    Invariant("inquiry-overdue", _operations("operations.inquire_at < ?"), _OVERDUE),
    Invariant(
        "queued-without-a-time-to-be-sent",
        _operations(
            "operations.state = 'queued' AND operations.send_at IS NULL"
            " AND NOT (operations.kind = 'sale' AND payments.state = 'received')"
        ),
    ),
    Invariant("sending-overdue", _operations("operations.send_at < ?"), _OVERDUE),
    Invariant(
        "authorized-and-not-asked-about",
        _operations("operations.kind = 'sale' AND payments.state = 'authorized' AND operations.inquire_at IS NULL"),
    ),
    Invariant(
        "ended-with-an-instrument-kept",
        "SELECT payments.id FROM payments JOIN instruments ON instruments.payment_id = payments.id"
        " WHERE payments.state NOT IN ('received', 'submitted', 'unknown') ORDER BY payments.id",
    ),
    Invariant(
        "instrument-mark-differs",
        _payments("instrument_kept <> (SELECT COUNT(*) FROM instruments WHERE instruments.payment_id = payments.id)"),
    ),
    Invariant(
        "money-of-what-took-none",
        _payments(
            "captured_minor + refunded_minor + refund_reserved_minor > 0 AND (payments.state IN"
            " ('received', 'submitted', 'authorized', 'voided') OR (payments.state IN ('declined', 'failed', 'unknown')"
            f" AND {_NONE} operations.purpose <> 'requested')))"
        ),
    ),
    Invariant(
        "history-has-gaps",
        "SELECT payment_id FROM history GROUP BY payment_id"
        " HAVING MIN(sequence) <> 1 OR MAX(sequence) <> COUNT(*) ORDER BY payment_id",
    ),
    Invariant(
        "history-ends-elsewhere",
        _payments(
            "NOT EXISTS (SELECT 1 FROM history WHERE history.payment_id = payments.id"
            " AND history.to_state = payments.state AND history.sequence ="
            " (SELECT MAX(newest.sequence) FROM history AS newest WHERE newest.payment_id = payments.id))"
        ),
    ),
    Invariant(
        "history-longer-than-version",
        _payments("version < (SELECT COUNT(*) FROM history WHERE history.payment_id = payments.id)"),
    ),
    Invariant(
        "message-overdue", "SELECT id FROM outbox WHERE sent_at IS NULL AND due_at < ? ORDER BY due_at", _OVERDUE
    ),
    Invariant("message-set-aside", "SELECT message_id FROM set_aside ORDER BY message_id"),
    Invariant(
        "negative-exposure",
        _payments("refunded_minor + returned_minor + charged_back_minor > captured_minor"),
        note=True,
    ),
)
