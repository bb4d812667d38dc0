"""Which routes are tried from which starts, under which faults of Chase and which policies."""

from collections.abc import Iterator, Mapping
from typing import Final

from shared.payments.inquiry import OnNotFound
from tests.proof.chase_desk import Fault
from tests.proof.schedule import Scenario

_F: Final = Fault
# Of a call that moves money.
_SILENCES: Final = (_F.DROP_BEFORE_PROCESSING, _F.DROP_AFTER_PROCESSING, _F.HTTP_500, _F.MALFORMED_JSON, _F.HTTP_409)
_MOVING: Final = (_F.NONE, _F.NOT_SENT, *_SILENCES)
_DECLINABLE: Final = (*_MOVING, _F.DECLINE)
_ASKING: Final = (_F.NONE, _F.NO_ANSWER)
_ALONE: Final = (_F.NONE,)

# route -> start -> faults
_TRIED: Final[Mapping[str, Mapping[str, tuple[Fault, ...]]]] = {
    "sale.card": {
        "none": _DECLINABLE,
        "received": _MOVING,
        "unknown_sale": _ALONE,
        "unknown_sale.not_there": _ALONE,
        "authorized": _ALONE,
        "abandoned_sale": _ALONE,
        "partial_approval": _ALONE,
    },
    "sale.ach": {"none": _DECLINABLE},
    "sale.queued": {"none": _DECLINABLE, "queued_sale": _ALONE},
    "sale.partial": {"none": _MOVING},
    "sale.second_key": {"received": _ALONE, "unknown_sale": _ALONE, "abandoned_sale": _ALONE, "queued_sale": _ALONE},
    "sale.followed": {"none": _SILENCES},
    "void": {
        "authorized": _MOVING,
        "received": _ALONE,
        "queued_sale": _ALONE,
        "unknown_void": _ASKING,
        "unknown_sale": _ASKING,
        "queued_void": _ALONE,
        "captured": _ALONE,
        "capture_due": _ASKING,
    },
    "void.or_refund": {"authorized": _MOVING, "captured": _MOVING, "capture_due": _ALONE, "settled": _MOVING},
    "refund.part": {
        "captured": _DECLINABLE,
        "captured_ach": _MOVING,
        "settled": _MOVING,
        "partially_refunded": _DECLINABLE,
        "unknown_refund": _ASKING,
        "unknown_refund.not_there": _ASKING,
        "queued_refund": _ALONE,
        "charged_back": _MOVING,
    },
    "refund.full": {
        "captured": _MOVING,
        "partially_refunded": _MOVING,
        "unknown_refund": _ALONE,
        "authorized": _ALONE,
    },
    "refund.or_void": {"authorized": _MOVING, "captured": _MOVING},
    "update.settled": {
        "captured": _ALONE,
        "partially_refunded": _ALONE,
        "queued_refund": _ALONE,
        "unknown_refund": _ALONE,
        "unknown_void.overtaken": _ALONE,
    },
    "update.returned": {
        "captured_ach": _ALONE,
        "settled": _ALONE,
        "partially_refunded": _ALONE,
        "queued_refund": _ALONE,
        "unknown_refund": _ALONE,
        "unknown_refund.not_there": _ALONE,
    },
    "update.charged_back": {"captured": _ALONE, "settled": _ALONE, "queued_refund": _ALONE, "unknown_refund": _ALONE},
    "update.reversed": {"charged_back": _ALONE},
    "update.succeeded": {"unknown_sale": _ALONE, "unknown_refund": _ALONE, "unknown_void": _ALONE},
    "update.declined": {
        "unknown_sale.not_there": _ALONE,
        "unknown_refund.not_there": _ALONE,
        "unknown_void.not_there": _ALONE,
    },
    "update.not_found": {
        "unknown_sale": _ALONE,
        "unknown_sale.not_there": _ALONE,
        "unknown_refund": _ALONE,
        "unknown_refund.not_there": _ALONE,
        "unknown_void.not_there": _ALONE,
    },
    "chase_retry": {
        "queued_sale": _MOVING,
        "queued_refund": _MOVING,
        "queued_void": _MOVING,
        "partial_approval": _MOVING,
        "late_charge": _MOVING,
        "late_charge.captured": _MOVING,
    },
    "outbox_sweep": {
        "queued_sale": _ALONE,
        "queued_refund": _ALONE,
        "partial_approval": _ALONE,
        "late_charge": _ALONE,
    },
    "reconciliation": {
        "abandoned_sale": _ASKING,
        "abandoned_void": _ASKING,
        "abandoned_refund": _ASKING,
        "capture_due": _ASKING,
        "unknown_sale": _ASKING,
        "unknown_sale.not_there": _ASKING,
        "unknown_refund": _ASKING,
        "unknown_refund.not_there": _ASKING,
        "unknown_void": _ASKING,
        "unknown_void.not_there": _ASKING,
        "unknown_void.overtaken": _ASKING,
        "queued_sale": _MOVING,
        "queued_refund": _MOVING,
        "partial_approval": _MOVING,
        "late_charge": _MOVING,
    },
    "purge": {"captured": _ALONE, "queued_sale": _ALONE, "long_ago": _ALONE},
}
# What two counted empties mean matters where nothing is there; and, under `fail`, where all look in the wrong place.
_BY_POLICY: Final = (
    Scenario("reconciliation", "unknown_sale.not_there", policy=OnNotFound.FAIL),
    Scenario("reconciliation", "unknown_refund.not_there", policy=OnNotFound.FAIL),
    Scenario("reconciliation", "unknown_refund.not_there", policy=OnNotFound.RESEND_SAME_REQUEST_ID),
    Scenario("sale.card", "unknown_sale.not_there", policy=OnNotFound.RESEND_SAME_REQUEST_ID),
    Scenario("reconciliation", "unknown_sale", Fault.BLIND, OnNotFound.FAIL),
    Scenario("reconciliation", "unknown_refund", Fault.BLIND, OnNotFound.FAIL),
    Scenario("sale.card", "unknown_sale", Fault.BLIND, OnNotFound.RESEND_SAME_REQUEST_ID),
)


def scenarios() -> Iterator[Scenario]:
    for route, starts in _TRIED.items():
        for start, faults in starts.items():
            yield from (Scenario(route, start, fault) for fault in faults)
    yield from _BY_POLICY
