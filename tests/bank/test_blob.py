"""Files as blobs: read as they are, and marked in their metadata, bound to the very content that was read."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from azure.core.exceptions import HttpResponseError

from shared.bank.blob import OUTCOME, REASON, BlobBankFiles, opened, opened_by_identity
from shared.payments.bank_files import BYTES_MAX
from tests.bank.blob_service import BlobService


class Credential:
    """What is closed beside the container."""

    closed = False

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def service() -> BlobService:
    return BlobService()


@pytest.fixture
async def url(service: BlobService) -> AsyncIterator[str]:
    server = TestServer(service.app())
    await server.start_server()
    yield f"http://127.0.0.1:{server.port}/bank"
    await server.close()


@pytest.fixture
async def files(url: str) -> AsyncIterator[BlobBankFiles]:
    files = BlobBankFiles(url, open_container=lambda at: (opened(at, None),))
    yield files
    await files.close()


class TestTheListing:
    async def test_is_of_whole_blobs_at_the_top_in_order(self, service: BlobService, files: BlobBankFiles) -> None:
        for name in ("b.csv", "a.csv", "a.csv.part", ".hidden", "folder/c.csv"):
            service.put(name, b"text")

        assert await files.list() == ["a.csv", "b.csv"]

    async def test_that_is_refused_fails(self, service: BlobService, files: BlobBankFiles) -> None:
        service.refuses = True

        with pytest.raises(HttpResponseError):
            await files.list()


class TestReading:
    @pytest.mark.parametrize("content", [b"a,b\n", b""])
    async def test_gives_the_bytes(self, service: BlobService, files: BlobBankFiles, content: bytes) -> None:
        service.put("a.csv", content)

        assert await files.read("a.csv") == content

    async def test_stops_where_a_blob_is_too_long(self, service: BlobService, files: BlobBankFiles) -> None:
        service.put("a.csv", b"x" * (BYTES_MAX + 5))

        assert len(await files.read("a.csv")) == BYTES_MAX + 1


class TestABlob:
    async def test_that_is_done_is_listed_no_more_and_stays(self, service: BlobService, files: BlobBankFiles) -> None:
        service.put("a.csv", b"text")
        await files.read("a.csv")

        await files.done("a.csv")

        assert await files.list() == []
        assert (service.blobs["a.csv"].content, service.blobs["a.csv"].metadata) == (b"text", {OUTCOME: "done"})

    @pytest.mark.parametrize("content", [b"text", b""])
    async def test_that_is_set_aside_says_why(self, service: BlobService, files: BlobBankFiles, content: bytes) -> None:
        service.put("a.csv", content)
        await files.read("a.csv")

        await files.set_aside("a.csv", "line 1: write more")

        assert await files.list() == []
        assert service.blobs["a.csv"].metadata == {OUTCOME: "set_aside", REASON: "line 1: write more"}

    async def test_that_was_replaced_since_it_was_read_is_new(self, service: BlobService, files: BlobBankFiles) -> None:
        service.put("a.csv", b"old")
        await files.read("a.csv")
        service.put("a.csv", b"new")

        await files.done("a.csv")

        assert await files.list() == ["a.csv"]
        assert await files.read("a.csv") == b"new"

    async def test_that_is_replaced_once_it_is_done_is_new(self, service: BlobService, files: BlobBankFiles) -> None:
        service.put("a.csv", b"old")
        await files.read("a.csv")
        await files.done("a.csv")
        service.put("a.csv", b"new")

        assert await files.list() == ["a.csv"]

    async def test_that_is_gone_is_no_error(self, service: BlobService, files: BlobBankFiles) -> None:
        service.put("a.csv", b"text")
        await files.read("a.csv")
        del service.blobs["a.csv"]

        await files.done("a.csv")

        assert service.calls[-1] == "PUT a.csv"


class TestTheContainer:
    async def test_is_opened_at_the_first_call_and_closed_with_its_credential(
        self, service: BlobService, url: str
    ) -> None:
        opens: list[str] = []
        credential = Credential()

        def opening(at: str) -> tuple[Any, ...]:
            opens.append(at)
            return opened(at, None), credential

        files = BlobBankFiles(url, open_container=opening)
        await files.close()
        before = list(opens)
        await files.list()
        await files.list()
        await files.close()

        assert (before, opens, credential.closed) == ([], [url], True)

    async def test_is_opened_by_this_processs_own_identity(self) -> None:
        container, credential = opened_by_identity("https://account.blob.core.windows.net/bank")

        assert (container.container_name, container.credential) == ("bank", credential)
        await container.close()
        await credential.close()
