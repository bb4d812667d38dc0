"""Every batch that the repository sends to SQL Server, by what it is for: kept in batches/*.sql, to be read."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from pathlib import Path

from shared.database import sale_attempts
from shared.database.bank_files import SqlBankLedger
from shared.database.journal import EmbeddedJournal, SqlPostings, posting_rows
from shared.database.payments import SqlPayments
from shared.database.sqlserver_batch import SNAPSHOT, Batch, reading_batch, unit_batch
from shared.database.statements import first_by_top
from shared.database.unit_of_work import Query, Row, Statement
from shared.payments.bank_facts import KeptFact
from shared.payments.bank_files import parse
from shared.payments.beside import Received
from shared.payments.capture import capture_confirmed
from shared.payments.idempotency import Fingerprint, Nonce
from shared.payments.messages import Message, Queue
from shared.payments.networks import Network
from shared.payments.operations import OperationKind
from shared.payments.outcome import Unknown
from shared.payments.posting import postings_of
from shared.payments.sale_outcome import with_sale_outcome
from shared.payments.search import Search
from tests.bank_file_writer import a_fact, bytes_of
from tests.builders import CHAIN, NOW, a_submitted_payment, an_occasion, approved
from tests.payments.attempts import a_decline, an_attempt

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
        return [[(answer.parameters[0], "")] for answer in answers]

    async def read(self, queries: Sequence[Query]) -> list[list[Row]]:
        self.batches.append(reading_batch(queries, SNAPSHOT))
        return [[(0,)] if query.sql.startswith("SELECT COUNT") else [] for query in queries]

    async def ping(self) -> None: ...

    async def close(self) -> None: ...


async def batches() -> dict[str, Batch]:
    """Name -> batch. A new unit of work gets a line here; the test says when a text is new or changed."""
    engine = BatchesOnly()
    payments = SqlPayments(engine, first=first_by_top, chain=CHAIN)
    postings, journal = SqlPostings(engine, first=first_by_top), EmbeddedJournal(engine)
    bank, fact = SqlBankLedger(engine, first=first_by_top), a_fact()
    file = parse("a.csv", bytes_of([fact]))
    begun = a_submitted_payment()
    lost = with_sale_outcome(
        begun, Unknown("READ_TIMEOUT", "no"), occasion=an_occasion(NOW, inquire_at=NOW), actor="chase"
    )
    known = with_sale_outcome(
        begun, approved(captures_at=NOW), occasion=an_occasion(NOW, inquire_at=NOW), actor="chase"
    )
    assert lost is not None
    assert known is not None
    a_debit = an_attempt(network=Network.ACH, standing=True, fingerprints=PRINTS)
    captured = capture_confirmed(known, actor="chase", now=NOW)
    [posting] = postings_of(known, captured)
    again = Message(Queue.LEDGER_POSTING, {"paymentId": begun.id, "postingId": posting.id}, NOW, attempt=2)
    void = replace(known.sale, id="op_void", kind=OperationKind.VOID)
    everything = Search(frozenset({"city-water", "county-tax"}), "ctp", "INV-1", "attempt-1", "authorized", "pay_9", 20)
    calls: dict[str, Awaitable[object]] = {
        "begin_sale": payments.begin_sale(begun, PRINT, NONCE),
        "begin_sale_without_nonce": payments.begin_sale(begun, PRINT, None),
        "by_key": payments.by_key("ctp", "attempt-1", None),
        "refuse": payments.refuse(begun, PRINT, NONCE),
        "save_approved": payments.save(begun, known),
        "save_captured": payments.save(known, captured),
        "save_lost": payments.save(begun, lost),
        "save_new_operation": payments.save(known, replace(known, version=3, operations=(known.sale, void))),
        "get": payments.get("pay_1"),
        "find": payments.find(everything),
        "find_all": payments.find(Search(None, "ctp")),
        "abandoned": payments.abandoned(NOW, 50),
        "inquiries_due": payments.inquiries_due(NOW, 50),
        "schedule": payments.schedule(lost.sale, replace(lost.sale, inquiries=1)),
        "latest_approved": payments.latest_approved("998482157630"),
        "write_posting": engine.run(posting_rows([posting])),
        "get_posting": postings.get(posting.id),
        "post_to_journal": journal.post(posting),
        "posted": postings.posted(posting, NOW, Received("ledger_posting", "message-1")),
        "put_off_posting": postings.put_off(Received("ledger_posting", "message-1"), again, NOW),
        "unposted_older_than": postings.unposted_older_than(NOW, 50),
        "begin_sale_tried": payments.begin_sale(begun, PRINT, None, an_attempt(network=Network.UNIDENTIFIED)),
        "sale_attempt_of_a_bill": engine.run([sale_attempts.attempted(a_debit)]),
        "sale_declined": engine.run(sale_attempts.remembered(begun, a_decline())),
        "sale_attempt_lifted": engine.run([sale_attempts.lifted("op_1")]),
        "sale_attempt_purge": engine.run(sale_attempts.purge(NOW, ["k1", "k2"])),
        "sale_attempt_why_blocked": engine.read([sale_attempts.why_blocked(an_attempt(fingerprints=PRINTS))]),
        "bank_outcome_of": bank.outcome_of(file.sha256),
        "bank_refuse": bank.refuse(file.sha256, "a.csv", "line 1: write more", NOW),
        "bank_begin": bank.begin(file, NOW),
        "bank_keep": bank.keep(file.sha256, [fact], NOW),
        "bank_keep_contradiction": bank.keep_contradiction(file.sha256, fact, "another", NOW),
        "bank_finish": bank.finish(file.sha256, NOW),
        "bank_due": bank.due(NOW, 50),
        "bank_take": bank.take(KeptFact(fact, 0), NOW),
        "bank_applied": bank.applied(KeptFact(fact, 1), "pay_1", NOW),
        "bank_put_aside": bank.put_aside(KeptFact(fact, 1), None, "no payment", NOW),
        "bank_payment_ids": bank.payment_ids("b1f7c0de-0000-4000-8000-000000000001"),
        "bank_unsettled": bank.unsettled(NOW, 20),
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
