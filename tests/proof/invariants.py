"""
What must hold (payments.md §7), of our database against Chase's books. Each violation is one line of text.

At every moment: what was sent was written down before, and sent once; the books of each payment agree with its own
operations and history; nobody is charged twice; whoever is not finished has a next step. At rest: what Chase holds is
what we say, to the cent, and everything found out.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.database.invariant_questions import INVARIANTS
from shared.database.rows import HISTORY, payments_of
from shared.database.statements import whole
from shared.payments.audit import SEALED
from shared.payments.audit_verification import Head, SealedPayment, SealedRow, verify_payment
from shared.payments.ids import merchant_order_number
from shared.payments.inquiry import EMPTY_COUNTS_AFTER_S, OnNotFound
from shared.payments.operations import OperationKind, OperationState
from shared.payments.payment import Payment
from shared.payments.state_machine import OPEN_STATES, State
from tests.builders import KEYRING, NOW
from tests.proof.chase_desk import Fault, arrivals_in
from tests.proof.steady import left_alone, of_itself
from tests.proof.world import World

assert HISTORY[: len(SEALED)] == SEALED

# What no schedule may bring about while the database is there: an answer discarded, a fault of ours, a surprise.
_ALARMING: Final = re.compile(
    r".*(outcome_not_recorded|chase_client_failed|answer_contradicted|amount_mismatch|found_voided|failed)|message\..*"
)
_EXPECTED: Final = frozenset({"inquiry.positive_control_failed"})
_REFUND, _SALE = OperationKind.REFUND, OperationKind.SALE
_CAPTURED: Final = frozenset(
    {State.CAPTURED, State.SETTLED, State.PARTIALLY_REFUNDED, State.REFUNDED, State.RETURNED, State.CHARGED_BACK}
)

Charge = dict[str, Any]


def payments_in(world: World) -> list[Payment]:
    """All of them, read from the file itself."""
    everything = whole("SELECT id FROM payments", ())
    return list(payments_of(*(world.rows(query.sql) for query in everything)))


def violations_now(world: World, policy: OnNotFound) -> list[str]:
    """At any moment, the one after a crash included."""
    return _now(world, payments_in(world), _books(world), policy)


def _now(world: World, payments: list[Payment], books: list[Charge], policy: OnNotFound) -> list[str]:
    found = [
        *_sent_once(world, payments, policy),
        *_charged_once(world, books, payments),
        *_instruments(world, payments),
    ]
    for payment in payments:
        found += [f"{payment.id} {payment.state}: {what}" for what in (*of_itself(payment), *left_alone(payment))]
    return found


def violations_at_rest(world: World, policy: OnNotFound, fault: Fault) -> list[str]:
    """Once nothing is due any more. Where inquiries are blind for ever, what is unknown may stay so, and only that."""
    payments, books = payments_in(world), _books(world)
    found = _now(world, payments, books, policy)
    charges = {charge["requestId"]: charge for charge in books}
    for payment in payments:
        charge = charges.get(payment.sale.request_id)
        is_unclear = fault is Fault.BLIND and payment.unresolved is not None
        told = () if is_unclear else _agrees(payment, charge, world.clock.now())
        found += [f"{payment.id} {payment.state}: {what}" for what in told]
    return [*found, *_messages(world), *_audited(world), *_alarms(world), *_ledger(world), *_asked(world)]


def _books(world: World) -> list[Charge]:
    now = world.clock.now()
    books = world.chase.books
    return [charge.as_of(now).entry(books.refunds(charge.transaction_id)) for charge in books.approved()]


def _stands(charge: Charge) -> bool:
    """Whether Chase holds or has taken anything of it."""
    return not charge["voided"] and (charge["state"] == "AUTHORIZED" or charge["captured"] > charge["refunded"])


def _sent_once(world: World, payments: list[Payment], policy: OnNotFound) -> Iterator[str]:
    known = {operation.request_id for payment in payments for operation in payment.operations}
    last: dict[str, float] = {}
    for arrival in arrivals_in(world.arrivals):
        if arrival.request_id not in known:
            yield f"a {arrival.operation} was sent that is written down nowhere ({arrival.request_id})"
        before_s = last.get(arrival.request_id)
        last[arrival.request_id] = arrival.at_s
        if before_s is None:
            continue
        # A void is repeatable by nature; a policy may send again what was counted as not there. Both take their time.
        may_repeat = arrival.operation == "void" or policy is OnNotFound.RESEND_SAME_REQUEST_ID
        if not may_repeat or arrival.at_s - before_s < EMPTY_COUNTS_AFTER_S:
            yield f"a {arrival.operation} was sent again while nobody knew what had become of it"


def _charged_once(world: World, books: list[Charge], payments: list[Payment]) -> Iterator[str]:
    bill_of = {merchant_order_number(payment.id): payment.reference for payment in payments}
    for order, times in Counter(charge["merchantOrderNumber"] for charge in books).items():
        if times > 1:
            yield f"I1 {order} was charged {times} times"
        if order not in bill_of:
            yield f"I1 a charge of no payment of ours: {order}"
    yield from _charged_apart(world, books, payments)
    for charge in books:
        if charge["refunded"] > charge["captured"]:
            yield f"I2 Chase refunded {charge['refunded']} of {charge['captured']}"


def _charged_apart(world: World, books: list[Charge], payments: list[Payment]) -> Iterator[str]:
    """A bill may be charged under a second key, but not while the first payment for it was open."""
    held = {charge["requestId"] for charge in books if _stands(charge)}
    payment_of = {payment.sale.request_id: payment for payment in payments}
    closed_at: dict[str, datetime] = {}
    for arrival in arrivals_in(world.arrivals):
        payment = payment_of.get(arrival.request_id)
        if payment is None or arrival.request_id not in held:
            continue
        open_until = closed_at.get(payment.reference)
        if open_until is not None and NOW + timedelta(seconds=arrival.at_s) < open_until:
            yield f"I1 the bill {payment.reference} was charged again while its first payment was open"
        closed_at[payment.reference] = _closed_at(payment)


def _closed_at(payment: Payment) -> datetime:
    closing = (entry.at for entry in payment.history if entry.to_state not in OPEN_STATES)
    return next(closing, datetime.max.replace(tzinfo=UTC))


def _instruments(world: World, payments: list[Payment]) -> Iterator[str]:
    kept = {row[0] for row in world.rows("SELECT payment_id FROM instruments")}
    for payment in payments:
        if (payment.id in kept) != payment.instrument_kept:
            yield f"{payment.id}: the instrument's row and instrument_kept differ"
        if payment.instrument_kept and payment.state not in OPEN_STATES:
            yield f"{payment.id} {payment.state}: its instrument is still kept"


def _agrees(payment: Payment, charge: Charge | None, now: datetime) -> Iterator[str]:
    """The payment, once everything is found out, against what Chase holds."""
    operation = payment.unresolved
    if charge is None:
        if payment.state in _CAPTURED or payment.state in (State.AUTHORIZED, State.VOIDED):
            yield "Chase has no charge of it"
        return
    if operation is not None and operation.state is OperationState.UNKNOWN and operation.kind is _SALE:
        yield "a lost charge: Chase has it, and we still do not know"
    if payment.state in (State.RECEIVED, State.SUBMITTED, State.DECLINED, State.FAILED) and _stands(charge):
        yield f"a lost charge: Chase holds {charge['state']} {charge['captured']}"
    # A capture is asked about a little after its time.
    inquire_at = payment.sale.inquire_at
    is_to_be_asked = payment.state is State.AUTHORIZED and inquire_at is not None and inquire_at > now
    is_told = payment.state in (State.AUTHORIZED, State.VOIDED) and not is_to_be_asked
    if is_told and payment.state.upper() != charge["state"]:
        yield f"Chase has it {charge['state']}"
    yield from _agrees_on_money(payment, charge)


def _agrees_on_money(payment: Payment, charge: Charge) -> Iterator[str]:
    operation = payment.unresolved
    if payment.state in _CAPTURED and charge["captured"] != payment.captured_minor:
        yield f"{payment.captured_minor} counts as captured, and Chase captured {charge['captured']}"
    if charge["refunded"] == payment.refunded_minor:
        return
    known = {each.request_id: each for each in payment.operations if each.kind is _REFUND}
    for refund in charge["refunds"]:
        state = known[refund["requestId"]].state if refund["requestId"] in known else None
        if state is not OperationState.SUCCEEDED:
            yield f"a lost refund: Chase gave {refund['amount']} back, and it is {state} with us"
    if operation is None and charge["refunded"] < payment.refunded_minor:
        yield f"{payment.refunded_minor} counts as refunded, and Chase gave {charge['refunded']} back"


def _messages(world: World) -> Iterator[str]:
    now = world.clock.now().replace(tzinfo=None).isoformat(timespec="milliseconds")
    for (name,) in world.rows("SELECT id FROM outbox WHERE sent_at IS NULL AND due_at < ?", now):
        yield f"the message {name} was due and is not sent"
    for message_id, reason in world.rows("SELECT message_id, reason FROM set_aside"):
        yield f"the message {message_id} was set aside: {reason}"


def _audited(world: World) -> Iterator[str]:
    columns = ", ".join((*SEALED, "mac", "mac_key"))
    history = world.rows(f"SELECT {columns} FROM history ORDER BY payment_id, sequence")  # noqa: S608 - our names
    for payment_id, *head in world.rows("SELECT id, history_length, history_head, head_key FROM payments"):
        rows = tuple(SealedRow(row[: len(SEALED)], *row[len(SEALED) :]) for row in history if row[0] == payment_id)
        sealed = SealedPayment(payment_id, None if head[0] is None else Head(*head), rows)
        yield from (f"audit: {finding}" for finding in verify_payment(sealed, KEYRING))


def _asked(world: World) -> Iterator[str]:
    """`make invariants`, as production asks."""
    for invariant in INVARIANTS:
        query = invariant.query(world.clock.now())
        if not invariant.note and (rows := world.rows(query.sql, *query.parameters)):
            yield f"{invariant.name}: {rows}"


def _alarms(world: World) -> Iterator[str]:
    for name, told in world.telemetry.alarms:
        if _ALARMING.fullmatch(name) and name not in _EXPECTED:
            yield f"alarm {name} {told}"
    for name, told in world.telemetry.events:
        if name == "task.raised":
            yield f"event {name} {told}"


def _ledger(world: World) -> Iterator[str]:
    """I4, as far as postings are written: each balances, and together they are what the payment says was taken."""
    for posting_id, difference in world.rows(
        "SELECT posting_id, SUM(debit_minor) - SUM(credit_minor) FROM journal_entries GROUP BY posting_id"
        " HAVING SUM(debit_minor) <> SUM(credit_minor)"
    ):
        yield f"I4 the posting {posting_id} is out by {difference}"
    if not world.rows("SELECT 1 FROM ledger_postings LIMIT 1"):
        return
    columns = {"captured": "captured_minor", "refunded": "refunded_minor", "returned": "returned_minor"}
    for kind, column in columns.items():
        sql = (
            f"SELECT id, {column}, COALESCE((SELECT SUM(amount_minor) FROM ledger_postings"  # noqa: S608 - our names
            f" WHERE payment_id = payments.id AND kind = ?), 0) FROM payments"
        )
        for payment_id, counted, posted in world.rows(sql, kind):
            if counted != posted:
                yield f"I4 {payment_id}: {counted} is {kind}, and {posted} is posted"
