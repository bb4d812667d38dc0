"""Every part, joined; mypy proves here that adapters fit the ports. Imported at the first call, not at indexing."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from shared.bank.blob import BlobBankFiles
from shared.bank.source import bank_files
from shared.chase.routed import RoutedChase
from shared.clock import SystemClock, TimeOrderedIdentifiers
from shared.database.journal import SqlPostings
from shared.database.measured import MeasuredEngine
from shared.database.outbox import SqlMessages
from shared.database.oversight import SqlInvariants
from shared.database.payments import PUBLISH_LEASE_S, SqlPayments
from shared.database.purge import SqlPurging
from shared.database.shadow import SqlShadow
from shared.database.statements import First
from shared.database.unit_of_work import Engine
from shared.fingerprint import Fingerprints
from shared.messaging.publisher import ServiceBusPublisher
from shared.payments.audit import Chain, Keyring
from shared.sealing import InstrumentSealing
from shared.settings import Settings
from shared.use_cases import ports
from shared.use_cases.admission import Admission
from shared.use_cases.applying_facts import ApplyingFacts
from shared.use_cases.asking_for import AskingFor
from shared.use_cases.charging import Charging
from shared.use_cases.chase_retry import ChaseRetry
from shared.use_cases.comparing import Comparing
from shared.use_cases.comparison_due import ComparisonDue
from shared.use_cases.control_report import ControlReport
from shared.use_cases.following_up import FollowingUp
from shared.use_cases.inquiries import Inquiries
from shared.use_cases.invariants import CheckInvariants
from shared.use_cases.landing import Landing
from shared.use_cases.ledger_posting import LedgerPosting
from shared.use_cases.outbox_sweep import OutboxSweep
from shared.use_cases.publishing import Publishing
from shared.use_cases.purge import Purge
from shared.use_cases.readiness import Dependency, Readiness, Status
from shared.use_cases.reconciliation import Reconciliation
from shared.use_cases.recording import Recording
from shared.use_cases.refresh import Refresh
from shared.use_cases.refund import Refund
from shared.use_cases.sale import Sale
from shared.use_cases.sale_rollout import SaleRollout
from shared.use_cases.sending_again import SendingAgain
from shared.use_cases.setting_aside import SettingAside
from shared.use_cases.shadow_mirror import ShadowMirror
from shared.use_cases.tasks import TrackedTasks
from shared.use_cases.unposted import Unposted
from shared.use_cases.update_state import UpdateState
from shared.use_cases.void import Void
from shared.wiring.audit import audit_anchor
from shared.wiring.authentication import authenticator
from shared.wiring.bank import bank_import
from shared.wiring.broker import service_bus_publisher
from shared.wiring.chase import chase_client, shadow_client
from shared.wiring.database import database
from shared.wiring.ledger import ledger
from shared.wiring.rollout import rollout
from shared.wiring.services import Services
from shared.wiring.shadow import close_intake, shadow_intake
from shared.wiring.telemetry import closed, watched
from shared.wiring.telemetry import telemetry as telemetry_of

# Shorter than the host's own grace at shutdown; what is still at work then is found by `reconciliation`.
_CLOSE_WITHIN_S: Final = 10.0


def build(
    settings: Settings,
    *,
    publisher: ports.Publisher | None = None,
    clock: ports.Clock | None = None,
    telemetry: ports.Telemetry | None = None,
    through: Callable[[ports.Outside], ports.Outside] = lambda outside: outside,
    stored_in: tuple[Engine, First] | None = None,
) -> Services:
    """
    Every part, joined. Opens nothing yet but the embedded database, whose migrations it applies.

    What the verbs need from outside they get `through` what stands before it: a test that breaks a port.
    `stored_in` stands in for the database that settings name: the engine, and how it words "the first rows".
    """
    real_clock = SystemClock()
    clock = clock or real_clock
    telemetry = telemetry or telemetry_of(settings, clock)
    fingerprints = Fingerprints(settings.fingerprint_keys)
    publisher = publisher or service_bus_publisher(settings)
    unmeasured, first = stored_in or database(settings, real_clock)
    engine, chase, tasks = (
        MeasuredEngine(unmeasured, telemetry),
        chase_client(settings, clock, telemetry),
        TrackedTasks(telemetry),
    )
    booking, close_ledger = ledger(settings, engine)
    shadow = shadow_client(settings, clock, telemetry)
    chain, identifiers = Chain(Keyring.of(settings.audit_keys)), TimeOrderedIdentifiers()
    lease = timedelta(seconds=settings.pace.wait_s(PUBLISH_LEASE_S))
    outside = through(
        ports.Outside(
            payments=SqlPayments(
                engine,
                first=first,
                chain=chain,
                lease=lease,
            ),
            chase=RoutedChase(chase, shadow),
            merchants=settings.known_merchants(),
            clock=clock,
            pace=settings.pace,
            identifiers=identifiers,
            tasks=tasks,
            telemetry=telemetry,
            messages=SqlMessages(engine, first=first),
            publisher=publisher,
            postings=SqlPostings(engine, first=first),
            ledger=booking,
            sealing=InstrumentSealing(settings.instrument_keys),
            shadow=SqlShadow(engine, first=first, chain=chain, new_id=identifiers.operation, lease=lease),
            instrument_marks=fingerprints,
            chance=random.random,
        )
    )
    publishing = Publishing(outside)
    recording = Recording(outside, publishing)
    who = rollout(settings, outside, engine, first)
    inquiries = Inquiries(outside, recording, on_not_found=settings.on_not_found, held=who.current.holds_all)
    landing = Landing(outside, recording, inquiries)
    charging, following_up = Charging(outside, landing), FollowingUp(outside, landing, who.current.holds_all)
    intake = shadow_intake(settings, outside, publishing)
    admission = Admission(
        in_flight_max=settings.sales_in_flight_max,
        queue_age_max_s=settings.sales_queue_age_max_ms / 1000,
        boot_s=real_clock.boot_s,
        refused=lambda: outside.telemetry.count("sales.overloaded"),
    )
    asking_for = AskingFor(outside, following_up, inquiries, intake, answer_within_s=settings.sale_answer_within_s)
    refund = Refund(asking_for)
    sending_again = SendingAgain(outside, recording, charging, following_up, who.current.is_switched_off)
    unposted = Unposted(outside, ledger_posting := LedgerPosting(outside))
    update_state = UpdateState(outside, recording)
    comparing = Comparing(outside)
    mirror = ShadowMirror(outside, recording, sending_again, following_up, comparing)
    applying = ApplyingFacts(outside, recording, update_state)
    source = bank_files(settings, now=real_clock.now)

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
        await close_intake(intake)
        if isinstance(publisher, ServiceBusPublisher):
            await publisher.close()
        await chase.close()
        await close_ledger()
        if shadow is not None:
            await shadow.close()
        if isinstance(source, BlobBankFiles):
            await source.close()
        await engine.close()
        await closed(telemetry)

    services = Services(
        clock=clock,
        real_clock=real_clock,
        telemetry=telemetry,
        authenticator=authenticator(settings, telemetry),
        fingerprints=fingerprints,
        database=engine,
        payments=outside.payments,
        admission=admission,
        sale=Sale(
            outside,
            charging,
            SaleRollout(outside, who.store, who.current, decision_required=settings.rollout_decision_required),
            intake,
            answer_within_s=settings.sale_answer_within_s,
            admission=admission,
            on_not_found=settings.on_not_found,
        ),
        void=Void(outside, asking_for, recording, refund),
        refund=refund,
        update_state=update_state,
        refresh=Refresh(inquiries),
        chase_retry=ChaseRetry(outside, sending_again),
        ledger_posting=ledger_posting,
        setting_aside=SettingAside(outside),
        control_report=ControlReport(outside, comparing),
        shadow_mirror=mirror,
        comparison_due=ComparisonDue(outside, comparing, mirror),
        outbox_sweep=OutboxSweep(outside, publishing),
        reconciliation=Reconciliation(outside, recording, inquiries, sending_again, unposted),
        bank_file_import=bank_import(settings, outside, engine, first, applying, source),
        decide_rollout=who.decide,
        change_rollout=who.change,
        shadow_report=who.report,
        rollout_guard=who.guard,
        billers=outside.merchants.keys(),
        purge=Purge(
            outside,
            SqlPurging(engine, first=first, key_names=list(settings.fingerprint_keys)),
            audit_anchor(settings, outside, engine, first),
            CheckInvariants(outside, SqlInvariants(engine)),
        ),
        readiness=Readiness(
            {"database": Dependency(database_status, vital=True), "chase": Dependency(chase_status, vital=False)},
            clock=clock,
        ),
        close=close,
    )
    watched(telemetry, services, {"live": chase, "shadow": None if shadow is None else shadow.client})
    return services
