"""Chase, as settings say: where it is, who we are there, how patient we are."""

import random

from shared.chase.client import ChaseClient
from shared.chase.endpoint import ChaseEndpoint
from shared.settings import Settings, SettingsError
from shared.use_cases import ports


def chase_endpoint(settings: Settings) -> ChaseEndpoint:
    """Where Chase is, from settings. Raises SettingsError."""
    try:
        return ChaseEndpoint(
            base_url=settings.chase_base_url,
            token_url=settings.chase_token_url,
            client_id=settings.chase_client_id,
            client_secret=settings.chase_client_secret,
            scope=settings.chase_token_scope,
            private_key=settings.chase_private_key,
            certificate_thumbprint=settings.chase_certificate_thumbprint,
            resource=settings.chase_resource,
            assertion_lifetime_s=settings.chase_assertion_lifetime_s,
            lookup_parameter=settings.chase_lookup_parameter,
            connect_timeout_s=settings.chase_connect_timeout_s,
            pool_timeout_s=settings.chase_pool_timeout_s,
            read_timeout_s=settings.pace.read_timeout_s,
            keepalive_s=settings.chase_keepalive_s,
            connections_max=settings.chase_connections_max,
        )
    except ValueError as error:
        wrong = [
            f"CHASE_{name.upper()}:{rest}" for name, _, rest in (part.partition(":") for part in str(error).split("; "))
        ]
        raise SettingsError("; ".join(wrong)) from None


def chase_client(settings: Settings, clock: ports.Clock, telemetry: ports.Telemetry) -> ChaseClient:
    """The production client, as settings say. Raises SettingsError."""

    async def wait(seconds: float) -> None:
        await clock.sleep_until(clock.after(seconds))

    return ChaseClient(
        chase_endpoint(settings),
        strategies=settings.strategies,
        breaker_failures=settings.chase_breaker_failures,
        breaker_cooldown_s=settings.pace.wait_s(settings.chase_breaker_cooldown_s),
        wait=wait,
        rng=random.random,
        boot_s=clock.boot_s,
        alarm=telemetry.alarm,
    )
