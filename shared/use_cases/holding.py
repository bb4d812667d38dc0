"""HOLD_ALL: an operator stops every void, refund and inquiry; what is asked for meanwhile waits, and is not lost."""

from collections.abc import Awaitable, Callable

from shared.payments.outcome import NotSent

Held = Callable[[], Awaitable[bool]]
"""Whether voids, refunds and inquiries are held now."""

HELD = NotSent("HELD", "voids, refunds and inquiries are held; it is sent when they are let go")


async def nothing_is_held() -> bool:
    """Where there is no rollout document."""
    return False
