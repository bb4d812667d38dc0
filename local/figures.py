"""What the dashboard shows, as data: figures of the last minutes, lines over time, the latest outcomes, the alarms."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from local.host_signals import HostSignals
from shared.telemetry.figures import BOUNDS_MS, Durations, Taken
from shared.telemetry.memory import MemoryTelemetry, Slot, merged

# How far back the lines go, and the figures beside them.
SHOWN: Final = timedelta(minutes=30)
LATEST_MAX: Final = 15
_LINES_MAX: Final = 2000
_OUTCOME: Final = ("operation", "method", "status", "code", "state", "mode", "latencyMs", "processorCalled", "traceId")

Values = Mapping[tuple[str, tuple[tuple[str, str], ...]], Any]


def figures(memory: MemoryTelemetry, signals: HostSignals, now: datetime) -> dict[str, Any]:
    """JSON of what happened up to `now`. It holds ids and codes, and nothing of a payer."""
    slots = [slot for slot in memory.slots() if slot.at > now - SHOWN]
    total = merged(slots)
    outcomes = _by(total.counts, "payments.outcomes", "outcome")
    answered = sum(outcomes.values())
    return {
        "now": now.isoformat(),
        "minutes": int(SHOWN.total_seconds() // 60),
        "tiles": _tiles(total, outcomes, answered),
        "plots": _plots(slots, now),
        "breakers": _breakers(total.gauges),
        "outcomes": _table(total.counts, "payments.outcomes"),
        "chase": _durations(total.durations, "chase.duration", ("mode", "operation", "result")),
        "database": _durations(total.durations, "db.duration", ("operation",)),
        "functions": _functions(signals, now),
        "latest": _latest(memory),
    }


def _tiles(total: Taken, outcomes: Mapping[str, int], answered: int) -> list[dict[str, Any]]:
    sale = _joined(total.durations, "payments.outcome_ms", operation="sale")
    gauge = _gauges(total.gauges)
    lost = outcomes.get("Unknown", 0)
    return [
        _tile("Outcomes", answered, ""),
        _tile("Approved", _percent(outcomes.get("Approved", 0), answered), "%"),
        _tile("Declined", outcomes.get("Declined", 0), ""),
        _tile("Lost or not sent", lost + outcomes.get("NotSent", 0), "", bad=lost > 0),
        _tile("Sale, 95th percentile", _percentile(sale, 0.95), "ms"),
        _tile("In flight", gauge("sales.in_flight"), ""),
        _tile("Unknown now", gauge("payments.unknown"), "", bad=gauge("payments.unknown") > 0),
        _tile("Oldest unknown", gauge("payments.unknown_oldest_s"), "s"),
        _tile("Outbox, oldest", gauge("outbox.oldest_s"), "s"),
        _tile("Ledger behind", gauge("ledger.oldest_s"), "s"),
        _tile("Set aside", sum(_by(total.counts, "messages.set_aside", "queue").values()), ""),
        _tile("Not authenticated", sum(_by(total.counts, "auth.refused", "reason").values()), ""),
        _tile("Chase, tried again", sum(_by(total.counts, "chase.retries", "operation").values()), ""),
        _tile("Overloaded", sum(n for (name, _), n in total.counts.items() if name == "sales.overloaded"), ""),
        _tile("Database failures", sum(_by(total.counts, "db.failures", "operation").values()), ""),
    ]


def _tile(name: str, value: float | None, unit: str, *, bad: bool = False) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "bad": bad}


def _plots(slots: Sequence[Slot], now: datetime) -> list[dict[str, Any]]:
    sale = {"operation": "sale"}
    return [
        _plot("Outcomes", "per 10 s", slots, now, lambda t: _sum(t.counts, "payments.outcomes")),
        _plot("Lost or not sent", "per 10 s", slots, now, _away),
        _plot("Sale, 95th percentile", "ms", slots, now, _p95("payments.outcome_ms", **sale)),
        _plot("Chase, 95th percentile", "ms", slots, now, _p95("chase.duration")),
        _plot("Database, 95th percentile", "ms", slots, now, _p95("db.duration")),
        _plot("Oldest unknown", "s", slots, now, _last("payments.unknown_oldest_s")),
        _plot("Outbox, oldest", "s", slots, now, _last("outbox.oldest_s")),
        _plot("Sales in flight", "", slots, now, _last("sales.in_flight")),
    ]


def _plot(
    name: str, unit: str, slots: Iterable[Slot], now: datetime, value: Callable[[Taken], float | None]
) -> dict[str, Any]:
    """`points` are seconds before now and the value; where nothing was told there is no point."""
    told = ((round((now - slot.at).total_seconds()), value(slot.taken)) for slot in slots)
    return {"name": name, "unit": unit, "points": [[age, value] for age, value in told if value is not None]}


def _away(taken: Taken) -> float:
    outcomes = _by(taken.counts, "payments.outcomes", "outcome")
    return outcomes.get("Unknown", 0) + outcomes.get("NotSent", 0)


def _p95(name: str, **of: str) -> Callable[[Taken], float | None]:
    return lambda taken: _percentile(_joined(taken.durations, name, **of), 0.95)


def _last(name: str) -> Callable[[Taken], float | None]:
    return lambda taken: next((value for (told, _), value in taken.gauges.items() if told == name), None)


def _sum(values: Values, name: str) -> float:
    return float(sum(value for (told, _), value in values.items() if told == name))


def _by(values: Values, name: str, dimension: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for (told, dimensions), value in values.items():
        if told == name:
            key = dict(dimensions).get(dimension, "")
            found[key] = found.get(key, 0) + value
    return found


def _gauges(values: Values) -> Callable[[str], float]:
    last = {name: value for (name, _), value in values.items()}
    return lambda name: round(last.get(name, 0.0), 1)


def _breakers(values: Values) -> list[dict[str, Any]]:
    said = ("closed", "half open", "open")
    told = ((dict(of), value) for (name, of), value in values.items() if name == "chase.breaker_state")
    return [{**of, "state": said[int(value)]} for of, value in told]


def _table(values: Values, name: str) -> list[dict[str, Any]]:
    rows = [{**dict(of), "times": value} for (told, of), value in values.items() if told == name]
    return sorted(rows, key=lambda row: -row["times"])


def _durations(values: Mapping[Any, Durations], name: str, by: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for (told, of), durations in values.items():
        if told == name:
            spread = {f"p{p}": _percentile(durations, p / 100) for p in (50, 95, 99)}
            named = {key: dict(of).get(key, "") for key in by}
            rows.append({**named, "times": durations.count, **spread, "max": round(durations.max_ms, 1)})
    return sorted(rows, key=lambda row: -row["times"])


def _joined(values: Mapping[Any, Durations], name: str, **of: str) -> Durations:
    total = Durations.none()
    for (told, dimensions), each in values.items():
        if told == name and of.items() <= dict(dimensions).items():
            total.count += each.count
            total.sum_ms += each.sum_ms
            total.max_ms = max(total.max_ms, each.max_ms)
            total.buckets = [one + other for one, other in zip(total.buckets, each.buckets, strict=True)]
    return total


def _percentile(durations: Durations, share: float) -> float | None:
    """Within its bucket as if its values lay evenly; never more than the largest that was seen."""
    if not durations.count:
        return None
    sought, below = share * durations.count, 0
    for at, n in enumerate(durations.buckets):
        if n and below + n >= sought:
            low = BOUNDS_MS[at - 1] if at else 0
            high = BOUNDS_MS[at] if at < len(BOUNDS_MS) else durations.max_ms
            return round(min(low + (high - low) * (sought - below) / n, durations.max_ms), 1)
        below += n
    return round(durations.max_ms, 1)


def _percent(part: float, whole: float) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def _functions(signals: HostSignals, now: datetime) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for call in signals.invocations():
        if call.at > now - SHOWN:
            row = found.setdefault(call.function, {"function": call.function, "times": 0, "failed": 0, "max": 0.0})
            row["times"] += 1
            row["failed"] += call.code >= 500 or (call.code == 0 and not call.succeeded)
            row["max"] = max(row["max"], round(call.duration_ms, 1))
    return sorted(found.values(), key=lambda row: str(row["function"]))


def _latest(memory: MemoryTelemetry) -> list[dict[str, Any]]:
    """The newest outcomes first. Of each only what names nobody."""
    found = []
    for line in reversed(memory.lines()[-_LINES_MAX:]):
        told = line.told
        if told["event"] == "payment.outcome":
            found.append({"at": line.at.isoformat(), **{name: told.get(name) for name in _OUTCOME}})
        if len(found) == LATEST_MAX:
            break
    return found
