"""
`make sbom`: the bill of materials of what is deployed (requirements.txt and all that it brings), CycloneDX, JSON.

The same packages give the same bytes: no time, no random serial number, everything in order. What only a developer's
machine needs is not in it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from local.environment import data_dir

ROOT: Final = Path(__file__).parents[1]
NAME: Final = "sbom.json"
# Its own check of what it wrote takes half a minute, and is of the bill before it is reduced.
_OPTIONS: Final = ("--output-reproducible", "--no-validate", "--of", "JSON")


def main(environ: Mapping[str, str], write: Callable[[str], object]) -> int:
    """Write the bill into the data directory; what the process exits with."""
    needs = deployed((ROOT / "requirements.txt").read_text("utf-8"))
    bill = reduced(_of_environment(), needs)
    path = data_dir(environ) / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(bill, indent=2, sort_keys=True) + "\n", "utf-8")
    write(f"{len(bill['components'])} packages are deployed: {path}\n")
    return 0


def deployed(requirements: str) -> dict[str, set[str]]:
    """
    Every package that is deployed, normalised, with the names of those it needs there.

    The installed packages' own metadata say it, markers and extras judged: what only their tests or their other users
    need is left out. Raises PackageNotFoundError for one that is not installed.
    """
    needs: dict[str, set[str]] = {}
    waiting = [*_requirements(requirements.splitlines(), {""})]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) not in seen:
            seen.add((name, extras))
            found = [*_requirements(distribution(name).requires or (), {"", *extras})]
            needs.setdefault(name, set()).update(canonicalize_name(each.name) for each in found)
            waiting.extend(found)
    return needs


def reduced(bill: Mapping[str, Any], needs: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """The bill with the packages of `needs` and nothing else, in the order of their names."""
    by_name = {str(canonicalize_name(each["name"])): each for each in bill["components"]}
    ref_of = {name: by_name[name]["bom-ref"] for name in sorted(needs)}
    dependencies = [
        {"ref": ref_of[name], "dependsOn": [ref_of[each] for each in sorted(needs[name])]} for name in ref_of
    ]
    return {**bill, "components": [by_name[name] for name in ref_of], "dependencies": dependencies}


def _requirements(lines: Iterable[str], extras: Collection[str]) -> Iterator[Requirement]:
    """Those that apply here, with any of `extras` asked for."""
    texts = (line.partition(" #")[0].strip() for line in lines)
    for requirement in (Requirement(text) for text in texts if text and text[0] not in "#-"):
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
            yield requirement


def _of_environment() -> Any:
    made = subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "environment", *_OPTIONS, sys.executable],
        capture_output=True,
        text=True,
        check=True,
        # Else a time would stand in it.
        env={name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"},
    )
    return json.loads(made.stdout)


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.stdout.write))
