"""A Chase on loopback, a client of it, and a clock that only moves when told."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.chase.client import ChaseClient
from shared.chase.endpoint import ChaseEndpoint
from shared.payments.retry import strategies
from shared.payments.secret import Secret
from tests.chase.desk import Alarms, Clock, Desk, MakeDesk
from tests.chase.peer import TOKEN_PATH, Peer

CLIENT_SECRET = "s3cr3t-of-the-client"
FULL_JITTER = 1.0
THUMBPRINT = "0123456789ABCDEF0123456789ABCDEF01234567"
RESOURCE = "JPMC:URI:RS-000000-00000-HelixAPIEntitlementsCAT-PROD"


@pytest.fixture
async def chase() -> AsyncIterator[Peer]:
    async with Peer() as peer:
        yield peer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def alarms() -> Alarms:
    return Alarms()


@pytest.fixture
def endpoint(chase: Peer) -> ChaseEndpoint:
    return ChaseEndpoint(
        base_url=f"{chase.url}/api/v2",
        token_url=chase.url + TOKEN_PATH,
        client_id="CC-1",
        client_secret=Secret(CLIENT_SECRET),
        scope="jpm:payments:sandbox",
        read_timeout_s=5.0,
    )


@pytest.fixture(scope="session")
def rsa_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def pem(rsa_key: RSAPrivateKey) -> str:
    return rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def signing(pem: str) -> dict[str, object]:
    """What an endpoint of client testing or production has in place of a client secret."""
    return {
        "client_secret": None,
        "private_key": Secret(pem),
        "certificate_thumbprint": THUMBPRINT,
        "resource": RESOURCE,
    }


@pytest.fixture
async def make_desk(endpoint: ChaseEndpoint, clock: Clock, alarms: Alarms) -> AsyncIterator[MakeDesk]:
    made: list[ChaseClient] = []

    def make(*, breaker_failures: int = 1_000, **changed: object) -> Desk:
        client = ChaseClient(
            replace(endpoint, **changed),
            strategies=strategies(),
            breaker_failures=breaker_failures,
            breaker_cooldown_s=15.0,
            wait=clock.wait,
            rng=lambda: FULL_JITTER,
            boot_s=clock.boot_s,
            alarm=alarms,
            new_request_id=lambda: "the-look-ups-own-request-id",
        )
        made.append(client)
        return Desk(client, clock, alarms)

    yield make
    for client in made:
        await client.close()


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    return make_desk()
