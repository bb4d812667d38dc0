"""What CTP installs: complete, typed, alone, and as its README says."""

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from ctp import Phase
from tests.ctp.faults import ExistingStub, Sales

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ctp"
PROJECT = tomllib.loads((PACKAGE / "pyproject.toml").read_text("utf-8"))


def test_it_needs_what_it_says_and_the_standard_library() -> None:
    imported: set[str] = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).partition(".")[0])

    needed = {re.match(r"[a-z]+", each)[0] for each in PROJECT["project"]["dependencies"]}  # type: ignore[index]  # it matches
    assert imported - set(sys.stdlib_module_names) - {"ctp"} == needed


def test_it_is_typed_and_has_no_folder_that_would_be_left_out() -> None:
    assert (PACKAGE / "py.typed").exists()
    assert PROJECT["tool"]["setuptools"]["package-data"] == {"ctp": ["py.typed"]}
    folders = {path.parent for path in PACKAGE.rglob("*.py") if "build" not in path.parts}
    assert folders == {PACKAGE}


def test_the_example_stays_short_enough_to_be_read() -> None:
    assert len((PACKAGE / "example.py").read_text("utf-8").splitlines()) <= 80


def test_the_readme_works_as_it_stands(tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", (PACKAGE / "README.md").read_text("utf-8"), re.DOTALL)
    # Nobody listens there, and nothing leaves the machine.
    here = block.replace("https://payments.example.com", "http://127.0.0.1:9")
    here = here.replace('"attempts.sqlite3"', repr(str(tmp_path / "attempts.sqlite3"))).replace("print(", "told = (")
    names: dict[str, Any] = {"token": lambda: "a-token", "existing": ExistingStub(), "vault": Sales()}

    exec(compile(here, "README.md", "exec"), names)  # noqa: S102 - the reader would do the same
    names["store"].close()

    assert names["told"][:2] == (Phase.CHARGED, "existing")
