"""Files in a folder: what is whole is read, then moved, and nothing is ever written over."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from shared.bank.folder import FolderBankFiles
from shared.payments.bank_files import BYTES_MAX
from tests.builders import NOW

QUIET_S = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def files(folder: Path) -> FolderBankFiles:
    return FolderBankFiles(folder, quiet_s=QUIET_S, now=lambda: NOW)


def put(folder: Path, name: str, text: str = "text", *, age_s: float = QUIET_S + 1) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    written_s = (NOW - timedelta(seconds=age_s)).timestamp()
    os.utime(path, (written_s, written_s))
    return path


def tree(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


class TestTheListing:
    async def test_is_of_plain_files_in_order(self, folder: Path, files: FolderBankFiles) -> None:
        for name in ("b.csv", "a.csv"):
            put(folder, name)
        (folder / "done").mkdir()
        put(folder / "done", "c.csv")
        (folder / "link.csv").symlink_to(folder / "a.csv")

        assert await files.list() == ["a.csv", "b.csv"]

    async def test_leaves_out_what_is_still_being_written(self, folder: Path, files: FolderBankFiles) -> None:
        put(folder, "a.csv.part")
        put(folder, ".a.csv")
        put(folder, "young.csv", age_s=QUIET_S - 1)
        put(folder, "quiet.csv", age_s=QUIET_S)

        assert await files.list() == ["quiet.csv"]

    async def test_of_a_folder_that_is_not_there_fails(self, folder: Path) -> None:
        with pytest.raises(FileNotFoundError):
            await FolderBankFiles(folder / "none", quiet_s=0, now=lambda: NOW).list()


class TestReading:
    async def test_gives_the_bytes(self, folder: Path, files: FolderBankFiles) -> None:
        put(folder, "a.csv", "a,b\n")

        assert await files.read("a.csv") == b"a,b\n"

    async def test_stops_where_a_file_is_too_long(self, folder: Path, files: FolderBankFiles) -> None:
        path = put(folder, "a.csv")
        os.truncate(path, 3 * BYTES_MAX)

        assert len(await files.read("a.csv")) == BYTES_MAX + 1

    async def test_follows_no_link_and_waits_on_no_pipe(self, folder: Path, files: FolderBankFiles) -> None:
        (folder / "link.csv").symlink_to(put(folder, "a.csv"))
        os.mkfifo(folder / "pipe.csv")

        for name in ("link.csv", "pipe.csv"):
            with pytest.raises(OSError, match=r"link|plain"):
                await files.read(name)

    @pytest.mark.parametrize("name", ["../a.csv", "done/a.csv", ""])
    async def test_is_of_the_folder_alone(self, files: FolderBankFiles, name: str) -> None:
        with pytest.raises((ValueError, OSError)):
            await files.read(name)


class TestAFile:
    async def test_that_is_done_is_moved(self, folder: Path, files: FolderBankFiles) -> None:
        put(folder, "a.csv", "text")
        await files.read("a.csv")

        await files.done("a.csv")

        assert tree(folder) == {"done/a.csv": "text"}
        assert await files.list() == []

    async def test_that_is_set_aside_has_the_reason_beside_it(self, folder: Path, files: FolderBankFiles) -> None:
        put(folder, "a.csv", "text")
        await files.read("a.csv")

        await files.set_aside("a.csv", "line 1: write more")

        assert tree(folder) == {"set-aside/a.csv": "text", "set-aside/a.csv.reason.txt": "line 1: write more\n"}

    async def test_of_a_name_that_was_there_before_is_kept_beside_the_old_one(
        self, folder: Path, files: FolderBankFiles
    ) -> None:
        for text in ("monday", "tuesday", "wednesday"):
            put(folder, "daily.csv", text)
            await files.read("daily.csv")
            await files.done("daily.csv")

        assert tree(folder) == {
            "done/daily.csv": "monday", "done/daily.csv.2": "tuesday", "done/daily.csv.3": "wednesday",
        }  # fmt: skip

    async def test_that_was_replaced_since_it_was_read_stays(self, folder: Path, files: FolderBankFiles) -> None:
        put(folder, "a.csv", "old")
        await files.read("a.csv")
        put(folder, "a.csv", "newer")

        await files.done("a.csv")

        assert tree(folder) == {"a.csv": "newer"}

    async def test_that_another_importer_has_moved_is_no_error(self, folder: Path, files: FolderBankFiles) -> None:
        other = FolderBankFiles(folder, quiet_s=QUIET_S, now=lambda: NOW)
        put(folder, "a.csv", "text")
        await files.read("a.csv")
        await other.read("a.csv")

        await files.done("a.csv")
        await other.done("a.csv")
        await other.set_aside("a.csv", "too late")

        assert tree(folder) == {"done/a.csv": "text"}
