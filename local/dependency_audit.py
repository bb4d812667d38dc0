"""
`make audit-deps`: asks for known advisories about every installed package, and says which could not be asked about.

Advisories come from PyPI, or from the OSV service at `OSV_URL`. Where they cannot be had, nothing fails and nothing is
praised: it says that the audit was not run, and how many packages were not audited. Exit 1 only for a known advisory.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from typing import Any, Final

from packaging.utils import canonicalize_name

# A minute and a half for some 150 packages: CI does not wait longer for a service that drips.
WITHIN_S: Final = 90
_ANSWER_WITHIN_S: Final = 5


@dataclass(frozen=True, slots=True)
class Audit:
    """
    What was learnt: advisories by `name version`, the names nobody could ask about, and how many were asked about.

    `why` is set where no answer came at all.
    """

    advisories: Mapping[str, Sequence[str]]
    not_audited: Sequence[str]
    audited: int
    why: str = ""


def main(environ: Mapping[str, str], write: Callable[[str], object]) -> int:
    """Ask, print, and return what the process exits with."""
    installed = sorted({each.metadata["Name"] for each in distributions()}, key=str.lower)
    audit = read(*_asked(environ), installed)
    write(told(audit))
    return 1 if audit.advisories else 0


def read(answer: str, complaint: str, installed: Sequence[str]) -> Audit:
    """What pip-audit answered (`answer` is its JSON). A package that it skipped, or did not name, was not audited."""
    try:
        found = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        lines = complaint.strip().splitlines() or ["pip-audit said nothing"]
        return Audit({}, installed, 0, lines[-1][:200])
    asked = [each for each in found if "vulns" in each]
    answered = {canonicalize_name(each["name"]) for each in asked}
    advisories = {f"{each['name']} {each['version']}": _ids(each) for each in asked if each["vulns"]}
    missing = [name for name in installed if canonicalize_name(name) not in answered]
    return Audit(advisories, missing, len(asked), "" if asked else "the service knows none of the packages")


def told(audit: Audit) -> str:
    """For a person: every advisory, then what was and what was not audited."""
    lines = [f"{package}: {', '.join(ids)}" for package, ids in sorted(audit.advisories.items())]
    missing = len(audit.not_audited)
    if not audit.audited:
        lines.append(f"dependency audit: not run ({audit.why}); {missing} packages were not audited")
    else:
        without = audit.audited - len(audit.advisories)
        lines.append(f"dependency audit: {without} of {audit.audited} audited packages have no known advisory")
        if missing:
            lines.append(f"{missing} packages were not audited: {', '.join(audit.not_audited)}")
    return "\n".join(lines) + "\n"


def _asked(environ: Mapping[str, str]) -> tuple[str, str]:
    """What pip-audit wrote to its two outputs; nothing and a reason where it took too long or is not there."""
    url = environ.get("OSV_URL")
    service = ["--vulnerability-service", "osv", "--osv-url", url] if url else []
    options = ["--local", "--format", "json", "--progress-spinner", "off", "--timeout", str(_ANSWER_WITHIN_S)]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", *options, *service],
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer within {WITHIN_S} s"
    return done.stdout, done.stderr


def _ids(dependency: Mapping[str, Any]) -> list[str]:
    return [
        each["id"] + (f" (fixed in {', '.join(each['fix_versions'])})" if each["fix_versions"] else "")
        for each in dependency["vulns"]
    ]


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.stdout.write))
