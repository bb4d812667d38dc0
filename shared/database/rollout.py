"""The rollout at rest: versions of its document, and what was decided for each attempt."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from shared.database.rows import time_text
from shared.database.statements import First, insert, nonce_kept
from shared.database.unit_of_work import Engine, GuardFailed, Query, Row, Statement, UniqueViolation
from shared.payments.errors import ChangedMeanwhile, PaymentUnresolved, Unauthenticated
from shared.payments.idempotency import Nonce
from shared.shadow.document import Document, Mode, RolloutVersion, as_json
from shared.shadow.reading import read_document
from shared.shadow.stored_decision import EXPIRED, GIVEN_UP, Asked, StoredDecision

_VERSION: Final = ("version", "document", "actor", "reason", "forced", "at")
_DECISION: Final = (
    "caller", "attempt", "biller_id", "method", "reference", "mode", "config_version", "why", "decided_at",
    "expires_at",
)  # fmt: skip
_VERSIONS: Final = f"{', '.join(_VERSION)} FROM rollout_versions ORDER BY version DESC"
_INSERT_VERSION: Final = insert("rollout_versions", _VERSION)
_SWITCH: Final = """
UPDATE rollout_switches SET version = ?, kill_switch = ?, hold_all = ? WHERE only_row = 1 AND version = ?
"""
_MARKS: Final = ", ".join("?" * len(_DECISION))
# A bill whose live payment of another attempt is open is nobody's to decide about.
_DECIDE: Final = f"""
INSERT INTO decisions ({", ".join(_DECISION)}) SELECT {_MARKS}
WHERE NOT EXISTS (SELECT 1 FROM decisions WHERE caller = ? AND attempt = ?) AND NOT EXISTS (
    SELECT 1 FROM payments WHERE biller_id = ? AND reference = ? AND mode = 'live'
    AND state IN ('received', 'submitted', 'unknown') AND NOT (caller = ? AND idempotency_key = ?)
)
"""  # noqa: S608 - our own names
_FOUND: Final = f"SELECT {', '.join(_DECISION)} FROM decisions WHERE caller = ? AND attempt = ?"  # noqa: S608
_OPEN: Final = """
id FROM payments WHERE biller_id = ? AND reference = ? AND mode = 'live'
AND state IN ('received', 'submitted', 'unknown') ORDER BY id DESC
"""
_PAID: Final = """
SELECT 1 FROM idempotency_keys WHERE caller = ? AND idempotency_key = ? AND payment_id IS NOT NULL
"""
# What is sold under is not closed, whatever a snapshot of other tables would show; nor is what has a payment of another
# kind: one in shadow, or one that ended before it was sold.
_CLOSE: Final = f"""
UPDATE decisions SET mode = 'off', why = ?, expires_at = NULL
WHERE caller = ? AND attempt = ? AND biller_id = ? AND method = ? AND reference = ?
AND mode <> 'off' AND sold_at IS NULL AND NOT EXISTS ({_PAID})
"""  # noqa: S608 - our own names
_CLOSE_EXPIRED: Final = _CLOSE.rstrip() + " AND expires_at <= ?"
_MISSING: Final = f"""
INSERT INTO decisions ({", ".join(_DECISION)}) SELECT {_MARKS}
WHERE NOT EXISTS (SELECT 1 FROM decisions WHERE caller = ? AND attempt = ?) AND NOT EXISTS ({_PAID})
"""  # noqa: S608
# To stand in a sale's commit 1: the decision is live, for this bill, in time, and live sales are not switched off.
_SELL: Final = """
UPDATE decisions SET sold_at = ? WHERE caller = ? AND attempt = ? AND biller_id = ? AND method = ? AND reference = ?
AND mode = 'live' AND expires_at > ? AND NOT EXISTS (SELECT 1 FROM rollout_switches WHERE kill_switch = 1)
"""
_MAKE_AND_SELL: Final = f"""
INSERT INTO decisions ({", ".join(_DECISION)}, sold_at) SELECT {_MARKS}, ?
WHERE NOT EXISTS (SELECT 1 FROM rollout_switches WHERE kill_switch = 1)
"""  # noqa: S608 - our own names
NOT_LIVE: Final = "decision"


def sold_under(asked: Asked, now: datetime) -> Statement:
    """The guard NOT_LIVE of a sale's commit 1, which also keeps the decision from being closed."""
    at, bill = time_text(now), (asked.biller_id, asked.method, asked.reference)
    return Statement(_SELL, (at, asked.caller, asked.attempt, *bill, at), guard=NOT_LIVE)


def decision_made(decision: StoredDecision) -> Statement:
    """A decision that a shadow sale's own commit makes, where none is required before it."""
    return Statement(insert("decisions", _DECISION), _values(decision))


def made_and_sold_under(decision: StoredDecision) -> Statement:
    """The guard NOT_LIVE of a sale whose own commit makes its live decision."""
    return Statement(_MAKE_AND_SELL, (*_values(decision), time_text(decision.decided_at)), guard=NOT_LIVE)


class SqlRollout:
    """Fits `use_cases.ports.RolloutStore`."""

    def __init__(self, engine: Engine, *, first: First) -> None:
        self._engine, self._first = engine, first

    async def versions(self, limit: int) -> Sequence[RolloutVersion]:
        """Newest first. Raises InvalidRequest where one cannot be read."""
        [rows] = await self._engine.read([Query(self._first(limit, _VERSIONS))])
        return [_version(row) for row in rows]

    async def add_version(self, version: RolloutVersion, nonce: Nonce | None) -> None:
        """Raises ChangedMeanwhile if another version was written since the one before it."""
        document = json.dumps(as_json(version.document), separators=(",", ":"))
        row = (version.version, document, version.actor, version.reason, int(version.forced), time_text(version.at))
        switches = (int(version.document.kill_switch), int(version.document.hold_all))
        try:
            await self._engine.run(
                [
                    *nonce_kept(nonce),
                    Statement(_SWITCH, (version.version, *switches, version.version - 1), guard="version"),
                    Statement(_INSERT_VERSION, row),
                ]
            )
        except GuardFailed as error:
            raise ChangedMeanwhile("version") from error
        except UniqueViolation as error:
            raise _named(error, ChangedMeanwhile("version")) from error

    async def decide(self, decision: StoredDecision, nonce: Nonce | None) -> StoredDecision:
        """
        The decision that stands for the attempt: this one, if there was none.

        Raises PaymentUnresolved where the bill has an open live payment of another attempt; then nothing is stored.
        """
        asked = decision.asked
        bill, key = (asked.biller_id, asked.reference), (asked.caller, asked.attempt)
        statement = Statement(_DECIDE, (*_values(decision), *key, *bill, *key), rows=None)
        known = Query(_FOUND, key)
        other = Query(self._first(1, _OPEN), bill)
        rows, open_payments = await self._again([*nonce_kept(nonce), statement], known, other)
        if rows:
            return _decision(rows[0])
        if not open_payments:
            # The payment that stood in the way ended between the two questions; the nonce is kept already.
            return await self.decide(decision, None)
        raise PaymentUnresolved(str(open_payments[0][0]))

    async def decision(self, caller: str, attempt: str) -> StoredDecision | None:
        [rows] = await self._engine.read([Query(_FOUND, (caller, attempt))])
        return _decision(rows[0]) if rows else None

    async def give_up(self, decision: StoredDecision, nonce: Nonce | None) -> StoredDecision | None:
        """
        `off` for ever, if no payment has the attempt's key, decided before or not; None if one has.

        What was decided for another bill or method is returned as it is.
        """
        asked = decision.asked
        key = (asked.caller, asked.attempt)
        statements = [
            *nonce_kept(nonce),
            Statement(_CLOSE, (GIVEN_UP, *_named_by(asked), *key), rows=None),
            Statement(_MISSING, (*_values(decision), *key, *key), rows=None),
        ]
        [rows] = await self._again(statements, Query(_FOUND, key))
        if not rows:
            return None
        found = _decision(rows[0])
        return found if found.mode is Mode.OFF or not found.is_about(asked) else None

    async def _again(self, statements: Sequence[Statement], *answers: Query) -> list[list[Row]]:
        """Run it; once more where another made the decision meanwhile, which it then finds. Raises Unauthenticated."""
        try:
            return await self._engine.run(statements, *answers)
        except UniqueViolation as violated:
            if violated.constraint == "nonce":
                raise Unauthenticated("nonce seen before") from violated
        return await self._engine.run(statements, *answers)

    async def expire(self, asked: Asked, now: datetime) -> bool:
        """Make a live decision that is over `off` for ever, if no payment has its key; whether it is over."""
        key = (asked.caller, asked.attempt)
        closing = Statement(_CLOSE_EXPIRED, (EXPIRED, *_named_by(asked), *key, time_text(now)), rows=None)
        [rows] = await self._engine.run([closing], Query(_FOUND, key))
        return bool(rows) and _decision(rows[0]).why == EXPIRED


def _named(violated: UniqueViolation, otherwise: Exception) -> Exception:
    return Unauthenticated("nonce seen before") if violated.constraint == "nonce" else otherwise


def _named_by(asked: Asked) -> tuple[str, ...]:
    return (asked.caller, asked.attempt, asked.biller_id, asked.method, asked.reference)


def _values(decision: StoredDecision) -> tuple[str | int | None, ...]:
    asked, expires_at = decision.asked, decision.expires_at
    return (
        asked.caller,
        asked.attempt,
        asked.biller_id,
        asked.method,
        asked.reference,
        str(decision.mode),
        decision.config_version,
        str(decision.why),
        time_text(decision.decided_at),
        None if expires_at is None else time_text(expires_at),
    )


def _decision(row: Row) -> StoredDecision:
    *asked, mode, config_version, why, decided_at, expires_at = row
    until = None if expires_at is None else _time(expires_at)
    return StoredDecision(Asked(*asked), Mode(mode), config_version, why, _time(decided_at), until)


def _version(row: Row) -> RolloutVersion:
    version, text, actor, reason, forced, at = row
    document: Document = read_document(json.loads(text), billers=None)
    return RolloutVersion(version, document, _time(at), actor, reason, bool(forced))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
