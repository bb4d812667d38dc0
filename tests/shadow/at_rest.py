"""Shadow's rows, decisions and live sales as others leave them in the database: say only what the test is about."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.database.rollout import decision_made
from shared.database.rows import time_or_none, time_text
from shared.database.statements import insert, key_kept, payment_begun
from shared.database.unit_of_work import Engine, Statement
from shared.payments.facts import with_operation
from shared.payments.idempotency import Fingerprint
from shared.payments.operations import OperationState
from shared.payments.outcome import Outcome, record
from shared.payments.payment import Payment
from shared.payments.requests import kept_of
from shared.shadow.document import Mode
from shared.shadow.operations import control_text, shadow_sale
from shared.shadow.pair import Control
from shared.shadow.stored_decision import Asked, decided
from shared.shadow.verdicts import Comparison, as_json
from tests.builders import CHAIN, MERCHANTS, NOW, a_sale_request, a_submitted_payment
from tests.shadow.scenes import a_control

_PRINT = Fingerprint("k1", "f" * 64)
_ROW = (
    "id", "payment_id", "sequence", "kind", "biller_id", "method", "reference", "actor", "control", "state",
    "created_at", "comparison", "severity", "compared_at",
)  # fmt: skip


def a_reference(number: int) -> str:
    return f"INV-2026-{number:06d}"


def shadow_pair(
    number: int,
    comparison: Comparison | None,
    *,
    at: datetime = NOW,
    control: Control | None = None,
    biller_id: str = "city-water",
    method: str = "card",
    kind: str = "sale",
) -> list[Statement]:
    """The statements of one mirrored operation, the first of its payment, compared a minute after it came."""
    control, reference = control or a_control(), a_reference(number)
    request = a_sale_request(biller_id=biller_id, reference=reference)
    payment = shadow_sale(
        request,
        replace(kept_of(request.method), type=method),
        MERCHANTS[biller_id],
        payment_id=f"pay_{number:032x}",
        operation_id=f"op_{number:032x}",
        caller="ctp",
        idempotency_key=f"attempt-{number}",
        now=at,
    )
    compared_at = None if comparison is None else at + timedelta(minutes=1)
    told = None if comparison is None else json.dumps(as_json(comparison), separators=(",", ":"))
    severity = None if comparison is None else comparison.severity
    row = (
        f"op_{number:032x}", payment.id, 1, kind, biller_id, method, reference, "ctp",
        json.dumps(control_text(control), separators=(",", ":")), "done", time_text(at), told, severity,
        time_or_none(compared_at),
    )  # fmt: skip
    return [*_begun(payment), Statement(insert("shadow_operations", _ROW), row)]


def live_sale(
    number: int,
    outcome: Outcome | None,
    state: OperationState,
    *,
    at: datetime = NOW,
    biller_id: str = "city-water",
    transaction_id: str | None = "b1f7c0de-0000-4000-8000-000000000001",
    told: dict[str, Any] | None = None,
) -> list[Statement]:
    """The statements of a live sale whose operation stands in `state`; `told` is its outcome where no kind has it."""
    sold = a_submitted_payment(number=number, biller_id=biller_id, reference=a_reference(number))
    known = told or (sold.sale.outcome if outcome is None else record(outcome, sold.sale.request_id))
    operation = replace(sold.sale, state=state, outcome=known, transaction_id=transaction_id, created_at=at)
    return _begun(replace(with_operation(sold, operation), biller_id=biller_id, created_at=at, updated_at=at))


def a_decision(
    number: int, mode: Mode, why: str, *, at: datetime = NOW, biller_id: str = "city-water", method: str = "card"
) -> list[Statement]:
    """What was decided for attempt `number`."""
    asked = Asked("ctp", f"attempt-{number}", biller_id, method, a_reference(number))
    return [decision_made(decided(asked, mode, why=why, config_version=1, now=at))]


def a_loss(number: int, day: str, lost: int, *, biller_id: str = "city-water", kind: str = "sale") -> list[Statement]:
    columns = ("id", "day", "biller_id", "method", "kind", "lost")
    return [Statement(insert("shadow_losses", columns), (f"loss-{number}", day, biller_id, "card", kind, lost))]


async def stored(engine: Engine, *rows: Sequence[Statement]) -> None:
    """In one commit."""
    await engine.run([statement for statements in rows for statement in statements])


def _begun(payment: Payment) -> list[Statement]:
    kept = key_kept(payment.id, payment.sale, payment.caller, payment.idempotency_key, _PRINT)
    return [*payment_begun(payment, CHAIN), kept]
