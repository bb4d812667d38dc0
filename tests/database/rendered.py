"""Every batch that the repository sends to SQL Server, by what it is for: kept in batches/*.sql, to be read."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from shared.database import sale_attempts
from shared.database.journal import EmbeddedJournal, SqlPostings, posting_rows
from shared.database.outbox import SqlMessages
from shared.database.payments import SqlPayments
from shared.database.sqlserver_batch import SNAPSHOT, Batch, reading_batch, unit_batch
from shared.database.statements import first_by_top
from shared.database.unit_of_work import Query, Row, Statement
from shared.payments.beside import Beside, Key, Received
from shared.payments.claims import Claim
from shared.payments.idempotency import Fingerprint, Nonce
from shared.payments.lifecycle import given_up, reclaimed
from shared.payments.messages import Queue
from shared.payments.networks import Network
from shared.payments.operations import OperationKind
from shared.payments.outcome import NotSent, Unknown
from shared.payments.outgoing import messages_of
from shared.payments.posting import postings_of
from shared.payments.sale_attempts import ending_of_return
from shared.payments.sale_outcome import with_sale_outcome
from shared.payments.sealed import SealedInstrument
from shared.payments.search import Search
from tests.builders import NOW, a_submitted_payment, an_occasion, approved, sold
from tests.payments.attempts import an_attempt

FOLDER = Path(__file__).parent / "batches"
PRINTS = (Fingerprint("k2", "b" * 64), Fingerprint("k1", "a" * 64))
PRINT, NONCE = Fingerprint("k1", "f" * 64), Nonce("ctp-1", "nonce-1", NOW)


class BatchesOnly:
    """An Engine that sends nothing."""

    round_trips = commits = connections_in_use = 0

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    async def run(self, statements: Sequence[Statement], *answers: Query) -> list[list[Row]]:
        self.batches.append(unit_batch(statements, answers))
        # Rows that a repository can take for what it asked: a refusal's payment, or no row at all.
        return [[] if "FROM outbox" in each.sql else [("pay_1",)] for each in answers]

    async def read(self, queries: Sequence[Query]) -> list[list[Row]]:
        self.batches.append(reading_batch(queries, SNAPSHOT))
        return [[] for _ in queries]

    async def ping(self) -> None: ...

    async def close(self) -> None: ...


async def claimed_by(payments: SqlPayments, claim: Claim) -> None:
    with suppress(IndexError):  # no payment comes back from an engine that sends nothing
        await payments.claim(claim)


async def oldest_due(messages: SqlMessages) -> None:
    with suppress(ValueError):  # and no time
        await messages.oldest_due()


async def batches() -> dict[str, Batch]:
    """Name -> batch. A new unit of work gets a line here; the test says when a text is new or changed."""
    engine = BatchesOnly()
    payments = SqlPayments(engine, first=first_by_top)
    messages = SqlMessages(engine, first=first_by_top)
    postings, journal = SqlPostings(engine, first=first_by_top), EmbeddedJournal(engine)
    begun = a_submitted_payment()
    lost = with_sale_outcome(
        begun, Unknown("READ_TIMEOUT", "no"), occasion=an_occasion(NOW, inquire_at=NOW), actor="chase"
    )
    known = with_sale_outcome(
        begun, approved(captures_at=NOW), occasion=an_occasion(NOW, inquire_at=NOW), actor="chase"
    )
    assert lost is not None
    assert known is not None
    [posting] = postings_of(begun, known)
    void = replace(known.sale, id="op_void", kind=OperationKind.VOID)
    queued = with_sale_outcome(begun, NotSent("NOT_CONNECTED", "no"), occasion=an_occasion(), actor="chase", queue=True)
    assert queued is not None
    sealed = SealedInstrument("k1", "c2VhbGVk")
    sent = reclaimed(queued, queued.sale, actor="chase_retry", now=NOW)
    [waiting] = messages_of(begun, queued, ())
    voided = Claim(
        kind=OperationKind.VOID,
        payment_id=begun.id,
        operation_id="op_void",
        request_id="request-of-the-void",
        billers=frozenset({"city-water", "county-tax"}),
        caller="ctp",
        idempotency_key="void-1",
        fingerprint=PRINT,
        nonce=NONCE,
        reason="the payer asked for it",
        now=NOW,
        captures_after=NOW,
    )
    refunded = replace(voided, kind=OperationKind.REFUND, billers=None, nonce=None)
    key = Key("ctp", "void-1", PRINT, void)
    everything = Search(frozenset({"city-water", "county-tax"}), "ctp", "INV-1", "attempt-1", "authorized", "pay_9", 20)
    calls: dict[str, Awaitable[object]] = {
        "begin_sale": payments.begin_sale(begun, PRINT, NONCE),
        "begin_sale_without_nonce": payments.begin_sale(begun, PRINT, None),
        "by_key": payments.by_key("ctp", "attempt-1", None),
        "refuse": payments.refuse(begun, PRINT, NONCE),
        "save_approved": payments.save(begun, known),
        "save_lost": payments.save(begun, lost),
        "save_new_operation": payments.save(known, replace(known, version=3, operations=(known.sale, void))),
        "save_queued": payments.save(begun, queued, Beside(sealed=sealed)),
        "save_sent_by_a_message": payments.save(queued, sent, Beside(message=Received("chase_retry", waiting.id))),
        "save_ended": payments.save(sent, sold(sent, approved(captures_at=NOW))),
        "save_given_up": payments.save(queued, given_up(queued, void, now=NOW), Beside(key=key, nonce=NONCE)),
        "claim_void": claimed_by(payments, voided),
        "claim_refund": claimed_by(payments, replace(refunded, amount_minor=60)),
        "claim_refund_of_all": claimed_by(payments, refunded),
        "get": payments.get("pay_1"),
        "find": payments.find(everything),
        "find_all": payments.find(Search(None, "ctp")),
        "abandoned": payments.abandoned(NOW, 50),
        "inquiries_due": payments.inquiries_due(NOW, 50),
        "schedule": payments.schedule(lost.sale, replace(lost.sale, inquiries=1)),
        "latest_approved": payments.latest_approved("998482157630"),
        "latest_refunded": payments.latest_refunded("998482157630"),
        "overdue": payments.overdue(NOW, 50),
        "sealed_instrument": payments.sealed_instrument("pay_1"),
        "outbox_take_due": messages.take_due(NOW, 200, claim="op_9", until=NOW),
        "outbox_mark_sent": messages.mark_sent([waiting, waiting], NOW),
        "outbox_oldest_due": oldest_due(messages),
        "set_aside": messages.set_aside(Queue.CHASE_RETRY, "m-1", "{}", "is not JSON", NOW),
        "write_posting": engine.run(posting_rows([posting])),
        "get_posting": postings.get(posting.id),
        "post_to_journal": journal.post(posting),
        "posted": engine.run([postings.posted(posting, NOW)]),
        "unposted_older_than": postings.unposted_older_than(NOW, 50),
        "sale_attempt": engine.run(sale_attempts.attempt(an_attempt(network=Network.UNIDENTIFIED))),
        "sale_attempt_of_a_bill": engine.run(sale_attempts.attempt(an_attempt(network=Network.ACH, standing=True))),
        "sale_attempt_again": engine.run(sale_attempts.again(an_attempt(fingerprints=PRINTS))),
        "sale_attempt_ended": engine.run([sale_attempts.ended("op_1", ending_of_return("R01", NOW))]),
        "sale_attempt_lifted": engine.run([sale_attempts.lifted("op_1")]),
        "sale_attempt_purge": engine.run(sale_attempts.purge(NOW, ["k1", "k2"])),
        "sale_attempt_why_blocked": engine.read([sale_attempts.why_blocked(an_attempt(fingerprints=PRINTS))]),
    }
    made = {}
    for name, call in calls.items():
        await call
        [made[name]] = engine.batches
        engine.batches.clear()
    return made


if __name__ == "__main__":  # python -m tests.database.rendered: write them anew, then read the difference
    for name, batch in asyncio.run(batches()).items():
        (FOLDER / f"{name}.sql").write_text(batch.sql + "\n", encoding="utf-8")
