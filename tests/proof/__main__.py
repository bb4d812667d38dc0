"""`python -m tests.proof`: all schedules; `--sample N`; or one, by its text. Exit 1 where one has violations."""

import argparse
import os
import sys

from tests.proof.run import prove, told, tried
from tests.proof.schedule import Schedule


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    asked.add_argument("schedules", nargs="*", help="texts of schedules to be run again")
    asked.add_argument("--sample", type=int, help="so many schedules, always the same")
    asked.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = asked.parse_args()
    if given.schedules:
        report = tried([Schedule.read(text) for text in given.schedules])
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
