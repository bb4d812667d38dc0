"""
The bank's files in a folder: read, then moved to `done/` or `set-aside/` beside them.

A move is one rename, so a file is in one place or the other, whatever crashes.
"""

import asyncio
import os
import stat
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from shared.payments.bank_files import BYTES_MAX

DONE: Final = "done"
SET_ASIDE: Final = "set-aside"
HALF_WRITTEN: Final = ".part"

# Which file a name stood for: another may have come under it since.
_Identity = tuple[int, int, int, int]


class FolderBankFiles:
    """
    Fits `use_cases.bank_ports.BankFiles`. `now` is real time, as the file system's is.

    Left alone: what ends in `.part`, begins with a dot, is no plain file, or was written to within `quiet_s`.
    """

    def __init__(self, folder: Path, *, quiet_s: float, now: Callable[[], datetime]) -> None:
        self._folder, self._quiet, self._now = folder, timedelta(seconds=quiet_s), now
        self._read: dict[str, _Identity] = {}

    async def list(self) -> Sequence[str]:
        """In order of names. Raises OSError where the folder is not there."""
        return await asyncio.to_thread(self._listed)

    async def read(self, name: str) -> bytes:
        """At most one byte more than a file may have. Raises OSError; FileNotFoundError where it is gone."""
        return await asyncio.to_thread(self._content, name)

    async def done(self, name: str) -> None:
        await asyncio.to_thread(self._move, name, DONE, None)

    async def set_aside(self, name: str, reason: str) -> None:
        """The reason stands beside the file, in `<name>.reason.txt`."""
        await asyncio.to_thread(self._move, name, SET_ASIDE, reason)

    def _listed(self) -> Sequence[str]:
        written_before_s = (self._now() - self._quiet).timestamp()
        with os.scandir(self._folder) as entries:
            return sorted(
                entry.name
                for entry in entries
                if not entry.name.startswith(".")
                and not entry.name.endswith(HALF_WRITTEN)
                and entry.is_file(follow_symlinks=False)
                and entry.stat(follow_symlinks=False).st_mtime <= written_before_s
            )

    def _content(self, name: str) -> bytes:
        with open(self._at(name), "rb", opener=_no_link) as file:
            self._read[name] = _identity(os.fstat(file.fileno()))
            return file.read(BYTES_MAX + 1)

    def _move(self, name: str, to: str, reason: str | None) -> None:
        path = self._at(name)
        try:
            if _identity(path.lstat()) != self._read.pop(name, None):
                return  # Another file came under this name meanwhile: it is read in its turn.
            folder = self._folder / to
            folder.mkdir(exist_ok=True)
            target = _free(folder, name)
            path.rename(target)
        except FileNotFoundError:
            return  # Another importer was first.
        if reason is not None:
            target.with_name(f"{target.name}.reason.txt").write_text(f"{reason}\n", encoding="utf-8")

    def _at(self, name: str) -> Path:
        if Path(name).name != name:
            raise ValueError("a name, not a path")
        return self._folder / name


def _identity(found: os.stat_result) -> _Identity:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _no_link(path: str, flags: int) -> int:
    """Open a plain file and nothing else: a link leads out of the folder, a pipe never ends."""
    opened = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError("not a plain file")
    return opened


def _free(folder: Path, name: str) -> Path:
    """A name that is not taken: banks use one name every day, and no evidence may be written over."""
    number, path = 1, folder / name
    while path.exists():
        number += 1
        path = folder / f"{name}.{number}"
    return path
