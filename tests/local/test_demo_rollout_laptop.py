"""The demonstration's real world, and CTP's client selling to the real service through faults at Chase."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ctp import (
    Attempt,
    Auth,
    BearerAuth,
    Bill,
    HmacAuth,
    PaymentService,
    Phase,
    Policy,
    Processor,
    RequestsTransport,
    RolloutClient,
    SqliteAttempts,
)
from ctp.example import ExistingStub, Vault
from ctp.protocol import new_attempt
from local.demo_rollout.demo import run
from local.demo_rollout.laptop_world import LaptopWorld, laptop_world
from local.demo_rollout.world import WorldError
from local.environment import HMAC_KEY_ID
from local.keys import local_keys

DECISION_NOT_REQUIRED = {"ROLLOUT_DECISION_REQUIRED": "false"}
MOVES_MAX = 60
# Longer than a sale may be in flight, so that a move of the clock also sweeps what is nobody's.
MOVE_S = 120


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("laptop")


@pytest.fixture(scope="module")
def world(data: Path) -> Iterator[LaptopWorld]:
    with laptop_world(data, DECISION_NOT_REQUIRED) as world:
        yield world


class Ctp:
    """A client whose attempts begin as if the decision had been live."""

    def __init__(self, world: LaptopWorld, auth: Auth) -> None:
        self.transport, self.store, self.existing = RequestsTransport(), SqliteAttempts(":memory:"), ExistingStub()
        service = PaymentService(self.transport, world.api_url, auth)
        policy = Policy(waits_s=(0.01,))
        self.client = RolloutClient(self.store, service, self.existing, Vault(), policy=policy)

    def sell(self, reference: str, amount_minor: int = 12599) -> Attempt:
        bill = Bill("city-water", reference, "card", amount_minor, "USD")
        new = self.store.begin(new_attempt(bill, f"att-{reference}", datetime.now(UTC)))
        self.store.replace(new, replace(new, phase=Phase.LIVE, mode="live", version=2))
        return self.carried_on()

    def close(self) -> None:
        self.transport.close()
        self.store.close()

    def carried_on(self) -> Attempt:
        (attempt,) = self.client.resume()
        return attempt


@pytest.fixture
def ctp(world: LaptopWorld) -> Iterator[Ctp]:
    ctp = Ctp(world, BearerAuth(world.token))
    yield ctp
    ctp.close()


def test_a_live_sale_is_charged_by_chase_and_stands_in_its_books(world: LaptopWorld, ctp: Ctp) -> None:
    attempt = ctp.sell("LAPTOP-1")

    assert (attempt.phase, attempt.processor, attempt.reason) == (Phase.CHARGED, Processor.CHASE, "201 authorized")
    assert world.charges(["LAPTOP-1", "LAPTOP-none"]) == {"LAPTOP-1": [12599]}


def test_a_signed_sale_gets_in_too(world: LaptopWorld, data: Path) -> None:
    ctp = Ctp(world, HmacAuth(HMAC_KEY_ID, local_keys(data).hmac_key.reveal()))

    assert ctp.sell("LAPTOP-2").phase is Phase.CHARGED
    ctp.close()


def test_a_decline_is_a_decline(world: LaptopWorld, ctp: Ctp) -> None:
    attempt = ctp.sell("LAPTOP-3", amount_minor=52100)

    assert (attempt.phase, attempt.reason) == (Phase.DECLINED, "402 declined")
    assert ctp.existing.books == {}


def test_a_service_that_does_not_start_is_told_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="PORT: must be a port number"), laptop_world(tmp_path, {"PORT": "x"}):
        raise AssertionError("it started")


@pytest.mark.parametrize("bills", ["0", "many", "-1", "٣"])
def test_a_number_of_bills_that_is_none_is_refused(bills: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "local.demo_rollout"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "DEMO_BILLS": bills},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (2, "DEMO_BILLS: write a whole number, 1 or more\n")


@pytest.mark.parametrize("fault", ["drop_after_processing", "malformed_json", "http_500", "drop_before_processing"])
def test_an_answer_that_chase_lost_leaves_the_bill_open_until_the_service_knows(
    world: LaptopWorld, ctp: Ctp, fault: str
) -> None:
    reference = f"LAPTOP-{fault}"
    world.order_fault(fault)
    attempt = ctp.sell(reference)
    assert (attempt.phase, attempt.reason) == (Phase.LIVE, "202 unknown")

    for _ in range(MOVES_MAX):
        if not attempt.is_open:
            break
        world.advance(MOVE_S)
        attempt = ctp.carried_on()

    chase = world.charges([reference])[reference]
    assert (attempt.phase, attempt.processor, chase) == (Phase.CHARGED, Processor.CHASE, [12599])
    assert ctp.existing.books == {}


def test_every_bill_of_a_small_rollout_is_charged_once_by_the_real_service(tmp_path: Path) -> None:
    said: list[str] = []
    with laptop_world(tmp_path) as world:
        code = run(world, 40, tmp_path / "attempts.sqlite3", said.append, moved=lambda: time.sleep(0.1))

    told = "\n".join(said)
    assert (code, said[-1]) == (0, "40 of 40 bills were charged exactly once."), told
    assert "charged once, by chase" in told
    # What the lossy way lost is told by both sides; whatever reached the service was taken in shadow.
    assert " sent" in next(line for line in said if line.startswith("Shadow reports: ")), told
    assert "500 internal-error" not in told
