"""Each alarm's own query, run: it answers rows when its condition is there, and none when it is not quite."""

from collections.abc import Callable, Iterator

import pytest

from infra.scripts.alarm_query import alarm_query, alarms
from tests.infra.logs import BUS, NOW, SQL, Logs

Condition = Callable[[Logs], None]
ALARMS = alarms()


def outcomes(logs: Logs, *, approved: int = 0, unknown: int = 0, not_sent: int = 0, minutes_ago: float = 1) -> None:
    for status, times in (("Approved", approved), ("Unknown", unknown), ("NotSent", not_sent)):
        told = {"paymentId": "pay_1", "billerId": "city-water", "method": "card", "state": "any", "code": "ANY"}
        logs.event("payment.outcome", minutes_ago, times=times, status=status, **told)


def sales(logs: Logs, good: int, bad: int, minutes_ago: float, *, lost: int = 0) -> None:
    logs.requests("Sale", minutes_ago, code=201, times=good)
    logs.requests("Sale", minutes_ago, code=500, times=bad)
    outcomes(logs, unknown=lost, minutes_ago=minutes_ago)


def burning(logs: Logs) -> None:
    sales(logs, 300, 6, 40)
    sales(logs, 30, 1, 3)


def burnt_out(logs: Logs) -> None:
    """Failed at the rate, but no longer."""
    sales(logs, 300, 12, 40)
    sales(logs, 30, 0, 3)


def lost_answers(logs: Logs) -> None:
    """Every caller heard a 202: only the outcome says that Chase's answer was lost."""
    sales(logs, 300, 0, 40, lost=6)
    sales(logs, 30, 0, 3, lost=1)


def two_of_few(logs: Logs) -> None:
    sales(logs, 20, 2, 3)


def slowly_burning(logs: Logs) -> None:
    sales(logs, 500, 4, 200)
    sales(logs, 50, 1, 20)


def just_within_the_goal(logs: Logs) -> None:
    sales(logs, 1000, 5, 200)
    sales(logs, 200, 1, 20)


def looked_at(logs: Logs, event: str, timer: str, minutes_ago: float = 1, **told: int) -> None:
    logs.requests(timer, minutes_ago)
    logs.event(event, minutes_ago, **told)


def run(logs: Logs, oldest_s: int, minutes_ago: float = 1) -> None:
    told = {"abandoned": 0, "inquired": 1, "left": 0, "unknown": 1, "oldestUnknownS": oldest_s}
    looked_at(logs, "reconciliation.run", "reconciliation", minutes_ago, **told)


def swept(logs: Logs, oldest_s: int, minutes_ago: float = 1) -> None:
    looked_at(logs, "outbox.age", "outbox_sweep", minutes_ago, ageS=oldest_s)


def old_and_then_resolved(logs: Logs) -> None:
    run(logs, 2000, minutes_ago=10)
    run(logs, 0, minutes_ago=1)


def swept_late_and_then_in_time(logs: Logs) -> None:
    swept(logs, 500, minutes_ago=10)
    swept(logs, 0, minutes_ago=1)


def coverage(logs: Logs, received: int, compared: int, pending: int = 0) -> None:
    lost = received - compared - pending
    logs.event("shadow.coverage", received=received, compared=compared, pending=pending, lost=lost)


def mismatch(logs: Logs, severity: str) -> None:
    logs.event("shadow.mismatch", paymentId="pay_1", severity=severity, field="amountMinor")


def stuck_queue(logs: Logs) -> None:
    logs.metric(BUS, "ActiveMessages", 15, 7)
    logs.metric(BUS, "CompleteMessage", 15, 0)


def busy_queue(logs: Logs) -> None:
    logs.metric(BUS, "ActiveMessages", 15, 7)
    logs.metric(BUS, "CompleteMessage", 15, 30)


def emptied_queue(logs: Logs) -> None:
    logs.metric(BUS, "ActiveMessages", 15, 7)
    logs.metric(BUS, "ActiveMessages", 1, 0)


def percent(logs: Logs, name: str, value: float) -> None:
    logs.metric(SQL, name, 15, value)


def alarm(name: str, times: int = 1, minutes_ago: float = 1, **told: object) -> Condition:
    return lambda logs: logs.event(name, minutes_ago, times=times, alarm=True, **told)


def nothing(_: Logs) -> None:
    pass


# Alarm -> what must raise it.
RAISED: list[tuple[str, Condition]] = [
    ("slo-burn-fast", burning),
    ("slo-burn-fast", lost_answers),
    ("slo-burn-slow", slowly_burning),
    ("chase-down", lambda logs: outcomes(logs, approved=4, unknown=5, not_sent=2)),
    ("chase-slow", lambda logs: logs.requests("Sale", 2, times=20, duration_ms=6000)),
    ("breaker-open", alarm("chase_breaker_opened", call="payment", code="HTTP_503")),
    (
        "breaker-open",
        lambda logs: logs.event("payment.outcome", status="NotSent", code="BREAKER_OPEN", paymentId="pay_1"),
    ),
    ("unknown-too-old", lambda logs: run(logs, 901)),
    ("unknown-too-old", nothing),
    ("positive-control-failing", alarm("inquiry.positive_control_failed", paymentId="pay_1")),
    ("dead-letters", lambda logs: logs.metric(BUS, "DeadletteredMessages", 5, 1)),
    ("dead-letters", alarm("message.set_aside", queue="chase-retry", messageId="m", reason="unreadable")),
    ("oldest-message", stuck_queue),
    ("outbox-age", lambda logs: swept(logs, 121)),
    ("outbox-age", nothing),
    ("ledger-lag", lambda logs: logs.event("ledger.lag", pending=1, ageS=901)),
    ("shadow-coverage", lambda logs: coverage(logs, 1000, 900, 40)),
    ("shadow-mismatch", lambda logs: mismatch(logs, "code")),
    ("shadow-production-egress", alarm("shadow.production_egress", billerId="city-water")),
    (
        "rollout-demoted",
        alarm("rollout.demoted", billerId="city-water", method="card", because="5 integration failures", version=2),
    ),
    ("authentication-failures", lambda logs: logs.event("auth.refused", times=20, reason="expired")),
    ("audit-chain-broken", alarm("audit.chain_broken", paymentId="pay_1", sequence=2, kind="edited")),
    ("audit-chain-broken", alarm("audit.anchor_broken", day="2026-11-24", reason="no anchor")),
    ("invariants-broken", alarm("invariants.broken", rule="refunded <= captured", count=2)),
    ("negative-exposure", alarm("payment.negative_exposure", paymentId="pay_1", exposureMinor=1)),
    ("database-saturation", lambda logs: percent(logs, "log_write_percent", 80)),
    ("no-traffic", lambda logs: logs.requests("Sale", 61)),
    ("other-alarm", alarm("payment.amount_mismatch", paymentId="pay_1")),
]
# Alarm -> what is not quite it.
QUIET: list[tuple[str, Condition]] = [
    ("slo-burn-fast", burnt_out),
    ("slo-burn-fast", two_of_few),
    ("slo-burn-slow", just_within_the_goal),
    ("chase-down", lambda logs: outcomes(logs, approved=10, unknown=5, not_sent=5)),
    ("chase-down", lambda logs: outcomes(logs, unknown=9)),
    ("chase-slow", lambda logs: logs.requests("Sale", 2, times=20, duration_ms=5000)),
    ("chase-slow", lambda logs: logs.requests("Sale", 2, times=19, duration_ms=9000)),
    ("breaker-open", lambda logs: outcomes(logs, not_sent=1)),
    ("unknown-too-old", lambda logs: run(logs, 900)),
    ("unknown-too-old", old_and_then_resolved),
    ("positive-control-failing", alarm("inquiry.positive_control_failed", minutes_ago=16, paymentId="pay_1")),
    ("dead-letters", lambda logs: logs.metric(BUS, "DeadletteredMessages", 15, 0)),
    ("oldest-message", busy_queue),
    ("oldest-message", emptied_queue),
    ("outbox-age", lambda logs: swept(logs, 120)),
    ("outbox-age", swept_late_and_then_in_time),
    ("ledger-lag", lambda logs: logs.event("ledger.lag", pending=1, ageS=900)),
    ("shadow-coverage", lambda logs: coverage(logs, 1000, 900, 50)),
    ("shadow-coverage", lambda logs: coverage(logs, 99, 0)),
    ("shadow-mismatch", lambda logs: mismatch(logs, "cosmetic")),
    ("shadow-production-egress", alarm("shadow.mismatch", severity="money", host="api-mock")),
    (
        "rollout-demoted",
        lambda logs: logs.event("rollout.changed", version=2, actor="ada", reason="down", forced=False),
    ),
    ("authentication-failures", lambda logs: logs.event("auth.refused", times=19, reason="expired")),
    ("audit-chain-broken", lambda logs: logs.event("audit.anchored", day="2026-11-24", payments=9, entries=40)),
    ("invariants-broken", nothing),
    ("negative-exposure", nothing),
    ("database-saturation", lambda logs: percent(logs, "cpu_percent", 79)),
    ("no-traffic", lambda logs: logs.requests("Sale", 59)),
    ("other-alarm", alarm("shadow.production_egress", billerId="city-water")),
]


@pytest.fixture(scope="module")
def workspace() -> Iterator[Logs]:
    workspace = Logs()
    yield workspace
    workspace.close()


@pytest.fixture
def logs(workspace: Logs) -> Logs:
    workspace.empty()
    return workspace


@pytest.mark.parametrize(("name", "condition"), RAISED, ids=[f"{name}-{at}" for at, (name, _) in enumerate(RAISED)])
def test_its_condition_raises_it(logs: Logs, name: str, condition: Condition) -> None:
    condition(logs)

    assert logs.ask(alarm_query(ALARMS[name])) != []


@pytest.mark.parametrize(("name", "condition"), QUIET, ids=[f"{name}-{at}" for at, (name, _) in enumerate(QUIET)])
def test_what_is_not_quite_its_condition_does_not(logs: Logs, name: str, condition: Condition) -> None:
    condition(logs)

    assert logs.ask(alarm_query(ALARMS[name])) == []


@pytest.mark.parametrize("table", [RAISED, QUIET], ids=["raised", "quiet"])
def test_every_alarm_is_tried(table: list[tuple[str, Condition]]) -> None:
    assert {name for name, _ in table} == set(ALARMS)


@pytest.mark.parametrize(
    ("now", "raised"),
    [
        (NOW.replace(hour=14, minute=30), True),
        (NOW.replace(hour=21, minute=59), True),
        (NOW.replace(hour=22), False),
        (NOW.replace(hour=13, minute=59), False),
        (NOW.replace(day=29), False),
        (NOW.replace(day=30), True),
    ],
    ids=["opening", "closing", "evening", "before", "sunday", "monday"],
)
def test_no_traffic_is_no_news_out_of_business_hours(logs: Logs, now: object, raised: bool) -> None:
    assert bool(logs.ask(alarm_query(ALARMS["no-traffic"]), now)) is raised  # type: ignore[arg-type]


def test_a_dead_letter_names_where_it_lies(logs: Logs) -> None:
    logs.event("message.set_aside", alarm=True, queue="ledger-posting", messageId="m", reason="unreadable")

    [row] = logs.ask(alarm_query(ALARMS["dead-letters"]))

    assert row == {"place": "set aside from ledger-posting", "messages": 1}
