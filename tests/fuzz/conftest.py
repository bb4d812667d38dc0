"""Prints how many inputs were tried against what."""

from typing import Any

import pytest

from tests.fuzz.counting import TRIED


def pytest_sessionfinish(session: pytest.Session) -> None:
    # On several cores this is a worker, which prints nothing.
    getattr(session.config, "workeroutput", {})["tried"] = dict(TRIED)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    TRIED.update(getattr(node, "workeroutput", {}).get("tried", {}))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if TRIED:
        terminalreporter.section("fuzzed")
        for target, count in sorted(TRIED.items()):
            terminalreporter.line(f"{count:>9,}  {target}")
        terminalreporter.line(f"{TRIED.total():>9,}  inputs in all")
