"""Where the audit's anchors are kept, and the timer that makes them."""

from shared.anchors.blobs import BlobAnchors, opened_by_identity
from shared.anchors.directory import DirectoryAnchors
from shared.database.audit import SqlAuditTrail
from shared.database.statements import First
from shared.database.unit_of_work import Engine
from shared.payments.audit import Keyring
from shared.settings import AuditSettings
from shared.use_cases.audit_anchor import AuditAnchor
from shared.use_cases.audit_ports import AnchorStore
from shared.use_cases.ports import Outside


def anchor_store(settings: AuditSettings) -> AnchorStore | None:
    """Where settings say that anchors are kept; None where they say nothing."""
    if settings.audit_anchor_container_url is not None:
        return BlobAnchors(opened_by_identity(settings.audit_anchor_container_url))
    if settings.audit_anchor_directory is not None:
        return DirectoryAnchors(settings.audit_anchor_directory)
    return None


def audit_anchor(settings: AuditSettings, outside: Outside, engine: Engine, first: First) -> AuditAnchor | None:
    """None where settings keep no anchors."""
    store = anchor_store(settings)
    if store is None:
        return None
    trail, keyring = SqlAuditTrail(engine, first=first), Keyring.of(settings.audit_keys)
    return AuditAnchor(trail, store, keyring, clock=outside.clock, telemetry=outside.telemetry)
