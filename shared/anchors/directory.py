"""Anchors on a laptop: one read-only file a day, never replaced. What a laptop's owner may do, it cannot prevent."""

import os
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Final

from shared.payments.anchor import AnchorStoreUnavailable

_READ_ONLY: Final = 0o444
_SUFFIX: Final = ".jsonl"
_FILES: Final = f"[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]{_SUFFIX}"


class DirectoryAnchors:
    """Fits `use_cases.audit_ports.AnchorStore`. The directory is made with the first anchor."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def put(self, day: date, lines: AsyncIterator[str]) -> bool:
        target = self._file(day)
        if target.exists():
            return False
        draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            await _write(draft, lines)
            # A link, and not a rename: that would replace what is there.
            os.link(draft, target)
        except FileExistsError:
            return False
        except OSError as error:
            raise _unavailable(error) from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        return True

    async def days(self) -> Sequence[date]:
        return [date.fromisoformat(path.stem) for path in sorted(self._path.glob(_FILES))]

    async def lines(self, day: date) -> AsyncIterator[str]:
        try:
            with self._file(day).open(encoding="utf-8") as file:
                for line in file:
                    yield line.rstrip("\n")
        except OSError as error:
            raise _unavailable(error) from error

    def _file(self, day: date) -> Path:
        return self._path / f"{day.isoformat()}{_SUFFIX}"


async def _write(draft: Path, lines: AsyncIterator[str]) -> None:
    made = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _READ_ONLY)
    with os.fdopen(made, "w", encoding="utf-8") as file:
        async for line in lines:
            file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


def _unavailable(error: OSError) -> AnchorStoreUnavailable:
    return AnchorStoreUnavailable(f"the directory of anchors: {error.strerror}")
