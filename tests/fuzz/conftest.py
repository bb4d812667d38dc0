"""Prints how many inputs were tried against what."""

from typing import Any

from tests.fuzz.counting import TRIED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if TRIED:
        terminalreporter.section("fuzzed")
        for target, count in sorted(TRIED.items()):
            terminalreporter.line(f"{count:>9,}  {target}")
        terminalreporter.line(f"{TRIED.total():>9,}  inputs in all")
