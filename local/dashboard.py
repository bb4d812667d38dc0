"""The developer's dashboard: `GET /dashboard` of the local host, beside the functions. Nothing of it is deployed."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final

from local.alarms import Alarms, Judged
from local.figures import figures
from local.host import Host
from local.host_signals import HostSignals
from local.http_messages import Answer, Receive, Scope, Send, path_of, send_answer
from local.workspace import Workspace
from shared.telemetry.memory import MemoryTelemetry

PATH: Final = "/dashboard"
DATA_PATH: Final = "/dashboard/data.json"
# Judging all of them takes some tenths of a second, on a thread.
_JUDGED_AGAIN_AFTER_S: Final = 4.0

_PAGE: Final = Path(__file__).with_name("dashboard.html")
# Its script and its style are its own; nothing else is loaded, and it is framed by nobody.
_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Dashboard:
    """The ASGI app of the host, with the page before it."""

    def __init__(self, host: Host, memory: MemoryTelemetry, signals: HostSignals, now: Callable[[], datetime]) -> None:
        self._host, self._memory, self._signals, self._now = host, memory, signals, now
        self._alarms: Alarms | None = None
        self._judged: list[Judged] = []
        self._judged_at_s = float("-inf")
        self._judging: asyncio.Task[None] | None = None
        self._cannot = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = path_of(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if path == PATH:
            page = await asyncio.to_thread(_PAGE.read_bytes)
            await send_answer(send, _answer(page, "text/html; charset=utf-8"))
        elif path == DATA_PATH:
            await send_answer(send, _answer(json.dumps(self.shown()).encode(), "application/json"))
        else:
            await self._host(scope, receive, send)

    def shown(self) -> dict[str, Any]:
        """What the page asks for. The alarms are as they were last judged; a look begins the next judgement."""
        self._judge_soon()
        alarms = [judged.shown() for judged in self._judged]
        return {**figures(self._memory, self._signals, self._now()), "alarms": alarms, "cannotJudge": self._cannot}

    async def judged(self) -> None:
        """Return when the judgement that is under way, if any, is over."""
        if self._judging is not None:
            await asyncio.wait([self._judging])

    async def close(self) -> None:
        await self.judged()

    def _judge_soon(self) -> None:
        is_at_work = self._judging is not None and not self._judging.done()
        if not is_at_work and monotonic() - self._judged_at_s > _JUDGED_AGAIN_AFTER_S:
            self._judging = asyncio.create_task(self._judge(), name="alarms")

    async def _judge(self) -> None:
        try:
            self._judged = await asyncio.to_thread(self._all)
            self._cannot = ""
        except ImportError:
            self._cannot = "pip install -r requirements-dev.txt: alarms are judged by their own queries, in DuckDB"
        except Exception as error:
            self._cannot = f"alarms cannot be judged: {type(error).__name__}"
        self._judged_at_s = monotonic()

    def _all(self) -> list[Judged]:
        if self._alarms is None:
            self._alarms = Alarms(Workspace(self._memory, self._signals), self._now)
        return self._alarms.judged()


def _answer(body: bytes, media_type: str) -> Answer:
    headers = [
        (b"content-type", media_type.encode()),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", _POLICY.encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    return Answer(200, headers, body)
