"""Shadow at rest: what waits to be mirrored, in order; what the existing processor answered; how the two compare."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.database.outbox import kept
from shared.database.refusals import refused_by_rule
from shared.database.rollout import decision_made
from shared.database.rows import time_or_none, time_text
from shared.database.statements import First, insert, key_kept, nonce_kept, operation_key_kept, payment_begun
from shared.database.unit_of_work import Engine, GuardFailed, Query, Row, Statement, UniqueViolation, Value
from shared.payments.audit import Chain
from shared.payments.idempotency import Fingerprint, Nonce
from shared.payments.messages import Message
from shared.payments.operations import OperationKind
from shared.payments.outgoing import messages_of
from shared.payments.payment import Payment
from shared.payments.request_text import plain_request, read_request
from shared.payments.requests import SaleRequest
from shared.shadow.evidence import Stratum
from shared.shadow.operations import Coverage, ShadowOperation, control_text, read_control
from shared.shadow.pair import Control
from shared.shadow.stored_decision import StoredDecision
from shared.shadow.verdicts import Comparison, as_json

_COLUMNS: Final = (
    "id", "payment_id", "sequence", "kind", "biller_id", "method", "reference", "actor", "created_at",
    "amount_minor", "reason", "request", "control", "state", "compare_at",
)  # fmt: skip
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM shadow_operations"  # noqa: S608 - our own names
_DUE: Final = f"{', '.join(_COLUMNS)} FROM shadow_operations WHERE compare_at <= ? ORDER BY compare_at"
_INSERT: Final = insert("shadow_operations", _COLUMNS)
# A later operation takes the next place in its payment's order; of two that take one, the order's rule refuses one.
_INSERT_NEXT: Final = f"""
INSERT INTO shadow_operations ({", ".join(_COLUMNS)})
SELECT ?, ?, MAX(sequence) + 1, {", ".join("?" * (len(_COLUMNS) - 3))} FROM shadow_operations WHERE payment_id = ?
"""  # noqa: S608
_REPORT: Final = "UPDATE shadow_operations SET control = ?, compare_at = ? WHERE id = ? AND control IS NULL"
_LOOKED: Final = "UPDATE shadow_operations SET state = ?, compare_at = ? WHERE id = ?"
# A control that came since it was looked at has made the pair due: that stands.
_LOOKED_WITHOUT_CONTROL: Final = """
UPDATE shadow_operations SET state = 'done', compare_at = CASE WHEN control IS NULL THEN ? ELSE compare_at END
WHERE id = ?
"""
_COMPARED: Final = """
UPDATE shadow_operations SET state = 'done', comparison = ?, severity = ?, compared_at = ?, compare_at = ? WHERE id = ?
"""
_WAITING: Final = Query("SELECT COUNT(*) FROM shadow_operations WHERE state = 'waiting'")
_COVERAGE: Final = """
SELECT COUNT(*), SUM(CASE WHEN compared_at IS NULL THEN 0 ELSE 1 END),
    SUM(CASE WHEN state = 'waiting' THEN 1 ELSE 0 END)
FROM shadow_operations WHERE created_at >= ?
"""
_LOST: Final = "SELECT SUM(lost) FROM shadow_losses WHERE day >= ?"
_LOSE: Final = insert("shadow_losses", ("id", "day", "biller_id", "method", "kind", "lost"))
_LEASE: Final = timedelta(seconds=30)
# What has not been looked at by then, was lost between its message and its mirror.
LOOKED_AT_AFTER: Final = timedelta(minutes=10)


class SqlShadow:
    """Fits `use_cases.ports.ShadowStore`. Each call is one round trip, each write one commit."""

    def __init__(
        self, engine: Engine, *, first: First, chain: Chain, new_id: Callable[[], str], lease: timedelta = _LEASE
    ) -> None:
        self._engine, self._first, self._chain = engine, first, chain
        self._new_id, self._lease = new_id, lease

    async def begin(
        self,
        payment: Payment,
        operation: ShadowOperation,
        fingerprint: Fingerprint,
        nonce: Nonce | None,
        made: StoredDecision | None,
    ) -> Sequence[Message]:
        """A shadow sale's one commit."""
        messages = messages_of(None, payment, ())
        statements = [
            *nonce_kept(nonce),
            key_kept(payment.id, payment.sale, payment.caller, payment.idempotency_key, fingerprint),
            *([decision_made(made)] if made else []),
            *payment_begun(payment, self._chain),
            Statement(_INSERT, _values(operation)),
            *kept(messages, now=payment.created_at, lease=self._lease),
        ]
        try:
            await self._engine.run(statements)
        except UniqueViolation as violated:
            raise refused_by_rule(violated) from violated
        return messages

    async def follow(
        self, operation: ShadowOperation, key: str, fingerprint: Fingerprint, nonce: Nonce | None, message: Message
    ) -> None:
        """A void or refund takes the next place."""
        payment_id, now = operation.payment_id, operation.created_at
        identifier, of_payment, _, *rest = _values(operation)
        statements = [
            *nonce_kept(nonce),
            operation_key_kept(payment_id, operation.id, operation.actor, key, fingerprint, now),
            Statement(_INSERT_NEXT, (identifier, of_payment, *rest, payment_id)),
            *kept([message], now=now, lease=self._lease),
        ]
        try:
            await self._engine.run(statements)
        except UniqueViolation as violated:
            raise refused_by_rule(violated) from violated

    async def report(self, operation_id: str, control: Control, nonce: Nonce | None, now: datetime) -> bool:
        """Keep what the existing processor answered, to be compared at once; False where a control is there."""
        text = json.dumps(control_text(control), separators=(",", ":"))
        values = (text, time_text(now), operation_id)
        try:
            await self._engine.run([*nonce_kept(nonce), Statement(_REPORT, values, guard="control")])
        except GuardFailed:
            return False
        except UniqueViolation as violated:
            raise refused_by_rule(violated) from violated
        return True

    async def get(self, operation_id: str) -> ShadowOperation | None:
        [rows] = await self._engine.read([Query(f"{_SELECT} WHERE id = ?", (operation_id,))])
        return _operation(rows[0]) if rows else None

    async def of_payment(self, payment_id: str) -> Sequence[ShadowOperation]:
        """In their order."""
        [rows] = await self._engine.read([Query(f"{_SELECT} WHERE payment_id = ? ORDER BY sequence", (payment_id,))])
        return [_operation(row) for row in rows]

    async def request(self, payment_id: str) -> SaleRequest | None:
        """What the sale is mirrored with."""
        query = Query("SELECT request FROM shadow_operations WHERE payment_id = ? AND sequence = 1", (payment_id,))
        [rows] = await self._engine.read([query])
        return read_request(json.loads(rows[0][0])) if rows else None

    async def due(self, now: datetime, limit: int) -> Sequence[ShadowOperation]:
        """What is to be looked at by now, the longest due first."""
        [rows] = await self._engine.read([Query(self._first(limit, _DUE), (time_text(now),))])
        return [_operation(row) for row in rows]

    async def looked_at(self, operation_id: str, *, waiting: bool, compare_at: datetime | None) -> None:
        """There was nothing to compare yet."""
        values = ("waiting" if waiting else "done", time_or_none(compare_at), operation_id)
        await self._engine.run([Statement(_LOOKED, values)])

    async def control_missing(self, operation_id: str, *, compare_at: datetime | None) -> None:
        """It was mirrored, and there was no control; one that has come since has made it due, and that stands."""
        await self._engine.run([Statement(_LOOKED_WITHOUT_CONTROL, (time_or_none(compare_at), operation_id))])

    async def compared(
        self, operation_id: str, comparison: Comparison, at: datetime, compare_at: datetime | None
    ) -> None:
        """Both sides were there, and this is what they said; it takes the place of an earlier comparison."""
        text = json.dumps(as_json(comparison), separators=(",", ":"))
        severity = None if comparison.severity is None else int(comparison.severity)
        values = (text, severity, time_text(at), time_or_none(compare_at), operation_id)
        await self._engine.run([Statement(_COMPARED, values)])

    async def waiting(self) -> int:
        """How many operations wait to be mirrored."""
        [[[found]]] = await self._engine.read([_WAITING])
        return int(found)

    async def lose(self, lost: Mapping[Stratum, int], now: datetime) -> None:
        """Count what was eligible and left no row."""
        day = now.date().isoformat()
        await self._engine.run(
            [
                Statement(_LOSE, (self._new_id(), day, each.biller_id, each.method, each.operation, count))
                for each, count in sorted(lost.items())
            ]
        )

    async def coverage(self, since: datetime) -> Coverage:
        """What was received, compared, is pending, and was lost since then (losses: since that day)."""
        of_rows, of_losses = Query(_COVERAGE, (time_text(since),)), Query(_LOST, (since.date().isoformat(),))
        [[[received, compared, pending]], [[lost]]] = await self._engine.read([of_rows, of_losses])
        return Coverage(int(received), int(compared or 0), int(pending or 0), int(lost or 0))


def _values(operation: ShadowOperation) -> tuple[Value, ...]:
    request, control = operation.request, operation.control
    return (
        operation.id,
        operation.payment_id,
        operation.sequence,
        operation.kind,
        operation.biller_id,
        operation.method,
        operation.reference,
        operation.actor,
        time_text(operation.created_at),
        operation.amount_minor,
        operation.reason,
        None if request is None else json.dumps(plain_request(request), separators=(",", ":")),
        None if control is None else json.dumps(control_text(control), separators=(",", ":")),
        "waiting" if operation.waiting else "done",
        time_text(operation.created_at + LOOKED_AT_AFTER),
    )


def _operation(row: Row) -> ShadowOperation:
    identifier, payment_id, sequence, kind, biller_id, method, reference, actor, created_at, *rest = row
    amount_minor, reason, request, control, state, _ = rest
    return ShadowOperation(
        id=identifier,
        payment_id=payment_id,
        sequence=sequence,
        kind=OperationKind(kind),
        biller_id=biller_id,
        method=method,
        reference=reference,
        actor=actor,
        created_at=datetime.fromisoformat(created_at).replace(tzinfo=UTC),
        amount_minor=amount_minor,
        reason=reason,
        request=None if request is None else read_request(json.loads(request)),
        control=None if control is None else read_control(json.loads(control)),
        waiting=state == "waiting",
    )
