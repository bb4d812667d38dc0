"""`make demo-rollout`: runs the demonstration, tells what became of each bill, exits 1 if one was not charged once."""

import os
import sys
import tempfile
import time
from pathlib import Path

from local.demo_rollout.demo import run
from local.demo_rollout.laptop_world import laptop_world
from local.demo_rollout.world import WorldError

_BILLS = 200
# The moved clock runs at once, but what it starts has calls to make.
_SETTLE_S = 0.3


def main() -> int:
    text = os.environ.get("DEMO_BILLS") or str(_BILLS)
    if not text.isascii() or not text.isdecimal() or not int(text):
        print("DEMO_BILLS: write a whole number, 1 or more", file=sys.stderr)
        return 2
    try:
        with tempfile.TemporaryDirectory(prefix="demo-rollout-") as data, laptop_world(Path(data)) as world:
            return run(world, int(text), Path(data) / "attempts.sqlite3", moved=lambda: time.sleep(_SETTLE_S))
    except WorldError as error:
        print(f"the demonstration cannot go on: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
