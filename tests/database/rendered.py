"""Every batch that the repository sends to SQL Server, by what it is for: kept in batches/*.sql, to be read."""

import asyncio
import re
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from shared.database import sale_attempts
from shared.database.audit import SqlAuditTrail
from shared.database.bank_files import SqlBankLedger
from shared.database.journal import EmbeddedJournal, SqlPostings, posting_rows
from shared.database.outbox import SqlMessages
from shared.database.payments import SqlPayments
from shared.database.rollout import SqlRollout
from shared.database.shadow import SqlShadow
from shared.database.shadow_evidence import SqlShadowEvidence
from shared.database.sqlserver_batch import SNAPSHOT, Batch, reading_batch, unit_batch
from shared.database.statements import first_by_top
from shared.database.unit_of_work import Query, Row, Statement
from shared.payments.anchor import Anchor, Leaf, Touched
from shared.payments.bank_facts import KeptFact
from shared.payments.bank_files import parse
from shared.payments.beside import Beside, Key, Received
from shared.payments.capture import capture_confirmed
from shared.payments.claims import Claim
from shared.payments.errors import PaymentUnresolved
from shared.payments.idempotency import Fingerprint, Nonce
from shared.payments.lifecycle import given_up, reclaimed
from shared.payments.messages import Message, Queue
from shared.payments.networks import Network
from shared.payments.operations import OperationKind
from shared.payments.outcome import NotSent, Unknown
from shared.payments.outgoing import messages_of
from shared.payments.posting import postings_of
from shared.payments.sale_outcome import with_sale_outcome
from shared.payments.sealed import SealedInstrument
from shared.payments.search import Search
from shared.shadow.document import Document, Mode, RolloutVersion, Rule
from shared.shadow.evidence import Stratum
from shared.shadow.gathered import Dealt
from shared.shadow.operations import mirrored, shadow_sale
from shared.shadow.pair import Control, ControlStatus
from shared.shadow.stored_decision import Asked, decided
from shared.shadow.substitution import substitute_request
from shared.shadow.verdicts import Comparison, Stage, Verdict
from tests.bank_file_writer import a_fact, bytes_of
from tests.builders import CHAIN, CITY_WATER, NOW, a_sale_request, a_submitted_payment, an_occasion, approved, sold
from tests.payments.attempts import a_decline, an_attempt

FOLDER = Path(__file__).parent / "batches"
PRINTS = (Fingerprint("k2", "b" * 64), Fingerprint("k1", "a" * 64))
PRINT, NONCE = Fingerprint("k1", "f" * 64), Nonce("ctp-1", "nonce-1", NOW)


_NONE = re.compile(r"FROM (outbox|payments|operations|history)\b")


class BatchesOnly:
    """An Engine that sends nothing."""

    round_trips = commits = connections_in_use = 0

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    async def run(self, statements: Sequence[Statement], *answers: Query) -> list[list[Row]]:
        self.batches.append(unit_batch(statements, answers))
        # Rows that a repository can take for what it asked, or no row at all.
        return [[] if _NONE.search(each.sql) else [(each.parameters[0], "")] for each in answers]

    async def read(self, queries: Sequence[Query]) -> list[list[Row]]:
        self.batches.append(reading_batch(queries, SNAPSHOT))
        return [[(0,)] if query.sql.startswith("SELECT COUNT") else [] for query in queries]

    async def ping(self) -> None: ...

    async def close(self) -> None: ...


async def claimed_by(payments: SqlPayments, claim: Claim) -> None:
    with suppress(IndexError):  # no payment comes back from an engine that sends nothing
        await payments.claim(claim)


async def decided_by(call: Awaitable[object]) -> None:
    with suppress(ValueError, IndexError, PaymentUnresolved):  # no row comes back from an engine that sends nothing
        await call


async def oldest_due(messages: SqlMessages) -> None:
    with suppress(ValueError):  # and no time
        await messages.oldest_due()


async def batches() -> dict[str, Batch]:
    """Name -> batch. A new unit of work gets a line here; the test says when a text is new or changed."""
    engine = BatchesOnly()
    payments = SqlPayments(engine, first=first_by_top, chain=CHAIN)
    messages = SqlMessages(engine, first=first_by_top)
    postings, journal = SqlPostings(engine, first=first_by_top), EmbeddedJournal(engine)
    trail = SqlAuditTrail(engine, first=first_by_top)
    rollout = SqlRollout(engine, first=first_by_top)
    evidence = SqlShadowEvidence(engine, first=first_by_top)
    shadow = SqlShadow(engine, first=first_by_top, chain=CHAIN, new_id=lambda: "loss-1")
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
    asked = Asked("ctp", "attempt-1", "city-water", "card", "INV-1")
    live = decided(asked, Mode.LIVE, why="inside_percentage", config_version=7, now=NOW)
    off = decided(asked, Mode.OFF, why="given_up", config_version=7, now=NOW)
    version = RolloutVersion(8, Document((Rule("*", "*", Mode.LIVE, 10),)), NOW, "operator", "ten percent")
    test = replace(CITY_WATER, merchant_id="998482157640", shadow=True)
    in_shadow = shadow_sale(
        request := substitute_request(a_sale_request()),
        begun.method,
        test,
        payment_id="pay_s",
        operation_id="op_s",
        caller="ctp",
        idempotency_key="attempt-s",
        now=NOW,
    )
    control = Control(ControlStatus.APPROVED, "00", 125_99, 640, "ch_123")
    taken = mirrored(in_shadow, in_shadow.sale, sequence=1, request=request, control=control)
    next_one = replace(taken, id="op_v", kind=OperationKind.VOID, request=None, control=None, reason="a mistake")
    next_message = Message(Queue.SHADOW_MIRROR, {"paymentId": "pay_s", "operationId": "op_v"}, NOW)
    comparison = Comparison(Stage.FIRST, Verdict.MATCH, None, ())
    calls: dict[str, Awaitable[object]] = {
        "begin_sale": payments.begin_sale(begun, PRINT, NONCE),
        "begin_sale_without_nonce": payments.begin_sale(begun, PRINT, None),
        "by_key": payments.by_key("ctp", "attempt-1", None),
        "refuse": payments.refuse(begun, PRINT, NONCE),
        "save_approved": payments.save(begun, known),
        "save_captured": payments.save(known, captured),
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
        "begin_sale_under_a_decision": payments.begin_sale(begun, PRINT, NONCE, None, asked),
        "begin_sale_with_its_decision": payments.begin_sale(begun, PRINT, NONCE, None, live),
        "rollout_versions": rollout.versions(50),
        "rollout_add_version": rollout.add_version(version, NONCE),
        "rollout_decision": rollout.decision("ctp", "attempt-1"),
        "rollout_decide": decided_by(rollout.decide(live, NONCE)),
        "rollout_give_up": decided_by(rollout.give_up(off, NONCE)),
        "rollout_expire": decided_by(rollout.expire(asked, NOW)),
        "evidence_pairs": evidence.pairs(NOW),
        "evidence_losses": evidence.losses(NOW.date()),
        "evidence_arms": decided_by(evidence.arms([Dealt(("city-water", "card"), NOW, NOW)])),
        "evidence_outcomes": evidence.outcomes([NOW]),
        "shadow_begin": shadow.begin(in_shadow, taken, PRINT, NONCE, None),
        "shadow_begin_with_its_decision": shadow.begin(in_shadow, taken, PRINT, None, replace(off, why="no_rule")),
        "shadow_follow": shadow.follow(next_one, "void-s", PRINT, NONCE, next_message),
        "shadow_report": shadow.report("op_s", control, NONCE, NOW),
        "shadow_get": shadow.get("op_s"),
        "shadow_of_payment": shadow.of_payment("pay_s"),
        "shadow_request": shadow.request("pay_s"),
        "shadow_due": shadow.due(NOW, 500),
        "shadow_looked_at": shadow.looked_at("op_s", waiting=True, compare_at=NOW),
        "shadow_compared": shadow.compared("op_s", comparison, NOW, None),
        "shadow_waiting": shadow.waiting(),
        "shadow_lose": shadow.lose({Stratum("city-water", "card", "sale"): 3}, NOW),
        "shadow_coverage": decided_by(shadow.coverage(NOW)),
        "audit_payments": trail.payments("", 200),
        "audit_touched": trail.touched(Touched(NOW, NOW), 100),
        "audit_touched_further": trail.touched(Touched(NOW, NOW, ("2026-11-23T18:00:00.000", "pay_1")), 100),
        "audit_orphans": trail.orphans("", 200),
        "audit_standing": trail.standing([Leaf("pay_1", 2, "a" * 64), Leaf("pay_2", 1, "b" * 64)]),
        "audit_anchors": trail.anchors(),
        "audit_add_anchor": trail.add_anchor(Anchor(NOW.date(), 2, 3, "c" * 64, "a1"), NOW),
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
