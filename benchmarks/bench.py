"""One run: its sizes, its folders, what it measures against, and what it says while it goes."""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.candidates import STYLES, Candidate, RealService, Running, Style
from benchmarks.load import Loaded, load
from benchmarks.processes import ROOT, Stub
from benchmarks.sizes import Sizes

# On the disk that the project is on, for what is measured is its flushes; a temporary directory may be memory.
SCRATCH: Final = ROOT / ".local" / "bench"


@dataclass(slots=True)
class Checked:
    """One candidate's sales against its database and the stub's books. Money is minor units."""

    candidate: str
    answered: int
    charged_minor: int
    in_database: dict[str, int]
    in_books: dict[str, int]
    repeats: int

    @property
    def holds(self) -> bool:
        """Every 2xx is in the database, whatever is in the database is in the books, and nothing was charged twice."""
        count, total = len(self.in_database), sum(self.in_database.values())
        told = (self.answered, self.charged_minor) == (count, total)
        return told and self.in_database == self.in_books and not self.repeats

    def __str__(self) -> str:
        database, books = sum(self.in_database.values()), sum(self.in_books.values())
        return (
            f"{self.candidate}: {self.answered} answered 2xx for {self.charged_minor}, database {len(self.in_database)}"
            f" for {database}, books {len(self.in_books)} for {books}, {self.repeats} sent twice"
        )


@dataclass(slots=True)
class Bench:
    """`yardstick` is None where there is none. `checks` are all that were made; the run fails if one does not hold."""

    sizes: Sizes
    yardstick: Path | None
    scratch: Path = SCRATCH
    checks: list[Checked] = field(default_factory=list)

    def say(self, text: str) -> None:
        print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)

    def styles(self) -> list[Candidate]:
        return [] if self.yardstick is None else [Style(name, self.yardstick) for name in STYLES]

    def style(self, name: str) -> Candidate | None:
        return None if self.yardstick is None else Style(name, self.yardstick)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty one, removed at the end."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=self.scratch))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    @contextmanager
    def stub(self, folder: Path) -> Iterator[Stub]:
        stub = Stub(folder / "stub.log")
        try:
            yield stub
        finally:
            stub.stop()

    @contextmanager
    def running(self, candidate: Candidate, folder: Path, stub: Stub) -> Iterator["Loading"]:
        """The candidate, started; at the end stopped, and every sale that was sent through it checked."""
        loading = Loading(candidate.start(folder, stub), folder / "generator.log")
        try:
            yield loading
        finally:
            loading.running.child.stop()
        self.check(candidate, loading, stub)

    def check(self, candidate: Candidate, loading: "Loading", stub: Stub) -> None:
        books = stub.books()
        checked = Checked(
            candidate=candidate.name,
            answered=sum(loaded.good for loaded in loading.sales),
            charged_minor=sum(loaded.charged_minor for loaded in loading.sales),
            in_database=loading.running.charged(),
            in_books=books["payments"],
            repeats=books["repeats"],
        )
        self.checks.append(checked)
        if not checked.holds:
            self.say(f"DOES NOT HOLD: {checked}")


@dataclass(slots=True)
class Loading:
    """A candidate under load: `sales` are all loads that were sent through it, to be checked at the end."""

    running: Running
    log: Path
    sales: list[Loaded] = field(default_factory=list)

    def sell(self, **how: object) -> Loaded:
        loaded = load(dict(self.running.target), self.running.child, self.log, **how)
        self.sales.append(loaded)
        return loaded

    def look_up(self, ids: list[str], **how: object) -> Loaded:
        target = {**self.running.target, "kind": "look_ups", "ids": ids}
        return load(target, self.running.child, self.log, **how)


def the_service(**settings: str) -> RealService:
    """The real service, with these settings beside those of a laptop."""
    return RealService(settings)
