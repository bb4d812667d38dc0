"""Evidence as it is gathered: so many rows at once, and word of it where there were more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.shadow.coverage import PairRow
from shared.shadow.document import Scope
from shared.shadow.evidence import Arms


@dataclass(frozen=True, slots=True)
class Pairs:
    """Operations that were eligible, oldest first; `capped` if there are older ones than could be read at once."""

    rows: Sequence[PairRow] = ()
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Dealt:
    """The bills of one scope that were decided from `since` until before `until`."""

    scope: Scope
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class DealtArms:
    """Both arms of each scope; `capped` are the scopes with more decisions than were read."""

    arms: Mapping[Scope, Arms] = field(default_factory=dict)
    capped: frozenset[Scope] = frozenset()
