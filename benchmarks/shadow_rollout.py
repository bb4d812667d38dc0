"""One biller live, another in shadow, as `make bench-shadow` has them; and what a shadow sale costs, counted."""

import asyncio
import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.bench import Bench
from benchmarks.house import Away, a_sale_body, open_house
from benchmarks.processes import Stub
from local.environment import MERCHANTS, SHADOW_MERCHANT_IDS
from shared.shadow.document import ALL, Document, Mode, Rule, as_json
from shared.use_cases.change_rollout import RolloutChange

LIVE_BILLER: Final = "city-water"
SHADOW_BILLER: Final = "county-tax"
LIVE_MERCHANTS: Final = frozenset(str(merchant["merchant_id"]) for merchant in MERCHANTS.values())
TEST_MERCHANTS: Final = frozenset(SHADOW_MERCHANT_IDS.values())
DOCUMENT: Final = Document((Rule(LIVE_BILLER, ALL, Mode.LIVE, 100), Rule(SHADOW_BILLER, ALL, Mode.SHADOW, 100)))

_REASON: Final = "shadow load"
_COUNTED: Final = 20
# Longer than a task takes that was begun after an answer.
_SETTLED_AFTER_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Counted:
    """What `sales` shadow sales took, one after the other, before the mirror: its broker was away."""

    sales: int
    commits: int
    chase_calls: int

    @property
    def holds(self) -> bool:
        """One commit each, and nothing was asked of Chase: no sale, no token, no connection."""
        return (self.commits, self.chase_calls) == (self.sales, 0)


def write_document(target: dict[str, Any]) -> None:
    """`PUT` the DOCUMENT: it takes effect at once. `target` as `candidates.Running` has it. Raises RuntimeError."""
    body = json.dumps({"document": as_json(DOCUMENT), "reason": _REASON, "force": True})
    headers = {
        "Authorization": f"Bearer {target['token']}",
        "Content-Type": "application/json",
        "If-Match": '"0"',
    }
    connection = http.client.HTTPConnection("127.0.0.1", target["port"], timeout=30)
    try:
        connection.request("PUT", target["path"].removesuffix("/payments") + "/rollout/config", body, headers)
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"PUT /rollout/config: {answer.status} {answer.read().decode()}")
    finally:
        connection.close()


def counted(bench: Bench) -> Counted:
    """By the engine's own counter and the stub's own books, after a first one that imports and connects."""
    with bench.folder() as folder, bench.stub(folder) as stub:
        return asyncio.run(_counted(folder, stub))


async def _counted(folder: Path, stub: Stub) -> Counted:
    settings = {"SHADOW_MERCHANT_IDS": json.dumps(dict(SHADOW_MERCHANT_IDS))}
    async with open_house(folder, stub, Away(), settings) as house:
        change = RolloutChange(document=DOCUMENT, version=0, actor="bench", reason=_REASON, forced=True)
        await house.services.change_rollout.change(change)
        commits = 0
        for number in range(_COUNTED + 1):
            body = json.dumps(a_sale_body(number, SHADOW_BILLER)).encode()
            status, answer = await house.call("POST", "/payments", body, f"shadow-{number:010d}")
            if status != http.HTTPStatus.ACCEPTED:
                raise RuntimeError(f"POST /payments in shadow: {status} {answer}")
            if number == 0:
                await asyncio.sleep(_SETTLED_AFTER_S)
                commits = house.services.database.commits
        await asyncio.sleep(_SETTLED_AFTER_S)
        commits = house.services.database.commits - commits
    books = stub.books()
    return Counted(_COUNTED, commits, sum(books[name] for name in ("connections", "token_fetches")))
