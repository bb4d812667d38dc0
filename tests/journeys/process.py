"""The service as a process of its own, which a test may kill in the middle of anything."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from local.keys import local_keys
from local.token import claims_of, parsed, signed_token
from tests.house import ROOT

# Imports, migrations and the first look take about a second; a busy machine takes several.
_READY_WITHIN_S = 30


class Process:
    """`python -m local` on the data in `data`. `up`: callers may call. Its addresses are new at each start."""

    def __init__(self, data: Path) -> None:
        self.up = asyncio.Event()
        self.kills = 0
        self.api_url = self.simulator_url = ""
        self._data, self._token = data, ""
        self._complaints = data / "stderr"
        self._child: asyncio.subprocess.Process | None = None
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))

    async def start(self) -> None:
        """Return once it answers; `up` is the test's to set."""
        # Port 0: any that is free, so that no two test runs meet. The greeting tells which.
        chosen = {"PORT": "0", "CHASE_SIMULATOR_PORT": "0", "LOCAL_TIME_SCALE": "0.01"}
        with self._complaints.open("ab") as stderr:
            self._child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "local"),
                cwd=ROOT,
                env={**os.environ, **chosen, "LOCAL_DATA_DIR": str(self._data)},
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
            )
        async with asyncio.timeout(_READY_WITHIN_S):
            self.api_url = await self._told("Ready:")
            self.simulator_url = await self._told("  Chase simulator")

    async def kill(self) -> None:
        """SIGKILL at once, and return when it is dead."""
        child, self._child = self._child, None
        assert child is not None
        assert child.returncode is None, "it ended by itself"
        self.up.clear()
        child.kill()
        self.kills += 1
        await child.communicate()

    async def close(self) -> None:
        await self._session.close()
        if self._child is not None and self._child.returncode is None:
            self._child.kill()
            await self._child.communicate()

    def said(self) -> str:
        """What all its lives wrote to stderr."""
        return self._complaints.read_text() if self._complaints.exists() else ""

    async def sale(self, key: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and body. Raises aiohttp.ClientError where the answer did not come."""
        headers = {**self._bearer(), "Idempotency-Key": key}
        async with self._session.post(f"{self.api_url}/payments", json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def find(self, **query: str) -> list[Any]:
        async with self._session.get(f"{self.api_url}/payments", params=query, headers=self._bearer()) as found:
            return list((await found.json())["items"])

    async def books(self) -> list[Any]:
        async with self._session.get(f"{self.simulator_url}/simulator/books") as books:
            return list((await books.json())["payments"])

    async def fault(self, fault: str, *, delay_ms: int = 0) -> None:
        """The next sale that is not spoken for yet meets `fault` at Chase."""
        await self._control("faults", {"operation": "payment", "fault": fault, "delayMs": delay_ms})

    async def advance(self, seconds: float) -> None:
        await self._control("clock", {"advanceSeconds": seconds})

    async def _control(self, what: str, body: dict[str, Any]) -> None:
        async with self._session.post(f"{self.simulator_url}/simulator/{what}", json=body) as done:
            assert done.status == 200, await done.text()

    async def _told(self, beginning: str) -> str:
        """The first word after `beginning`, from the first line of its output that begins so."""
        assert self._child is not None
        assert self._child.stdout is not None
        async for line in self._child.stdout:
            if line.decode().startswith(beginning):
                return line.decode().removeprefix(beginning).split()[0]
        raise AssertionError("it ended before it was ready")

    def _bearer(self) -> dict[str, str]:
        if not self._token:
            claims = claims_of(parsed([]), {}, int(time.time()))
            self._token = signed_token(local_keys(self._data), claims)
        return {"Authorization": f"Bearer {self._token}"}


@asynccontextmanager
async def a_process(data: Path) -> AsyncIterator[Process]:
    """Started; killed at the end whatever happened. What it wrote to stderr is told with a failure."""
    process = Process(data)
    try:
        await process.start()
        yield process
    except BaseException as error:
        error.add_note(f"stderr of the service:\n{process.said()[-8000:] or '(nothing)'}")
        raise
    finally:
        await process.close()
