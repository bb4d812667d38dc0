"""What the service wrote by itself, through every way that a sale goes today, an auditor finds whole."""

from datetime import timedelta

from shared.anchors.directory import DirectoryAnchors
from shared.database.audit import SqlAuditTrail
from shared.database.statements import first_by_limit
from shared.payments.audit import Keyring
from shared.use_cases.audit_anchor import AuditAnchor
from shared.use_cases.audit_verification import AuditVerification
from tests.conftest import OpenHouse
from tests.house import House

DAYS_S = timedelta(days=1, hours=12).total_seconds()


async def verified(house: House) -> AuditVerification:
    """A run that found nothing."""
    assert house.settings.audit_anchor_directory is not None
    run = AuditVerification(
        SqlAuditTrail(house.services.database, first=first_by_limit),
        DirectoryAnchors(house.settings.audit_anchor_directory),
        Keyring.of(house.settings.audit_keys),
    )
    assert [str(finding) async for finding in run.findings()] == []
    return run


async def anchored(house: House) -> None:
    assert house.settings.audit_anchor_directory is not None
    made = await AuditAnchor(
        SqlAuditTrail(house.services.database, first=first_by_limit),
        DirectoryAnchors(house.settings.audit_anchor_directory),
        Keyring.of(house.settings.audit_keys),
        clock=house.clock,
        telemetry=house.telemetry,
    ).run_once()
    assert made is not None


async def every_kind_of_sale(house: House) -> None:
    await house.sale("approved", reference="INV-1")
    await house.sale("declined", reference="INV-2", amountMinor=52100)
    house.simulator.fault("payment", "drop_after_processing")
    await house.sale("lost", reference="INV-3")
    await house.clock.advance(2)
    house.simulator.fault("payment", "drop_before_processing")
    await house.sale("never-there", reference="INV-4")
    await house.clock.advance(200)


async def test_finds_every_sale_sealed_and_the_day_anchored(house: House) -> None:
    await every_kind_of_sale(house)

    run = await verified(house)
    assert (run.payments, run.entries >= 9) == (4, True)

    await house.clock.advance(DAYS_S)
    await anchored(house)
    assert (await verified(house)).anchors == 1


async def test_finds_what_a_restart_went_on_with_whole(opened: OpenHouse) -> None:
    async with opened() as house:
        house.simulator.fault("payment", "drop_after_processing")
        await house.sale("lost")
    async with opened() as house:
        await house.clock.advance(600)
        await house.services.reconciliation.run_once()

        run = await verified(house)

    assert (run.payments, run.entries) == (1, 3)
