"""Two processes of the service on one database: sales, refunds, sweeps and timers in both, and nobody pays twice."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from local.bus_publisher import BusPublisher
from local.chase_simulator import ChaseSimulator, Credential
from local.clock import LocalClock
from local.environment import MERCHANTS, local_environment
from local.keys import LocalKeys, local_keys
from shared.payments.payment import Payment
from shared.payments.search import PAGE_MAX, Search
from shared.settings import Settings
from shared.wiring.build import build
from tests.house import ROOT
from tests.journeys.one_of_two import PART_MINOR, WHOLE_MINOR
from tests.stateful.truth import Truth

BILLS = 40
NAMES = ("first", "second")
_ENDS_WITHIN_S = 90
# What the first calls at Chase meet. Nothing here has to be waited out: each is cleared up by an inquiry or a message.
FAULTS = (
    *(("payment", fault) for fault in ("drop_after_processing", "malformed_json", "delay") * 3),
    *(("refund", fault) for fault in ("drop_after_processing", "delay", "malformed_json") * 2),
    *(("void", fault) for fault in ("delay", "drop_after_processing") * 2),
    *(("token", "http_503"),) * 3,
)
# Chase gives no token a few times, and answers without sense, as ordered.
EXPECTED_ALARMS = {"chase_token_unavailable", "chase_unfamiliar_answer"}


class Shared:
    """What the two have in common: the files, and Chase."""

    def __init__(self, data: Path, keys: LocalKeys, simulator: ChaseSimulator) -> None:
        self.data, self.simulator = data, simulator
        merchants = {"county-tax": {**MERCHANTS["county-tax"], "ach_refund_hold_days": 0}}
        changed = {"LOCAL_TIME_SCALE": "0.01", "MERCHANTS": json.dumps(merchants), "AUDIT_ANCHOR_DIRECTORY": str(data)}
        self.environment = local_environment(data, keys, simulator.base_url, simulator.token_url, changed)

    async def run(self, name: str) -> dict[str, Any]:
        """What a process of that name tells at its end."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.journeys.one_of_two"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        order = {"data": str(self.data), "environment": self.environment, "bills": BILLS, "name": name}
        try:
            async with asyncio.timeout(_ENDS_WITHIN_S):
                told, complained = await child.communicate(json.dumps(order).encode())
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        assert child.returncode == 0, complained.decode()[-8000:]
        return dict(json.loads(told))

    async def payments(self) -> list[Payment]:
        services = build(Settings.from_environment(self.environment), publisher=BusPublisher())
        try:
            return list(await services.payments.find(Search(billers=None, caller="ctp", limit=PAGE_MAX)))
        finally:
            await services.close()


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[Shared]:
    keys = local_keys(tmp_path)
    credential = Credential(
        "live", "local-ctp", keys.chase_client_secret, frozenset({MERCHANTS["county-tax"]["merchant_id"]})
    )
    simulator = ChaseSimulator(
        books=tmp_path / "chase-books.sqlite3", clock=LocalClock(), ends_after_s=60.0, credentials=[credential]
    )
    await simulator.start()
    try:
        yield Shared(tmp_path, keys, simulator)
    finally:
        await simulator.stop()


async def test_on_one_database_do_everything_once_between_them(shared: Shared) -> None:
    for operation, fault in FAULTS:
        shared.simulator.fault(operation, fault, delay_ms=100 if fault == "delay" else 0)

    first, second = await asyncio.gather(*(shared.run(name) for name in NAMES))
    payments, books = await shared.payments(), shared.simulator.books()

    truth = Truth()
    truth.always(payments, books)
    truth.in_quiet(payments, books)
    assert len(payments) == len(books) == BILLS
    for entry in books:
        debit = entry["refunded"] > 0
        assert (entry["captured"], entry["refunded"]) == ((WHOLE_MINOR, PART_MINOR) if debit else (0, 0))
        assert entry["voided"] is not debit
    _both_were_told_the_same(first["told"], second["told"])
    assert {*first["alarms"], *second["alarms"]} <= EXPECTED_ALARMS


def _both_were_told_the_same(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Of each key that both used: one payment, one outcome. Of two refunds that do not fit, one."""
    for number in range(BILLS):
        assert first[f"sale-{number}"] == second[f"sale-{number}"]
        assert first[f"sale-{number}"][0] == 201
        if number % 2 == 0:
            told = [[one[f"refund-{number}-{part}"][:2] for part in "ab"] for one in (first, second)]
            for pair in told:
                assert sorted(pair, key=str) == [[201, None], [422, "refund-exceeds-balance"]]
            assert told[0] == told[1]
