"""What is measured side by side: the real service, the yardstick's styles, and the stub alone."""

import os
import sqlite3
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks.chase_stub import API_PATH, TOKEN_PATH
from benchmarks.processes import Child, Stub, free_port
from local.keys import local_keys
from local.token import claims_of, parsed, signed_token
from shared.database.rows import time_text

OURS: Final = "ours"
STYLES: Final = ("sync", "async-aiohttp", "bare-inline")
STUB: Final = "stub"

_APPROVED_OF_OURS: Final = (
    "SELECT o.request_id, o.amount_minor FROM operations o JOIN payments p ON p.id = o.payment_id "
    "WHERE o.kind = 'sale' AND o.state = 'succeeded' AND p.mode = 'live' "
    "AND p.state IN ('authorized', 'captured') AND o.created_at >= ?"
)
_APPROVED_OF_A_STYLE: Final = (
    "SELECT lower(hex(p.id)), p.amount_minor FROM idempotency i JOIN payment p ON p.id = i.payment_id "
    "WHERE p.status = 'approved' AND i.response IS NOT NULL AND ? <> ''"
)
# As the yardstick's own table of added latency has it: enough threads for all that are in flight.
_THREADS_OF_SYNC: Final = 64


@dataclass(frozen=True, slots=True)
class Running:
    """
    A candidate that answers. `target` are the fields of a generator.Plan that say how it is called.

    `charged` reads, once it has stopped, what its database holds as charged since it was started: request-id -> amount
    in minor units.
    """

    child: Child
    target: Mapping[str, Any]
    database: Path
    approved_sql: str
    started_at: str

    def charged(self) -> dict[str, int]:
        with closing(sqlite3.connect(self.database)) as db:
            return dict(db.execute(self.approved_sql, (self.started_at,)).fetchall())


class Candidate(Protocol):
    @property
    def name(self) -> str:
        """As the tables call it."""

    def start(self, folder: Path, stub: Stub) -> Running:
        """On a database of its own in `folder`, charging at `stub`; returns when it answers."""


@dataclass(frozen=True, slots=True)
class RealService:
    """`python -m local` with Chase at the stub: the real doors, over HTTP, on SQLite with every commit flushed."""

    settings: Mapping[str, str]
    name: str = OURS

    def start(self, folder: Path, stub: Stub) -> Running:
        environ = {
            "PORT": "0",
            "CHASE_SIMULATOR_PORT": "0",
            "LOCAL_DATA_DIR": str(folder),
            "CHASE_BASE_URL": stub.url + API_PATH,
            "CHASE_TOKEN_URL": stub.url + TOKEN_PATH,
            **self.settings,
        }
        started_at = time_text(datetime.now(UTC))
        child = Child([sys.executable, "-m", "local"], environ, folder / "log")
        url = urlsplit(child.told("Ready: "))
        target = {"kind": "ours", "port": url.port, "path": f"{url.path}/payments", "token": our_token(folder)}
        return Running(child, target, folder / "payments.sqlite3", _APPROVED_OF_OURS, started_at)


@dataclass(frozen=True, slots=True)
class Style:
    """One of the yardstick's styles, run as its own README says."""

    name: str
    yardstick: Path

    def start(self, folder: Path, stub: Stub) -> Running:
        port, database, token = free_port(), folder / "payments.db", _style_token(folder / "caller.pub")
        environ = {
            "STYLE": self.name,
            "PORT": str(port),
            "DB": str(database),
            "CHASE": stub.url,
            "CALLER_KEY": str(folder / "caller.pub"),
            "SYNC": "FULL",
            "THREADS": str(_THREADS_OF_SYNC),
            # Nothing is written beside files that are not ours.
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        child = Child([sys.executable, "app.py"], environ, folder / "log", cwd=self.yardstick)
        child.listens_on(port)
        script = str(self.yardstick / "sale.lua")
        target = {"kind": "yardstick", "port": port, "path": "/sale", "token": token, "script": script}
        # Its database is always a new one.
        return Running(child, target, database, _APPROVED_OF_A_STYLE, "ever")


def yardstick_at(environ: Mapping[str, str]) -> Path | None:
    """The yardstick's folder: YARDSTICK, by default beside the project; None where there is none."""
    folder = Path(environ.get("YARDSTICK") or "../shared/tools/yardstick").resolve()
    return folder if (folder / "app.py").exists() and (folder / "sale.lua").exists() else None


def our_token(folder: Path) -> str:
    """A bearer token for the service whose data lie in `folder`, signed by its local key."""
    return signed_token(local_keys(folder), claims_of(parsed([]), {}, int(time.time())))


def _style_token(public_key: Path) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    public_key.write_bytes(pem)
    claims = {"sub": "caller", "aud": "payments", "exp": int(time.time()) + 86_400, "roles": ["sale"]}
    return jwt.encode(claims, key, "RS256")


def unique_seed() -> str:
    """Tells the keys of one load from those of every other."""
    return f"b{os.getpid():x}-{time.time_ns() % 10**12:012d}"
