"""What a shadow load found: its rounds, its checks, its verdict, and how a person reads them."""

import statistics
from dataclasses import dataclass, field
from typing import Final

from benchmarks.load import Loaded
from benchmarks.shadow_rollout import LIVE_BILLER, SHADOW_BILLER
from shared.use_cases.shadow_mirror import AT_ONCE_MAX

RATIO_MAX: Final = 1.25
RECORDED: Final = 202
NOT_RECORDED: Final = 200


@dataclass(frozen=True, slots=True)
class ShadowSizes:
    """
    `rounds` of `cell_s` seconds without shadow and with it; rates are a second, `backlog_max` is the bound.

    `fills_max` bursts of so many fill the backlog before a cell, a second apart: it is counted anew every five.
    """

    rounds: int
    cell_s: float
    live_rate: float
    live_latency_ms: int
    mirror_latency_ms: int
    backlog_max: int
    fills_max: int

    @property
    def carried_rate(self) -> float:
        """What the mirror can carry at most, a second: so many at once, each as long as one answer."""
        return AT_ONCE_MAX * 1000 / self.mirror_latency_ms

    @property
    def shadow_rate(self) -> float:
        return 2 * self.carried_rate


@dataclass(frozen=True, slots=True)
class Round:
    """`mirrored` a second while `shadow` was sent beside the live sales of `beside`; `alone` are those without."""

    alone: Loaded
    beside: Loaded
    shadow: Loaded
    mirrored: float

    @property
    def ratio(self) -> float:
        return self.beside.at_ms(0.99) / self.alone.at_ms(0.99)


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    found: str
    holds: bool


@dataclass(slots=True)
class ShadowRun:
    """`shadow` are all loads of shadow sales, those that only fill the backlog too."""

    rounds: list[Round] = field(default_factory=list)
    shadow: list[Loaded] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return statistics.median(each.ratio for each in self.rounds)

    @property
    def passed(self) -> bool:
        return self.ratio <= RATIO_MAX and all(check.holds for check in self.checks)


def line(number: int, found: Round) -> str:
    """One round."""
    alone, beside, shadow = found.alone, found.beside, found.shadow.statuses
    return (
        f"round {number}: p50 {alone.at_ms(0.5):.0f} -> {beside.at_ms(0.5):.0f} ms,"
        f" p99 {alone.at_ms(0.99):.0f} -> {beside.at_ms(0.99):.0f} ms, {found.ratio:.2f}x; shadow"
        f" {shadow.get(RECORDED, 0)} recorded, {shadow.get(NOT_RECORDED, 0)} not, {found.mirrored:.1f}/s mirrored"
    )


def text(sizes: ShadowSizes, run: ShadowRun) -> str:
    """What was found, for a person."""
    ratios = [each.ratio for each in run.rounds]
    lines = [
        f"live ({LIVE_BILLER}) {sizes.live_rate:g}/s at {sizes.live_latency_ms} ms; shadow ({SHADOW_BILLER})"
        f" {sizes.shadow_rate:g}/s, its mirror carries at most {sizes.carried_rate:g}/s, backlog {sizes.backlog_max}",
        *(line(number, each) for number, each in enumerate(run.rounds, 1)),
        *(f"{'holds' if check.holds else 'DOES NOT HOLD'}: {check.name}: {check.found}" for check in run.checks),
        f"live p99 beside shadow: {run.ratio:.2f}x ({min(ratios):.2f}-{max(ratios):.2f}), at most {RATIO_MAX}x",
    ]
    return "\n".join(lines)
