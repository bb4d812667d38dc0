"""Pairs as they come from the database, counted: by stratum, by field, by day; and as evidence of a step."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import TypeVar

from shared.shadow.document import ALL
from shared.shadow.evidence import TARGETS, Evidence, Standing, Stratum
from shared.shadow.looks import Look
from shared.shadow.verdicts import Comparison, FieldResult, Stage, Verdict

_Key = TypeVar("_Key")

COMPARABLE = frozenset({Verdict.MATCH, Verdict.EXPLAINED, Verdict.MISMATCH})


@dataclass(frozen=True, slots=True)
class PairRow:
    """
    One operation that was eligible for comparison, submitted `at`, with its latest comparison.

    `comparison` and `compared_at` are None while a side is missing. `stratum` names a biller, never all of them.
    """

    payment_id: str
    reference: str
    stratum: Stratum
    at: datetime
    compared_at: datetime | None = None
    comparison: Comparison | None = None


@dataclass(frozen=True)
class Tally:
    """
    Some pairs, counted. `losses` are operations that were eligible and left no row (over the backlog bound).

    A stratum of which all was lost has a tally without pairs.
    """

    pairs: Sequence[PairRow]
    losses: int = 0

    @property
    def eligible(self) -> int:
        return len(self.pairs) + self.losses

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        return tuple(pair.comparison for pair in self.pairs if pair.comparison is not None)

    @cached_property
    def kinds(self) -> Sequence[tuple[Comparison, int]]:
        """Each comparison once, with how many pairs share it: most pairs that match share one (verdicts.Kept)."""
        times = Counter(map(id, self.comparisons))
        return [(comparison, times[at]) for at, comparison in {id(each): each for each in self.comparisons}.items()]

    @cached_property
    def verdicts(self) -> Counter[Verdict]:
        counted: Counter[Verdict] = Counter()
        for comparison, times in self.kinds:
            counted[comparison.verdict] += times
        return counted

    @property
    def comparable(self) -> int:
        return sum(self.verdicts[verdict] for verdict in COMPARABLE)

    @cached_property
    def severe(self) -> int:
        return sum(times for comparison, times in self.kinds if comparison.severe)

    @property
    def coverage(self) -> float | None:
        """Compared of eligible, losses included; None where nothing was eligible."""
        return len(self.comparisons) / self.eligible if self.eligible else None

    @cached_property
    def final_at(self) -> Sequence[datetime]:
        """When each pair that counts as evidence was compared as final, earliest first."""
        return sorted(pair.compared_at for pair in self.pairs if _is_evidence(pair) and pair.compared_at is not None)

    def fields(self) -> Mapping[str, Counter[FieldResult]]:
        """Every result with how often there is it, by its field, in the order of the table of fields."""
        found: dict[str, Counter[FieldResult]] = {}
        for comparison, times in self.kinds:
            for field in comparison.fields:
                found.setdefault(field.name, Counter())[field] += times
        return found

    def days(self) -> Mapping[date, "Tally"]:
        """The same by the UTC day on which the operation was submitted, earliest first; losses have no day."""
        return {day: Tally(pairs) for day, pairs in sorted(_grouped(self.pairs, lambda pair: pair.at.date()).items())}


def tallies(pairs: Iterable[PairRow], losses: Mapping[Stratum, int]) -> dict[Stratum, Tally]:
    """A tally of every stratum that has pairs or losses, and of each method and operation over all billers."""
    found = _grouped(pairs, lambda pair: pair.stratum)
    each = {stratum: Tally(found.get(stratum, ()), losses.get(stratum, 0)) for stratum in {*found, *losses}}
    pooled: dict[Stratum, list[Tally]] = {}
    for stratum in sorted(each):
        pooled.setdefault(replace(stratum, biller_id=ALL), []).append(each[stratum])
    return {**{stratum: _together(parts) for stratum, parts in pooled.items()}, **each}


def evidence_of(
    pairs: Iterable[PairRow], losses: Mapping[Stratum, int], standing: Standing, look: Look | None
) -> dict[Stratum, Evidence]:
    """
    What the pairs submitted since the step began say of it, as of `look` (None: there was none yet).

    A pair counts once it is compared as final; a severe mismatch counts at once. `losses` are those since the step
    began too.
    """
    return evidence_in(tallies((pair for pair in pairs if pair.at >= standing.began), losses), standing, look)


def evidence_in(counted: Mapping[Stratum, Tally], standing: Standing, look: Look | None) -> dict[Stratum, Evidence]:
    """The same of pairs and losses that were counted already: several scopes may have begun their steps together."""
    wanted = {standing.stratum(operation, pooled=pooled) for pooled, operation, _ in TARGETS}
    return {stratum: _evidence(counted[stratum], look) for stratum in wanted if stratum in counted}


def _evidence(tally: Tally, look: Look | None) -> Evidence:
    pairs = 0 if look is None else bisect_right(tally.final_at, look.at)
    return Evidence(pairs, tally.severe, len(tally.comparisons), tally.eligible)


def _is_evidence(pair: PairRow) -> bool:
    comparison = pair.comparison
    return comparison is not None and comparison.stage is Stage.FINAL and comparison.verdict in COMPARABLE


def _together(parts: Sequence[Tally]) -> Tally:
    return Tally([pair for part in parts for pair in part.pairs], sum(part.losses for part in parts))


def _grouped(pairs: Iterable[PairRow], key: Callable[[PairRow], _Key]) -> dict[_Key, list[PairRow]]:
    found: dict[_Key, list[PairRow]] = {}
    for pair in pairs:
        found.setdefault(key(pair), []).append(pair)
    return found
