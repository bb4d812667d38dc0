"""Every part, joined; mypy proves here that adapters fit the ports. Imported at the first call, not at indexing."""

import random
import time
from datetime import timedelta
from pathlib import Path
from typing import Final

from shared.auth.authenticator import Authenticator
from shared.auth.hmac_signature import HmacKey, HmacVerifier
from shared.auth.jwks import JwksSource
from shared.auth.jwt_bearer import JwtVerifier
from shared.chase.client import ChaseClient
from shared.chase.endpoint import ChaseEndpoint
from shared.clock import SystemClock, TimeOrderedIdentifiers
from shared.database import journal
from shared.database.migrations import migrate_sqlite
from shared.database.outbox import SqlMessages
from shared.database.payments import PUBLISH_LEASE_S, UNIQUE_RULES, SqlPayments
from shared.database.sqlite import SqliteEngine
from shared.database.sqlserver import SqlServerEngine
from shared.database.sqlserver_login import odbc_login
from shared.database.sqlserver_migrations import migrate_sqlserver
from shared.database.statements import First, first_by_limit, first_by_top
from shared.database.unit_of_work import Engine
from shared.fingerprint import Fingerprints
from shared.sealing import InstrumentSealing
from shared.settings import Settings, SettingsError
from shared.telemetry import LoggedTelemetry
from shared.use_cases import ports
from shared.use_cases.asking_for import AskingFor
from shared.use_cases.charging import Charging
from shared.use_cases.chase_retry import ChaseRetry
from shared.use_cases.following_up import FollowingUp
from shared.use_cases.inquiries import Inquiries
from shared.use_cases.landing import Landing
from shared.use_cases.ledger_posting import LedgerPosting
from shared.use_cases.outbox_sweep import OutboxSweep
from shared.use_cases.publishing import Publishing
from shared.use_cases.readiness import Dependency, Readiness, Status
from shared.use_cases.reconciliation import Reconciliation
from shared.use_cases.recording import Recording
from shared.use_cases.refresh import Refresh
from shared.use_cases.refund import Refund
from shared.use_cases.sale import Sale
from shared.use_cases.sending_again import SendingAgain
from shared.use_cases.setting_aside import SettingAside
from shared.use_cases.tasks import TrackedTasks
from shared.use_cases.unposted import Unposted
from shared.use_cases.update_state import UpdateState
from shared.use_cases.void import Void
from shared.wiring.ledger import ledger
from shared.wiring.services import Services

# Shorter than the host's own grace at shutdown; what is still at work then is found by `reconciliation`.
_CLOSE_WITHIN_S: Final = 10.0
_UNIQUE_RULES: Final = {**UNIQUE_RULES, **journal.UNIQUE_RULES}
_MIGRATIONS: Final = Path(__file__).parents[1] / "database" / "migrations"


def build(
    settings: Settings,
    *,
    publisher: ports.Publisher | None = None,
    clock: ports.Clock | None = None,
    telemetry: ports.Telemetry | None = None,
) -> Services:
    """Every part, joined. Opens nothing yet but the embedded database, whose migrations it applies."""
    real_clock = SystemClock()
    clock, telemetry = clock or real_clock, telemetry or LoggedTelemetry()
    (engine, first), chase, tasks = (
        _database(settings, real_clock),
        chase_client(settings, clock, telemetry),
        TrackedTasks(telemetry),
    )
    booking, close_ledger = ledger(settings, engine)
    outside = ports.Outside(
        payments=SqlPayments(engine, first=first, lease=timedelta(seconds=settings.pace.wait_s(PUBLISH_LEASE_S))),
        chase=chase,
        merchants=settings.known_merchants(),
        clock=clock,
        pace=settings.pace,
        identifiers=TimeOrderedIdentifiers(),
        tasks=tasks,
        telemetry=telemetry,
        messages=SqlMessages(engine, first=first),
        publisher=publisher or _publisher(settings),
        postings=journal.SqlPostings(engine, first=first),
        ledger=booking,
        sealing=InstrumentSealing(settings.instrument_keys),
        chance=random.random,
    )
    publishing = Publishing(outside)
    recording = Recording(outside, publishing)
    inquiries = Inquiries(outside, recording, on_not_found=settings.on_not_found)
    landing = Landing(outside, recording, inquiries)
    charging, following_up = Charging(outside, landing), FollowingUp(outside, landing)
    asking_for = AskingFor(outside, following_up, inquiries, answer_within_s=settings.sale_answer_within_s)
    refund = Refund(asking_for)
    sending_again = SendingAgain(outside, recording, charging, following_up)
    ledger_posting = LedgerPosting(outside)
    unposted = Unposted(outside, ledger_posting)

    async def database_status() -> Status:
        await engine.ping()
        return Status.OK

    async def chase_status() -> Status:
        status = Status((await chase.health()).status)
        if status is not Status.OK:
            return status
        # Who asks whether we are ready wants the first sale to be fast: a token and a connection are had now.
        return Status((await chase.warm()).status)

    async def close() -> None:
        await tasks.close(_CLOSE_WITHIN_S)
        await chase.close()
        await close_ledger()
        await engine.close()

    return Services(
        clock=clock,
        real_clock=real_clock,
        telemetry=telemetry,
        authenticator=_authenticator(settings, telemetry),
        fingerprints=Fingerprints(settings.fingerprint_keys),
        database=engine,
        payments=outside.payments,
        sale=Sale(
            outside,
            charging,
            answer_within_s=settings.sale_answer_within_s,
            in_flight_max=settings.sales_in_flight_max,
            on_not_found=settings.on_not_found,
        ),
        void=Void(outside, asking_for, recording, refund),
        refund=refund,
        update_state=UpdateState(outside, recording),
        refresh=Refresh(inquiries),
        chase_retry=ChaseRetry(outside, sending_again),
        ledger_posting=ledger_posting,
        setting_aside=SettingAside(outside),
        outbox_sweep=OutboxSweep(outside, publishing),
        reconciliation=Reconciliation(outside, recording, inquiries, sending_again, unposted),
        readiness=Readiness(
            {"database": Dependency(database_status, vital=True), "chase": Dependency(chase_status, vital=False)},
            clock=clock,
        ),
        close=close,
    )


def _database(settings: Settings, clock: ports.Clock) -> tuple[Engine, First]:
    """The engine that settings name; on a laptop its migrations are applied, elsewhere a deployment does that."""
    if settings.sqlite_path is not None:
        migrate_sqlite(settings.sqlite_path, _MIGRATIONS / "sqlite", now=clock.now())
        return SqliteEngine(settings.sqlite_path, constraints=_UNIQUE_RULES), first_by_limit
    assert settings.sql_connection_string is not None, "settings require one of the two"
    try:
        login = odbc_login(
            settings.sql_connection_string,
            credential=settings.sql_credential,
            login_timeout_s=settings.sql_login_timeout_s,
            query_timeout_s=settings.sql_query_timeout_s,
        )
    except ValueError as error:
        raise SettingsError(f"SQL_CONNECTION_STRING: {error}") from None
    if settings.app_environment == "local":
        migrate_sqlserver(login, _MIGRATIONS / "sqlserver", now=clock.now())
    engine = SqlServerEngine(login, constraints=_UNIQUE_RULES, connections_max=settings.sql_connections_max)
    return engine, first_by_top


def _publisher(settings: Settings) -> ports.Publisher:
    raise SettingsError("no broker")


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


def _authenticator(settings: Settings, telemetry: ports.Telemetry) -> Authenticator:
    keys = {
        key_id: HmacKey(key, name, caller.roles, None if caller.billers == "*" else caller.billers)
        for name, caller in settings.hmac_callers.items()
        for key_id, key in caller.keys.items()
    }
    jwt = JwtVerifier(
        jwks=JwksSource(settings.jwt_jwks_url),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        now_s=time.time,
    )
    return Authenticator(
        jwt,
        HmacVerifier(keys, time.time),
        settings.auth_mode,
        lambda reason: telemetry.event("auth.would_refuse", reason=reason),
    )
