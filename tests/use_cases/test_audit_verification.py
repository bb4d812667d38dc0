"""The verifier, on a real database and a real directory: what somebody changed is found."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from shared.use_cases.audit_verification import AuditVerification
from tests.builders import KEYRING, NOW
from tests.use_cases.audited import YESTERDAY, Audit


class TestTheVerifier:
    async def test_finds_nothing_where_nothing_is(self, audit: Audit) -> None:
        assert await audit.found() == []

    async def test_counts_what_it_verified(self, audit: Audit) -> None:
        await audit.sold(1)
        await audit.begun(2)
        await audit.anchored()
        run = AuditVerification(audit.trail, audit.store, KEYRING)

        assert [finding async for finding in run.findings()] == []
        assert (run.payments, run.entries, run.anchors) == (2, 3, 1)

    async def test_takes_a_payment_that_grew_since_its_anchor_as_it_is(self, audit: Audit) -> None:
        payment = await audit.begun()
        await audit.anchored()
        await audit.grown(payment)

        assert await audit.found() == []

    @pytest.mark.parametrize(
        ("statements", "told"),
        [
            (["UPDATE history SET to_state = 'captured' WHERE sequence = 2"], ["edited ID sequence 2"]),
            (["DELETE FROM history WHERE sequence = 1"], ["missing ID sequence 1"]),
            (
                ["DELETE FROM history WHERE sequence = 2"],
                ["cut_tail ID sequence 2", "anchor-shortened"],
            ),
            (
                ["DELETE FROM history WHERE sequence = 2", "UPDATE payments SET history_length = 1"],
                ["head_mismatch ID sequence 1", "anchor-shortened"],
            ),
            (["UPDATE payments SET history_head = NULL, history_length = NULL"], ["head_mismatch ID sequence 2"]),
            (["UPDATE history SET mac_key = 'a2' WHERE sequence = 1"], ["unknown_key ID sequence 1"]),
        ],
    )
    async def test_tells_what_was_done_to_a_payment(self, audit: Audit, statements: list[str], told: list[str]) -> None:
        payment = await audit.sold()
        await audit.anchored()

        audit.tampered(*statements)

        shortened = f"shortened anchor 2026-11-23 {payment.id} sequence 2"
        assert await audit.found() == [
            line.replace("ID", payment.id).replace("anchor-shortened", shortened) for line in told
        ]

    async def test_tells_a_payment_that_is_gone_with_all_its_history(self, audit: Audit) -> None:
        gone, stays = await audit.sold(1), await audit.sold(2)
        await audit.anchored()

        for table in ("history WHERE payment_id", "operations WHERE payment_id", "payments WHERE id"):
            audit.tampered(f"DELETE FROM {table} = ?", values=(gone.id,))  # noqa: S608 - our own tables

        assert await audit.found() == [f"missing_payment anchor 2026-11-23 {gone.id} sequence 2"]
        assert await audit.found(anchors=False) == []
        assert await audit.payments.get(stays.id) is not None

    async def test_tells_history_whose_payment_is_gone(self, audit: Audit) -> None:
        payment = await audit.sold()

        audit.tampered("DELETE FROM payments WHERE id = ?", values=(payment.id,))

        assert await audit.found() == [f"orphaned {payment.id}"]

    async def test_tells_a_payment_put_back_to_an_earlier_state_of_its_own(self, audit: Audit) -> None:
        begun = await audit.begun()
        with closing(sqlite3.connect(audit.path)) as db:
            [before] = db.execute("SELECT history_length, history_head FROM payments").fetchall()
        await audit.grown(begun)
        await audit.anchored()

        audit.tampered("DELETE FROM history WHERE sequence = 2")
        audit.tampered("UPDATE payments SET history_length = ?, history_head = ?", values=before)

        assert await audit.found(anchors=False) == []
        assert await audit.found() == [f"shortened anchor 2026-11-23 {begun.id} sequence 2"]

    async def test_tells_a_history_written_anew_with_a_stolen_key(self, audit: Audit) -> None:
        """Whoever has a key too can seal anything, but not what was anchored before."""
        payment = await audit.sold()
        await audit.anchored()
        for table in ("history", "operations", "payments", "idempotency_keys"):
            audit.tampered(f"DELETE FROM {table}")  # noqa: S608 - our own tables

        await audit.sold(at=NOW + timedelta(seconds=1))

        assert await audit.found() == [f"rewritten anchor 2026-11-23 {payment.id} sequence 2"]

    async def test_tells_an_anchor_that_the_database_or_the_store_lacks(self, audit: Audit) -> None:
        await audit.sold()
        await audit.anchored()
        audit.file().rename(audit.file(YESTERDAY))

        assert await audit.found() == [
            "anchor_missing anchor 2026-11-22",
            "anchor_edited anchor 2026-11-22",
            "anchor_missing anchor 2026-11-23",
        ]

    async def test_still_reads_an_anchor_that_the_database_lacks(self, audit: Audit) -> None:
        payment = await audit.sold()
        await audit.anchored()
        audit.tampered("DELETE FROM audit_anchors", "DELETE FROM history WHERE sequence = 2")

        assert f"shortened anchor 2026-11-23 {payment.id} sequence 2" in await audit.found()

    @pytest.mark.parametrize("column", ["root = 'other'", "payments = 7", "entries = 7", "root_key = 'a2'"])
    async def test_tells_an_anchor_that_was_changed_in_the_database(self, audit: Audit, column: str) -> None:
        await audit.sold()
        await audit.anchored()

        audit.tampered(f"UPDATE audit_anchors SET {column}")  # noqa: S608 - our own columns

        assert await audit.found() == ["anchor_edited anchor 2026-11-23"]

    async def test_tells_an_anchor_that_was_changed_in_the_store(self, audit: Audit) -> None:
        await audit.sold()
        await audit.anchored()

        audit.rewritten(lambda lines: [lines[0], lines[-1]])

        assert await audit.found() == ["anchor_edited anchor 2026-11-23"]
