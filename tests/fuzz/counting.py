"""How much each fuzz test tries, and how much was tried in all."""

import os
from collections import Counter

from hypothesis import HealthCheck, Phase, settings

# In `make test` a sample, and the same one every time; `make fuzz` tries this many by chance.
SAMPLE = 100
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))

TRIED: Counter[str] = Counter()


def fuzz(*, cost: int = 1) -> settings:
    """The settings of a fuzz test; one whose examples are `cost` times dearer tries so many fewer."""
    return settings(
        max_examples=max(10, (EXAMPLES or SAMPLE) // cost),
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
