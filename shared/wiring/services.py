"""The parts of the service that doors call, as one value. Named by type only: importing this file builds nothing."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.auth.authenticator import Authenticator
    from shared.database.unit_of_work import Engine
    from shared.fingerprint import Fingerprints
    from shared.use_cases import ports
    from shared.use_cases.admission import Admission
    from shared.use_cases.bank_file_import import BankFileImport
    from shared.use_cases.change_rollout import ChangeRollout
    from shared.use_cases.chase_retry import ChaseRetry
    from shared.use_cases.comparison_due import ComparisonDue
    from shared.use_cases.control_report import ControlReport
    from shared.use_cases.decide_rollout import DecideRollout
    from shared.use_cases.ledger_posting import LedgerPosting
    from shared.use_cases.outbox_sweep import OutboxSweep
    from shared.use_cases.purge import Purge
    from shared.use_cases.readiness import Readiness
    from shared.use_cases.reconciliation import Reconciliation
    from shared.use_cases.refresh import Refresh
    from shared.use_cases.refund import Refund
    from shared.use_cases.rollout_guard import RolloutGuard
    from shared.use_cases.sale import Sale
    from shared.use_cases.setting_aside import SettingAside
    from shared.use_cases.shadow_mirror import ShadowMirror
    from shared.use_cases.shadow_report import ShadowReport
    from shared.use_cases.update_state import UpdateState
    from shared.use_cases.void import Void


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """`real_clock` is never moved by a laptop's clock: authentication goes by it."""

    clock: "ports.Clock"
    real_clock: "ports.Clock"
    telemetry: "ports.Telemetry"
    authenticator: "Authenticator"
    fingerprints: "Fingerprints"
    database: "Engine"
    payments: "ports.Payments"
    admission: "Admission"
    sale: "Sale"
    void: "Void"
    refund: "Refund"
    update_state: "UpdateState"
    refresh: "Refresh"
    chase_retry: "ChaseRetry"
    ledger_posting: "LedgerPosting"
    setting_aside: "SettingAside"
    control_report: "ControlReport"
    shadow_mirror: "ShadowMirror"
    comparison_due: "ComparisonDue"
    outbox_sweep: "OutboxSweep"
    reconciliation: "Reconciliation"
    decide_rollout: "DecideRollout"
    change_rollout: "ChangeRollout"
    shadow_report: "ShadowReport"
    rollout_guard: "RolloutGuard"
    billers: Collection[str]
    purge: "Purge"
    bank_file_import: "BankFileImport | None"
    readiness: "Readiness"
    close: Callable[[], Awaitable[None]]
