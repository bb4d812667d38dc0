"""
`python -m tests.proof`: all schedules, or a sample, or those of some scenarios, or single ones by their texts.

Exit 1 where one has violations.
"""

import argparse
import os
import sys

from tests.proof.run import planned, prove, told, tried
from tests.proof.schedule import Scenario, Schedule


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    asked.add_argument("schedules", nargs="*", help="texts of schedules to be run again")
    asked.add_argument("--sample", type=int, help="so many schedules, always the same")
    asked.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked.add_argument(
        "--of", nargs="*", default=[], help="scenarios, as route/start/fault/policy, to the first violation"
    )
    given = asked.parse_args()
    if given.schedules or given.of:
        chosen = [Schedule.read(text) for text in given.schedules]
        chosen += planned([Scenario.read(text) for text in given.of])
        report = tried(chosen, stop_at_first=bool(given.of))
        for schedule, violations in report.violated.items():
            sys.stdout.write(told(schedule, violations))
        sys.stdout.write(f"{report}\n")
    else:
        report = prove(_said, count=given.sample, processes=given.processes)
    return 1 if report.violated else 0


def _said(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
