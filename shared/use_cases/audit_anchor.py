"""The timer that anchors each day: it seals how far the history of every payment touched that day had come."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from shared.payments.anchor import Anchor, AnchorBroken, RunningAnchor, Touched, leaf_in, leaf_of
from shared.payments.audit import Keyring
from shared.payments.audit_verification import Kind, SealedPayment, verify_payment
from shared.use_cases.audit_ports import AnchorStore, AuditTrail
from shared.use_cases.ports import Clock, Telemetry

# A payment's last change is stored with the time at which it was begun: some are committed after their day's end.
# A day is anchored when so much of the next has passed, and reaches back as far into the one before.
LATE_MAX: Final = timedelta(hours=1)
PAGE: Final = 100
# After so many alarms of one run nobody learns more from the next; how many there were is told in the end.
ALARMS_MAX: Final = 20
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class AuditAnchor:
    def __init__(
        self,
        trail: AuditTrail,
        store: AnchorStore,
        keyring: Keyring,
        *,
        clock: Clock,
        telemetry: Telemetry,
        page: int = PAGE,
    ) -> None:
        self._trail, self._store, self._keyring, self._page = trail, store, keyring, page
        self._clock, self._telemetry = clock, telemetry

    async def run_once(self) -> Anchor | None:
        """
        Make yesterday's anchor; None where it is there, or where it is too early.

        It covers all that was touched since the anchor before it, so a day without a run is made up for. Each payment
        is verified on the way; what is wrong is alarmed (`audit.chain_broken`), and stays to be found by
        `make audit-verify`. An anchor that the store has, and the database has not, is taken over.
        Raises AnchorStoreUnavailable, or what the database raises; the next run begins anew.
        """
        now = self._clock.now()
        day = (now - LATE_MAX).date() - timedelta(days=1)
        made = await self._trail.anchors()
        if made and made[-1].day >= day:
            return None
        since = _start(made[-1].day) + timedelta(days=1) - LATE_MAX if made else _BEGINNING
        broken: Counter[Kind] = Counter()
        await self._store.put(day, self._lines(day, Touched(since, _start(day) + timedelta(days=1)), broken))
        self._alarm(day, broken)
        try:
            anchor = await read_anchor(self._store.lines(day), day, self._keyring)
        except AnchorBroken as error:
            self._telemetry.alarm("audit.anchor_broken", day=day.isoformat(), reason=str(error))
            return None
        await self._trail.add_anchor(anchor, now)
        self._telemetry.event("audit.anchored", day=day.isoformat(), payments=anchor.payments, entries=anchor.entries)
        return anchor

    async def _lines(self, day: date, page: Touched | None, broken: Counter[Kind]) -> AsyncIterator[str]:
        running = RunningAnchor(day, self._keyring.current, self._keyring)
        yield running.head
        while page is not None:
            payments, page = await self._trail.touched(page, self._page)
            for payment in payments:
                self._verify(payment, broken)
                leaf = leaf_of(payment)
                if leaf is not None:
                    running.add(leaf)
                    yield leaf.line
        yield running.ended().end

    def _verify(self, payment: SealedPayment, broken: Counter[Kind]) -> None:
        for finding in verify_payment(payment, self._keyring):
            if broken.total() < ALARMS_MAX:
                self._telemetry.alarm(
                    "audit.chain_broken",
                    paymentId=finding.payment_id,
                    sequence=finding.sequence,
                    kind=str(finding.kind),
                )
            broken[finding.kind] += 1

    def _alarm(self, day: date, broken: Counter[Kind]) -> None:
        if broken:
            kinds = {str(kind): count for kind, count in broken.items()}
            self._telemetry.alarm("audit.chains_broken", day=day.isoformat(), findings=broken.total(), kinds=kinds)


async def read_anchor(lines: AsyncIterator[str], day: date, keyring: Keyring) -> Anchor:
    """
    The anchor that `lines` are, proved by its root. Raises AnchorBroken where it is none, or that of another day.

    In constant memory: the leaves are read and let go.
    """
    running: RunningAnchor | None = None
    ended: str | None = None
    async for line in lines:
        if running is None:
            running = RunningAnchor.begun(line, keyring)
        elif ended is not None:
            raise AnchorBroken("something stands behind its end")
        elif (leaf := leaf_in(line)) is not None:
            running.add(leaf)
        else:
            ended = line
    if running is None or ended is None:
        raise AnchorBroken("it has no end")
    anchor = running.ended()
    if anchor.end != ended or anchor.day != day:
        raise AnchorBroken("its root is not that of its leaves, or it is another day's")
    return anchor


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
