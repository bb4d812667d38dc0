"""The house stands as it was drawn: what is registered, what imports what, what goes to Azure."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import azure.functions as func
import pytest

import function_app
from local.registered import declared

ROOT = Path(__file__).parents[1]
ROOMS = ("functions", "shared", "local", "ctp", "docs", "benchmarks")
CODE = [ROOT / "function_app.py", *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))]
DEPLOYED = [path for path in CODE if path.relative_to(ROOT).parts[0] in ("function_app.py", "functions", "shared")]
PURE = [path for room in ("payments", "shadow", "use_cases") for path in sorted((ROOT / "shared" / room).rglob("*.py"))]
LINES_MAX = 300

# Time, ids and randomness come in through the door.
IMPURE_MODULES = {"time", "random", "secrets", "os"}
IMPURE_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid.uuid1", "uuid.uuid4"}

# Functions of a timer or a queue.
NOBODY_CALLS = (
    *("chase_retry", "shadow_mirror", "ledger_posting", "outbox_sweep", "reconciliation", "comparison_due", "purge"),
    "rollout_guard",
)

HEAVY = (
    "aiohttp",
    "jwt",
    "cryptography",
    "tenacity",
    "sqlite3",
    "azure.servicebus",
    "azure.identity",
    "azure.storage",
    "featuremanagement",
)


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


class TestFunctions:
    def test_are_those_of_the_design_each_once(self) -> None:
        names = [function.get_function_name() for function in declared(function_app.app)]

        assert sorted(names) == sorted(
            [
                *("Sale", "GetPayment", "FindPayments", "Void", "Refund", "UpdatePaymentState", "Live", "Ready"),
                *("DecideRollout", "RolloutConfig", "ShadowReport"),
                *NOBODY_CALLS,
            ]
        )

    @pytest.mark.parametrize("stem", NOBODY_CALLS)
    def test_that_nobody_calls_have_one_stem_from_door_to_use_case(self, stem: str) -> None:
        assert (ROOT / "functions" / f"{stem}.py").exists()
        assert (ROOT / "shared" / "use_cases" / f"{stem}.py").exists()

    def test_all_stand_in_the_readme_and_nothing_else_does(self) -> None:
        table = (ROOT / "README.md").read_text("utf-8").split("| function | trigger | use case |")[1].split("\n\n")[0]
        shown = [name for row in re.findall(r"^\| ([A-Za-z_, ]+) \|", table, re.M) for name in row.split(", ")]

        assert sorted(shown) == sorted(function.get_function_name() for function in declared(function_app.app))

    def test_are_registered_by_one_app_in_a_short_front_door(self) -> None:
        apps = [name for name, value in vars(function_app).items() if isinstance(value, func.FunctionApp)]

        assert apps == ["app"]
        assert len((ROOT / "function_app.py").read_text("utf-8").splitlines()) <= 25

    def test_are_indexed_without_what_only_a_call_needs(self) -> None:
        code = f"import sys, function_app; print([name for name in {HEAVY} if name in sys.modules])"

        loaded = _python("-c", code)

        assert (loaded.stdout.strip(), loaded.stderr) == ("[]", "")

    def test_are_indexed_without_a_setting(self) -> None:
        indexed = subprocess.run(
            [sys.executable, "-c", "import function_app; function_app.app.get_functions()"],
            cwd=ROOT,
            env={},
            capture_output=True,
            text=True,
            check=False,
        )

        assert (indexed.returncode, indexed.stderr) == (0, "")


class TestRooms:
    def test_import_one_way(self) -> None:
        code = "import sys; from importlinter import cli; sys.exit(cli.lint_imports(no_cache=True))"

        checked = _python("-c", code)

        assert checked.returncode == 0, checked.stdout

    @pytest.mark.parametrize("path", DEPLOYED, ids=_named)
    def test_that_are_deployed_need_nothing_that_is_not(self, path: Path) -> None:
        assert {module.partition(".")[0] for module in _imports(path)} & {
            "local",
            "ctp",
            "tests",
            "docs",
            "benchmarks",
        } == set()

    @pytest.mark.parametrize("path", PURE, ids=_named)
    def test_of_the_domain_take_time_and_chance_from_their_callers(self, path: Path) -> None:
        assert {module.partition(".")[0] for module in _imports(path)} & IMPURE_MODULES == set()
        assert IMPURE_CALLS & set(_attributes(path)) == set()

    @pytest.mark.parametrize("path", CODE, ids=_named)
    def test_say_what_they_are_for_and_stay_short(self, path: Path) -> None:
        text = path.read_text("utf-8")

        assert ast.get_docstring(ast.parse(text))
        assert len(text.splitlines()) <= LINES_MAX
        assert not re.fullmatch(r"_?(utils?|helpers?|common|managers?|misc)", path.stem)


class TestADeployment:
    def test_has_what_runs_and_leaves_the_rest_at_home(self) -> None:
        kept = {"function_app.py", "functions", "shared", "host.json", "requirements.txt"}
        left = {"tests", "local", "ctp", "docs", "benchmarks", "infra", ".venv", ".local", ".git", "README.md"}
        left |= {"Makefile"}

        assert {name for name in kept if _is_ignored(Path(name))} == set()
        assert {name for name in left if not _is_ignored(Path(name))} == set()

    def test_has_every_file_of_its_rooms(self) -> None:
        files = [path for room in ("functions", "shared") for path in (ROOT / room).rglob("*") if path.is_file()]
        kept = [path.relative_to(ROOT) for path in files if "__pycache__" not in path.parts]

        assert [str(path) for path in kept if _is_ignored(path)] == []


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def _is_ignored(path: Path) -> bool:
    """As in a .gitignore, whose patterns without a slash hold at any depth."""
    patterns = (ROOT / ".funcignore").read_text("utf-8").split()
    return any(fnmatch(part, pattern) for part in path.parts for pattern in patterns)


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _attributes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"
