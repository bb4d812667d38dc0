"""Each bill, what CTP wrote down about it, and what the books of both processors say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ctp import Attempt, Phase
from local.demo_rollout.world import Charges


@dataclass(frozen=True, slots=True)
class Verdict:
    """One bill. `chase` and `existing`: amounts in minor units that each of them charged, by its own books."""

    attempt: Attempt
    week: str
    chase: Sequence[int]
    existing: Sequence[int]

    @property
    def charged_once(self) -> bool:
        """By one processor, the whole amount, and by the one that CTP wrote down."""
        by = {"chase": (list(self.chase), list(self.existing)), "existing": (list(self.existing), list(self.chase))}
        amounts = by.get(str(self.attempt.processor))
        return self.attempt.phase is Phase.CHARGED and amounts == ([self.attempt.bill.amount_minor], [])

    def line(self) -> str:
        attempt, times = self.attempt, len(self.chase) + len(self.existing)
        if self.charged_once:
            what = f"charged once, by {attempt.processor}"
        elif attempt.is_open:
            what = f"OPEN, charged {times} times"
        else:
            what = f"WRONG: {attempt.phase}, Chase charged {list(self.chase)}, existing {list(self.existing)}"
        return f"{attempt.bill.reference}  {self.week:<11}  {what:<32}  {attempt.reason}"


def verdicts(
    attempts: Iterable[tuple[str, Attempt]], chase: Charges, existing_books: Mapping[str, tuple[str, int]]
) -> list[Verdict]:
    """`attempts` with their week; `existing_books` by key: reference and amount in minor units."""
    existing: dict[str, list[int]] = {}
    for reference, amount_minor in existing_books.values():
        existing.setdefault(reference, []).append(amount_minor)
    return [
        Verdict(attempt, week, chase.get(attempt.bill.reference, ()), existing.get(attempt.bill.reference, ()))
        for week, attempt in attempts
    ]


def strays(judged: Iterable[Verdict], chase: Charges, existing_books: Mapping[str, tuple[str, int]]) -> list[str]:
    """Names in either processor's books that are no bill of ours."""
    ours = {verdict.attempt.bill.reference for verdict in judged}
    charged = {reference for reference, amounts in chase.items() if amounts}
    charged |= {reference for reference, _ in existing_books.values()}
    return sorted(charged - ours)
