"""
The bank's files as blobs of one container. What became of one stands in its metadata.

Metadata, and not a move: a blob cannot be renamed, and copy-and-delete can stop half-way. Setting it is one call, bound
to the very content that was read (ETag); a new file under an old name has no metadata, so it is read. Nothing is
deleted here: a lifecycle rule of the storage account does that (a listing is 5,000 blobs a call, old ones included).
"""

import importlib
from collections.abc import Callable, Sequence
from typing import Any, Final

from shared.payments.bank_files import BYTES_MAX

OUTCOME: Final = "bankfileoutcome"
REASON: Final = "bankfilereason"
HALF_WRITTEN: Final = ".part"

# Three attempts of this length at the most: well inside a run of the timer.
_CONNECT_TIMEOUT_S: Final = 5
_READ_TIMEOUT_S: Final = 10
_RETRIES: Final = 2

Open = Callable[[str], Sequence[Any]]
"""`open(url)`: an azure.storage.blob.aio ContainerClient, then whatever else must be closed."""


def opened_by_identity(url: str) -> Sequence[Any]:
    """As whoever this process is: its managed identity in Azure. Imported here, off the cold path."""
    credential = importlib.import_module("azure.identity.aio").DefaultAzureCredential()
    return opened(url, credential), credential


def opened(url: str, credential: Any) -> Any:
    """The container at `url`, with time-outs of ours."""
    client = importlib.import_module("azure.storage.blob.aio").ContainerClient
    return client.from_container_url(
        url,
        credential=credential,
        connection_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=_READ_TIMEOUT_S,
        max_single_get_size=BYTES_MAX + 1,
        retry_total=_RETRIES,
    )


class BlobBankFiles:
    """
    Fits `use_cases.bank_ports.BankFiles`. Only blobs at the top of the container count: `/` in a name is a folder.

    Opened at the first call. Methods raise azure.core.exceptions.AzureError.
    """

    def __init__(self, url: str, *, open_container: Open = opened_by_identity) -> None:
        self._url, self._open_container = url, open_container
        self._open: Sequence[Any] = ()
        self._etags: dict[str, str] = {}

    async def list(self) -> Sequence[str]:
        """In order of names."""
        blobs = self._container().list_blobs(include=["metadata"])
        return sorted([blob.name async for blob in blobs if _is_new(blob)])

    async def read(self, name: str) -> bytes:
        """At most one byte more than a file may have."""
        # Without a range of ours: of an empty blob the service refuses one, and the SDK knows that only of its own.
        stream = await self._container().download_blob(name)
        self._etags[name] = stream.properties.etag
        return bytes(await stream.read(BYTES_MAX + 1))

    async def done(self, name: str) -> None:
        await self._mark(name, {OUTCOME: "done"})

    async def set_aside(self, name: str, reason: str) -> None:
        await self._mark(name, {OUTCOME: "set_aside", REASON: reason})

    async def close(self) -> None:
        """Let go; the next call opens anew."""
        held, self._open = self._open, ()
        for part in held:
            await part.close()

    async def _mark(self, name: str, metadata: dict[str, str]) -> None:
        errors = importlib.import_module("azure.core.exceptions")
        unchanged = importlib.import_module("azure.core").MatchConditions.IfNotModified
        blob = self._container().get_blob_client(name)
        try:
            await blob.set_blob_metadata(metadata, etag=self._etags.pop(name), match_condition=unchanged)
        except (errors.ResourceModifiedError, errors.ResourceNotFoundError):
            return  # Marked by another importer, replaced by a new file, or deleted: what is there is read in its turn.

    def _container(self) -> Any:
        if not self._open:
            self._open = self._open_container(self._url)
        return self._open[0]


def _is_new(blob: Any) -> bool:
    name, metadata = blob.name, blob.metadata or {}
    return "/" not in name and not name.startswith(".") and not name.endswith(HALF_WRITTEN) and OUTCOME not in metadata
