"""
Anchors in Azure Blob Storage: one blob a day, in a container with a locked time-based retention policy.

The policy is the deployment's: it, and not this code, is what keeps an anchor from being changed or removed. Here a
blob is only never written twice (If-None-Match: *).
"""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date
from typing import TYPE_CHECKING, Final, TypeVar

from shared.payments.anchor import AnchorStoreUnavailable

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

_SUFFIX: Final = ".jsonl"
_NAME: Final = re.compile(r"\d{4}-\d\d-\d\d\.jsonl")
# The most that is held in memory, some 5,000 leaves; a blob may have 50,000 blocks.
BLOCK_BYTES: Final = 512 * 1024
# The library's own time-outs do not end a peer that drips.
WITHIN_S: Final = 60.0

T = TypeVar("T")
Opened = Callable[[], "AbstractAsyncContextManager[ContainerClient]"]


def opened_by_identity(container_url: str) -> Opened:
    """The container at `container_url`, as the app's managed identity (a developer's own login elsewhere)."""

    @asynccontextmanager
    async def opened() -> AsyncIterator["ContainerClient"]:
        from azure.identity.aio import DefaultAzureCredential
        from azure.storage.blob.aio import ContainerClient

        async with (
            DefaultAzureCredential() as credential,
            ContainerClient.from_container_url(container_url, credential) as container,
        ):
            yield container

    return opened


class BlobAnchors:
    """Fits `use_cases.audit_ports.AnchorStore`. A client is opened for each call: there are a few a day."""

    def __init__(self, opened: Opened, *, within_s: float = WITHIN_S, block_bytes: int = BLOCK_BYTES) -> None:
        self._opened, self._within_s, self._block_bytes = opened, within_s, block_bytes

    async def put(self, day: date, lines: AsyncIterator[str]) -> bool:
        from azure.core import MatchConditions
        from azure.core.exceptions import ResourceExistsError
        from azure.storage.blob import BlobBlock

        async with self._container() as container:
            blob = container.get_blob_client(_name(day))
            if await self._soon(blob.exists()):
                return False
            # Of this call alone: of two that stage under one id, the one would commit what the other staged.
            call, blocks = uuid.uuid4().hex, list[BlobBlock]()
            async for block in _blocks(lines, self._block_bytes):
                blocks.append(BlobBlock(f"{call}-{len(blocks):05}"))
                await self._soon(blob.stage_block(blocks[-1].id, block))
            try:
                await self._soon(blob.commit_block_list(blocks, match_condition=MatchConditions.IfMissing))
            except ResourceExistsError:
                return False
        return True

    async def days(self) -> Sequence[date]:
        async with self._container() as container:
            names = [name async for name in container.list_blob_names()]
        return [date.fromisoformat(name.removesuffix(_SUFFIX)) for name in sorted(names) if _NAME.fullmatch(name)]

    async def lines(self, day: date) -> AsyncIterator[str]:
        async with self._container() as container:
            download = await self._soon(container.download_blob(_name(day)))
            rest = b""
            async for chunk in download.chunks():
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    yield line.decode("utf-8", "replace")

    @asynccontextmanager
    async def _container(self) -> AsyncIterator["ContainerClient"]:
        from azure.core.exceptions import AzureError

        try:
            async with self._opened() as container:
                yield container
        except (AzureError, TimeoutError) as error:
            raise AnchorStoreUnavailable(f"the container of anchors: {type(error).__name__}") from error

    async def _soon(self, call: Awaitable[T]) -> T:
        return await asyncio.wait_for(call, self._within_s)


def _name(day: date) -> str:
    return f"{day.isoformat()}{_SUFFIX}"


async def _blocks(lines: AsyncIterator[str], size: int) -> AsyncIterator[bytes]:
    block = bytearray()
    async for line in lines:
        block += f"{line}\n".encode()
        if len(block) >= size:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)
