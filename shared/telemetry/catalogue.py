"""
Every figure that the service tells: its kind, its dimensions, and what it counts.

Dimensions have few and fixed values (a queue, an operation, a result): never an id, a biller, a reference, or anything
that a caller wrote. Alarms rest on none of them, but on events and on the host's own signals (infra/alarms.json).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Metric:
    kind: Literal["count", "duration", "gauge"]
    dimensions: frozenset[str]
    about: str


def _count(about: str, *dimensions: str) -> Metric:
    return Metric("count", frozenset(dimensions), about)


def _duration(about: str, *dimensions: str) -> Metric:
    return Metric("duration", frozenset(dimensions), about)


def _gauge(about: str, *dimensions: str) -> Metric:
    return Metric("gauge", frozenset(dimensions), about)


METRICS: Final[Mapping[str, Metric]] = {
    "payments.outcomes": _count("what became of operations", "operation", "outcome", "method", "mode"),
    "payments.outcome_ms": _duration("from claim to outcome", "operation", "outcome", "mode"),
    "payments.unknown": _gauge("operations whose outcome at Chase is not known"),
    "payments.unknown_oldest_s": _gauge("how long the oldest of them has been so"),
    "payments.updated": _count("reports of the bank, or of a person", "reported"),
    "sales.in_flight": _gauge("sales at work in this process"),
    "sales.overloaded": _count("sales refused because too many were at work"),
    "auth.refused": _count("calls that could not prove who made them", "reason"),
    "chase.duration": _duration("one attempt of a call to Chase, its token included", "operation", "result", "mode"),
    "chase.retries": _count("calls made again, after the first attempt", "operation", "mode"),
    "chase.breaker_state": _gauge("0 closed, 1 half open, 2 open", "operation", "mode"),
    "chase.connections_opened": _gauge("since this process began", "mode"),
    "chase.token_fetches": _gauge("since this process began", "mode"),
    "inquiries.answered": _count("look-ups at Chase, by what they found", "answer"),
    "outbox.oldest_s": _gauge("how long the oldest message that is due has waited to be published"),
    "messages.published": _count("taken by the broker", "queue"),
    "messages.not_published": _count("the broker did not take them: they leave with the sweep"),
    "messages.age_ms": _duration("from the broker's stamp to our consumer", "queue"),
    "messages.duplicates": _count("met in the inbox, or left to another", "queue"),
    "messages.set_aside": _count("what cannot succeed", "queue"),
    "ledger.oldest_s": _gauge("how long the oldest posting has waited for the ledger"),
    "ledger.pending": _gauge("postings that the ledger does not have"),
    "shadow.lost": _count("payments that were to be shadowed and left no row"),
    "shadow.mismatches": _count("fields that differed, and no rule explains it", "severity"),
    "shadow.backlog": _gauge("of the last day, not compared yet"),
    "shadow.compared": _gauge("of the last day, compared"),
    "db.duration": _duration("one round trip to the database", "operation"),
    "db.failures": _count("round trips that failed, by the kind of error", "operation", "error"),
    "db.connections_in_use": _gauge("at work this moment"),
    "db.round_trips": _gauge("since this process began"),
    "telemetry.dropped": _count("figures with too many dimensions"),
}
