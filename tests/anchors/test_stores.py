"""Where anchors are kept: whole or not at all, once and for ever, the same in a directory as in a container."""

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from os import listdir
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob.aio import ContainerClient

from shared.anchors.blobs import BlobAnchors
from shared.anchors.directory import DirectoryAnchors
from shared.payments.anchor import AnchorStoreUnavailable
from shared.use_cases.audit_ports import AnchorStore
from tests.anchors.blob_service import BlobService, serving

DAY, NEXT = date(2026, 11, 23), date(2026, 11, 24)


def container_of(service: BlobService, **options: Any) -> BlobAnchors:
    """Without a credential: the library sends none over http."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Any]:
        async with ContainerClient.from_container_url(service.url, retry_total=0) as container:
            yield container

    return BlobAnchors(opened, within_s=5, **options)


@pytest.fixture
async def service() -> AsyncIterator[BlobService]:
    async with serving() as made:
        yield made


@pytest.fixture(params=["directory", "container"])
def store(request: pytest.FixtureRequest, tmp_path: Path, service: BlobService) -> AnchorStore:
    return DirectoryAnchors(tmp_path / "anchors") if request.param == "directory" else container_of(service)


async def lines_of(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def broken_off(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line
    raise LookupError


async def read(store: AnchorStore, day: date = DAY) -> list[str]:
    return [line async for line in store.lines(day)]


class TestAStore:
    async def test_gives_back_what_was_put(self, store: AnchorStore) -> None:
        assert await store.put(DAY, lines_of("head", "é", "end"))

        assert await read(store) == ["head", "é", "end"]

    async def test_keeps_the_first_that_was_put(self, store: AnchorStore) -> None:
        await store.put(DAY, lines_of("first"))

        assert not await store.put(DAY, lines_of("second"))
        assert await read(store) == ["first"]

    async def test_keeps_the_first_of_two_that_came_at_once(self, store: AnchorStore) -> None:
        async def overtaken() -> AsyncIterator[str]:
            yield "slow"
            assert await store.put(DAY, lines_of("quick"))

        assert not await store.put(DAY, overtaken())
        assert await read(store) == ["quick"]

    async def test_keeps_nothing_of_what_broke_off(self, store: AnchorStore) -> None:
        with pytest.raises(LookupError):
            await store.put(DAY, broken_off("head"))

        assert await store.days() == []
        assert await store.put(DAY, lines_of("whole"))

    async def test_tells_its_days_in_order(self, store: AnchorStore) -> None:
        assert await store.days() == []
        await store.put(NEXT, lines_of("b"))
        await store.put(DAY, lines_of("a"))

        assert await store.days() == [DAY, NEXT]

    async def test_that_lacks_a_day_says_so(self, store: AnchorStore) -> None:
        with pytest.raises(AnchorStoreUnavailable):
            await read(store)


class TestADirectory:
    async def test_lets_nobody_write_to_an_anchor(self, tmp_path: Path) -> None:
        await DirectoryAnchors(tmp_path).put(DAY, lines_of("a"))

        assert stat.S_IMODE((tmp_path / "2026-11-23.jsonl").stat().st_mode) == 0o444
        assert listdir(tmp_path) == ["2026-11-23.jsonl"]

    async def test_that_cannot_be_made_is_unavailable(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")

        with pytest.raises(AnchorStoreUnavailable):
            await DirectoryAnchors(tmp_path / "file" / "anchors").put(DAY, lines_of("a"))


class TestAContainer:
    async def test_takes_more_than_one_block(self, service: BlobService) -> None:
        lines = [f"line {number}" for number in range(9)]

        await container_of(service, block_bytes=10).put(DAY, lines_of(*lines))

        assert await read(container_of(service)) == lines

    async def test_never_mixes_the_blocks_of_two_that_came_at_once(self, service: BlobService) -> None:
        ids = []
        for day in (DAY, NEXT):
            service.staged.clear()
            with pytest.raises(LookupError):
                await container_of(service, block_bytes=1).put(day, broken_off("head"))
            ids += [block for blocks in service.staged.values() for block in blocks]

        assert len(set(ids)) == len(ids) == 2

    @pytest.mark.parametrize("status", [403, 500])
    async def test_that_refuses_is_unavailable_without_saying_more_than_that(
        self, service: BlobService, status: int
    ) -> None:
        service.failing = status
        store = container_of(service)

        for call in (store.put(DAY, lines_of("a")), store.days(), read(store)):
            with pytest.raises(AnchorStoreUnavailable) as told:
                await call
            assert service.url not in str(told.value)

    async def test_ignores_what_is_no_anchor(self, service: BlobService) -> None:
        service.blobs = {"readme.txt": b"", "2026-11-23.jsonl": b"a\n"}

        assert await container_of(service).days() == [DAY]
