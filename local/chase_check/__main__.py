"""Runs the flows, prints and writes the report, and exits 1 if one failed."""

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp

from functions._instruments import ApplePayBody, GooglePayBody
from local.chase_check.desk import Desk
from local.chase_check.flows import Flow, Got, flows
from local.chase_check.report import report
from local.chase_simulator import ChaseSimulator, Credential
from local.clock import LocalClock
from local.environment import SIMULATOR_PORT, data_dir, local_environment, port
from local.keys import local_keys
from shared.clock import SystemClock
from shared.payments.requests import Instrument
from shared.settings import Settings, SettingsError
from shared.telemetry import LoggedTelemetry
from shared.wiring.chase import chase_client

REPORT: Final = "chase-check.md"
# Bundles of a real Chase's own test wallets, as callers would send them in `method`.
WALLETS: Final = {"Apple Pay": "CHASE_CHECK_APPLE_PAY", "Google Pay": "CHASE_CHECK_GOOGLE_PAY"}
_FIND_WITHIN_S: Final = 1.0


async def main() -> int:
    """`CHASE_BASE_URL` names a Chase; without it, the simulator that runs already, or one of our own."""
    directory = data_dir(os.environ)
    try:
        async with _chase(directory) as (settings, chase, simulated):
            rows, notes = await _run(settings, simulated)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    text = report(rows, chase=chase, simulated=simulated, notes=notes, now=SystemClock().now())
    directory.mkdir(parents=True, exist_ok=True)
    (directory / REPORT).write_text(text, encoding="utf-8")
    print(text)
    print(f"written to {directory / REPORT}")
    return 0 if all(got.passed for _, got in rows) else 1


async def _run(settings: Settings, simulated: bool) -> tuple[list[tuple[Flow, Got]], list[str]]:
    client = chase_client(settings, SystemClock(), LoggedTelemetry())
    wallets = _wallets(simulated)
    desk = Desk(client, next(iter(settings.known_merchants().values())))
    try:
        rows = [(flow, await flow.run(desk)) for flow in flows(wallets)]
    finally:
        await client.close()
    missing = [f"Not run: sale, {name}; put a test bundle into {WALLETS[name]}." for name in WALLETS.keys() - wallets]
    return rows, missing


@asynccontextmanager
async def _chase(directory: Path) -> AsyncIterator[tuple[Settings, str, bool]]:
    """Settings for the Chase to be asked, what to call it, and whether it is the simulator."""
    keys = local_keys(directory)

    def at(base_url: str, token_url: str) -> dict[str, str]:
        return local_environment(directory, keys, base_url, token_url, os.environ)

    if configured := os.environ.get("CHASE_BASE_URL"):
        given = at(configured, os.environ.get("CHASE_TOKEN_URL", ""))
        if "CHASE_PRIVATE_KEY" in given:
            del given["CHASE_CLIENT_SECRET"]
        yield Settings.from_environment(given), configured, False
        return
    running = await _running_simulator(port(os.environ, "CHASE_SIMULATOR_PORT", SIMULATOR_PORT))
    if running is not None:
        yield Settings.from_environment(at(*running)), f"the simulator at {running[0]}", True
        return
    async with _own_simulator(Settings.from_environment(at("http://127.0.0.1", "http://127.0.0.1"))) as own:
        yield Settings.from_environment(at(own.base_url, own.token_url)), "a simulator of its own", True


@asynccontextmanager
async def _own_simulator(settings: Settings) -> AsyncIterator[ChaseSimulator]:
    merchant_ids = frozenset(merchant.merchant_id for merchant in settings.merchants.values())
    simulator = ChaseSimulator(
        books=":memory:",
        clock=LocalClock(),
        ends_after_s=settings.pace.chase_ends_after_s,
        credentials=[Credential("live", settings.chase_client_id, settings.chase_client_secret, merchant_ids)],
    )
    await simulator.start()
    try:
        yield simulator
    finally:
        await simulator.stop()


async def _running_simulator(control_port: int) -> tuple[str, str] | None:
    """Base and token URL of the simulator that answers on that port, if one does."""
    within = aiohttp.ClientTimeout(total=_FIND_WITHIN_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=within) as session,
            session.get(f"http://127.0.0.1:{control_port}/simulator") as answer,
        ):
            told = await answer.json()
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
    return told["chaseBaseUrl"], told["chaseTokenUrl"]


def _wallets(simulated: bool) -> Mapping[str, Instrument]:
    """The bundles to send: shapes that only a simulator takes, or what the environment names."""
    if simulated:
        return {"Apple Pay": _apple_shape(), "Google Pay": _google_shape()}
    found: dict[str, Instrument] = {}
    if text := os.environ.get(WALLETS["Apple Pay"]):
        found["Apple Pay"] = ApplePayBody.model_validate_json(text).instrument()
    if text := os.environ.get(WALLETS["Google Pay"]):
        found["Google Pay"] = GooglePayBody.model_validate_json(text).instrument()
    return found


def _apple_shape() -> Instrument:
    sealed = base64.b64encode(b"nothing is sealed in here").decode()
    header = {"ephemeralPublicKey": sealed, "publicKeyHash": sealed, "transactionId": "31ab" * 16}
    data = {"version": "EC_v1", "data": sealed, "signature": sealed, "header": header}
    return ApplePayBody.model_validate({"type": "applePay", "paymentData": data}).instrument()


def _google_shape() -> Instrument:
    sealed = base64.b64encode(b"nothing is sealed in here").decode()
    message = {"encryptedMessage": sealed, "ephemeralPublicKey": sealed, "tag": sealed}
    token = {
        "protocolVersion": "ECv2",
        "signature": sealed,
        "intermediateSigningKey": {"signedKey": "{}", "signatures": [sealed]},
        "signedMessage": json.dumps(message),
    }
    return GooglePayBody.model_validate({"type": "googlePay", "token": json.dumps(token)}).instrument()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
