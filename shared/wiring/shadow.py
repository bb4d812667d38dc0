"""Shadow, joined: what takes it, where there is a test endpoint to mirror it to."""

from shared.settings import Settings
from shared.use_cases.ports import Outside
from shared.use_cases.publishing import Publishing
from shared.use_cases.shadow_backlog import ShadowBacklog
from shared.use_cases.shadow_intake import ShadowIntake


def shadow_intake(settings: Settings, outside: Outside, publishing: Publishing) -> ShadowIntake | None:
    """What takes a payment in shadow; None where shadow is not set up."""
    if settings.shadow_chase_base_url is None:
        return None
    backlog = ShadowBacklog(outside, bound=settings.shadow_backlog_max)
    return ShadowIntake(outside, publishing, backlog, settings.shadow_merchants())


async def close_intake(intake: ShadowIntake | None) -> None:
    """Keep what is only counted yet, where shadow is set up."""
    if intake is not None:
        await intake.close()
