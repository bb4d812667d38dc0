"""Every payment's chain and every anchor, verified: what `make audit-verify` runs. It writes nothing."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Final

from shared.payments.anchor import Anchor, AnchorBroken, Leaf, leaf_in, verify_leaf
from shared.payments.audit import Keyring
from shared.payments.audit_verification import Finding, Kind, verify_payment
from shared.use_cases.audit_anchor import read_anchor
from shared.use_cases.audit_ports import AnchorStore, AuditTrail

PAGE: Final = 200


class AuditVerification:
    """
    One run. `payments`, `entries` and `anchors` count what was verified so far.

    `store` is None where no anchors are kept: then a payment that is gone with its whole history cannot be missed.
    """

    def __init__(self, trail: AuditTrail, store: AnchorStore | None, keyring: Keyring, *, page: int = PAGE) -> None:
        self._trail, self._store, self._keyring, self._page = trail, store, keyring, page
        self.payments = self.entries = self.anchors = 0

    async def findings(self) -> AsyncIterator[Finding]:
        """
        All that is wrong, as it is found, in constant memory: a page of payments or of leaves at a time.

        Raises AnchorStoreUnavailable, or what the database raises.
        """
        async for finding in self._chains():
            yield finding
        async for finding in self._orphans():
            yield finding
        if self._store is not None:
            async for finding in self._anchors(self._store):
                yield finding

    async def _chains(self) -> AsyncIterator[Finding]:
        after = ""
        while page := await self._trail.payments(after, self._page):
            for payment in page:
                self.payments += 1
                self.entries += len(payment.rows)
                for finding in verify_payment(payment, self._keyring):
                    yield finding
            after = page[-1].id

    async def _orphans(self) -> AsyncIterator[Finding]:
        after = ""
        while page := await self._trail.orphans(after, self._page):
            for payment_id in page:
                yield Finding(Kind.ORPHANED, payment_id)
            after = page[-1]

    async def _anchors(self, store: AnchorStore) -> AsyncIterator[Finding]:
        copies = {anchor.day: anchor for anchor in await self._trail.anchors()}
        kept = await store.days()
        for day in sorted({*copies, *kept}):
            self.anchors += 1
            if day not in kept or day not in copies:
                yield Finding(Kind.ANCHOR_MISSING, day=day)
            if day not in kept:
                continue
            anchor = await self._read(store, day)
            if anchor is None or copies.get(day, anchor) != anchor:
                yield Finding(Kind.ANCHOR_EDITED, day=day)
            if anchor is not None:
                async for finding in self._leaves(store.lines(day), day):
                    yield finding

    async def _read(self, store: AnchorStore, day: date) -> Anchor | None:
        try:
            return await read_anchor(store.lines(day), day, self._keyring)
        except AnchorBroken:
            return None

    async def _leaves(self, lines: AsyncIterator[str], day: date) -> AsyncIterator[Finding]:
        """Of a text that was read whole before: a head, leaves, an end."""
        page: list[Leaf] = []
        await anext(lines)
        async for line in lines:
            leaf = leaf_in(line)
            page += [] if leaf is None else [leaf]
            if leaf is None or len(page) == self._page:
                for finding in await self._judged(page, day):
                    yield finding
                page = []

    async def _judged(self, leaves: list[Leaf], day: date) -> list[Finding]:
        there = await self._trail.standing(leaves)
        judged = ((leaf, verify_leaf(leaf, there[leaf.payment_id])) for leaf in leaves)
        return [Finding(kind, leaf.payment_id, leaf.length, day) for leaf, kind in judged if kind is not None]
