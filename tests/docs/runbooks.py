"""The runbooks as their tests read them: pages, sections, and blocks of commands with their marks."""

import re
from dataclasses import dataclass
from pathlib import Path

from docs.runbook_heads import RUNBOOKS

MARKS = ("read-only", "safe", "changes-state", "moves-money")
_BLOCK = re.compile(r"^```(\S+)(?: (\S+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """`mark` is one of MARKS, or `answer`; `section` is the heading of level two above it."""

    page: str
    section: str
    language: str
    mark: str
    text: str


@dataclass(frozen=True)
class Page:
    name: str
    text: str

    @property
    def sections(self) -> list[str]:
        return re.findall(r"^## (.+)$", self.text, re.MULTILINE)

    @property
    def blocks(self) -> list[Block]:
        found = []
        for block in _BLOCK.finditer(self.text):
            above = re.findall(r"^## (.+)$", self.text[: block.start()], re.MULTILINE) or [""]
            found.append(Block(self.name, above[-1], block[1], block[2] or "", block[3]))
        return found

    @property
    def code(self) -> list[str]:
        """What stands between backticks in the prose."""
        return re.findall(r"`([^`\n]+)`", _BLOCK.sub("", self.text))


def page(path: Path) -> Page:
    return Page(path.stem, path.read_text("utf-8"))


PAGES = {found.name: found for found in map(page, sorted(RUNBOOKS.glob("*.md")))}
BLOCKS = [block for each in PAGES.values() for block in each.blocks]
COMMANDS = [block for block in BLOCKS if block.language in ("sh", "console", "sql")]


def questions() -> list[tuple[str, str]]:
    """Every question to the database: where it stands, and its SQL."""
    asked = [(each.page, sql) for each in COMMANDS for sql in re.findall(r'look "([^$"][^"]*)"', each.text)]
    return asked + [(each.page, each.text) for each in COMMANDS if each.language == "sql"]
