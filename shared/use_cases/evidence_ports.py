"""Where the evidence of the rollout comes from: what was compared, what was lost, how the two arms fare."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from shared.shadow.document import Scope
from shared.shadow.evidence import Stratum
from shared.shadow.gathered import Dealt, DealtArms, Pairs
from shared.shadow.guard import Outcomes


class ShadowEvidence(Protocol):
    """Evidence at rest. Reads alone; each call is one round trip, bounded by its times and by a number of rows."""

    async def pairs(self, since: datetime) -> Pairs:
        """Operations submitted since then, each with its latest comparison; the newest, where there are too many."""

    async def losses(self, since: date) -> Mapping[date, Mapping[Stratum, int]]:
        """Operations that were eligible and left no row, by day and stratum, from that day on."""

    async def arms(self, dealt: Sequence[Dealt]) -> DealtArms:
        """Approvals of what the hash dealt to each arm: bills that a list put there are left out."""

    async def outcomes(self, since: Collection[datetime]) -> Mapping[datetime, Mapping[Scope, Outcomes]]:
        """What became of live sales submitted since each of these times, beside the existing processor's."""
