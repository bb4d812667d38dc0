"""
The books of what may be true: I1 to I8 of the money invariants, asked of our payments and of Chase's books.

Some hold always; some only while nothing is in flight; some only once everything has come to rest.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from shared.payments.ids import merchant_order_number
from shared.payments.inquiry import CONFIRM_CAPTURE_AFTER_S
from shared.payments.next_step import next_step
from shared.payments.operations import UNFINISHED, OperationKind, OperationState, Purpose
from shared.payments.payment import Operation, Payment
from shared.payments.state_machine import OPEN_STATES, TRANSITIONS, Event, State

Entry = Mapping[str, Any]

_NOTHING: Final[Entry] = {"amount": 0, "captured": 0, "refunded": 0, "voided": False, "refunds": []}
_ENDED: Final = frozenset({OperationState.SUCCEEDED, OperationState.DECLINED, OperationState.FAILED})


class Truth:
    """
    What has been seen so far, and what must follow from it.

    `doubted` are the payments of which a person said wrongly that Chase knew nothing: until that has been found out,
    payment and books may differ.
    """

    def __init__(self) -> None:
        self.doubted: set[str] = set()
        self._histories: dict[str, tuple[Any, ...]] = {}
        self._charged: dict[str, str] = {}

    def always(self, payments: Sequence[Payment], books: Sequence[Entry]) -> None:
        """After every step, whatever is in flight."""
        self._nobody_is_charged_twice(payments, books)
        for payment in payments:
            self._history_only_grows(payment)
            _amounts_hold(payment)
            _there_is_a_next_step(payment)
        _no_bill_is_open_twice(payments)

    def in_quiet(self, payments: Sequence[Payment], books: Sequence[Entry]) -> None:
        """While nobody is at work: what we know is what Chase knows, or is known to be unknown."""
        of_order = _by_order(books)
        for payment in payments:
            entry = of_order.get(merchant_order_number(payment.id))
            if payment.id not in self.doubted:
                _the_sale_agrees(payment, entry)
                _the_void_agrees(payment, entry or _NOTHING)
                _the_refunds_agree(payment, entry or _NOTHING)

    def at_rest(self, payments: Sequence[Payment], books: Sequence[Entry], now: datetime) -> None:
        """Once all is done that we do by ourselves, and a person has had the last word on the rest."""
        of_order = _by_order(books)
        for payment in payments:
            entry = of_order.get(merchant_order_number(payment.id)) or _NOTHING
            _all_has_ended(payment, now)
            _the_sale_agrees(payment, of_order.get(merchant_order_number(payment.id)))
            _the_void_agrees(payment, entry)
            _the_refunds_agree(payment, entry)
            _what_is_not_ours_was_given_back(payment, entry)

    def _nobody_is_charged_twice(self, payments: Sequence[Payment], books: Sequence[Entry]) -> None:
        """I1, I2, I7: one charge for a payment, under the request-id of its sale; refunds within the capture."""
        of_order = {merchant_order_number(payment.id): payment for payment in payments}
        charges = Counter(entry["merchantOrderNumber"] for entry in books)
        assert charges.keys() <= of_order.keys(), "Chase charged for a payment that we do not have"
        assert set(charges.values()) <= {1}, "a payment was charged twice"
        for entry in books:
            payment = of_order[entry["merchantOrderNumber"]]
            assert entry["requestId"] == payment.sale.request_id
            assert entry["environment"] == "live"
            assert entry["amount"] <= payment.amount.amount_minor
            assert entry["refunded"] <= entry["captured"] <= entry["amount"]
            known = Counter(operation.request_id for operation in payment.operations)
            refunds = Counter(refund["requestId"] for refund in entry["refunds"])
            assert refunds <= known, "a refund at Chase is no operation of ours, or was made twice"

    def _history_only_grows(self, payment: Payment) -> None:
        """I5, I8: the state is what the history's events make of it, by the table; nothing told is ever untold."""
        before, state = self._histories.get(payment.id, ()), State.RECEIVED
        assert payment.history[: len(before)] == before, "the history was changed"
        self._histories[payment.id] = payment.history
        for number, entry in enumerate(payment.history, 1):
            assert entry.sequence == number
            assert entry.from_state is state
            assert TRANSITIONS[state, Event(entry.event)] is entry.to_state
            state = entry.to_state
        assert state is payment.state


def _by_order(books: Sequence[Entry]) -> Mapping[str, Entry]:
    return {entry["merchantOrderNumber"]: entry for entry in books}


def _no_bill_is_open_twice(payments: Sequence[Payment]) -> None:
    bills = Counter((each.biller_id, each.reference) for each in payments if each.state in OPEN_STATES)
    assert set(bills.values()) <= {1}, "two open payments for one bill"


def _amounts_hold(payment: Payment) -> None:
    """I2, I3, whatever Chase says."""
    reserved = sum(
        operation.amount.amount_minor
        for operation in payment.operations
        if operation.kind is OperationKind.REFUND and operation.state not in _ENDED
    )
    refunded = sum(each.amount.amount_minor for each in _refunds(payment, OperationState.SUCCEEDED))
    assert payment.refund_reserved_minor == reserved
    assert payment.refunded_minor == refunded
    assert payment.refunded_minor + payment.refund_reserved_minor <= payment.captured_minor
    if payment.state is State.VOIDED:
        assert (payment.captured_minor, payment.refunded_minor) == (0, 0)


def _there_is_a_next_step(payment: Payment) -> None:
    """I6: what has not ended is ours at a time of its own, or its caller's to repeat, and `next` says so."""
    unresolved = [each for each in payment.operations if each.state not in _ENDED]
    assert len(unresolved) <= 1
    for operation in unresolved:
        assert next_step(payment) is not None
        if operation.state is OperationState.UNKNOWN:
            assert operation.inquire_at is not None, f"nobody asks about {operation.kind} {operation.id}"
        if operation.state is OperationState.QUEUED and operation.send_at is None:
            assert operation.kind is OperationKind.SALE
            assert payment.state is State.RECEIVED
    if payment.state is State.AUTHORIZED and not unresolved:
        assert payment.sale.inquire_at is not None, "nobody asks whether it was captured"


def _the_sale_agrees(payment: Payment, entry: Entry | None) -> None:
    """I1: a sale that succeeded is a charge, one that ended otherwise is none; of the rest nothing is claimed."""
    sale, undone = payment.sale, _undos(payment)
    if sale.state is OperationState.SUCCEEDED and not undone:
        assert entry is not None, "an approved sale is not in Chase's books"
        assert entry["transactionId"] == sale.transaction_id
        assert entry["amount"] == payment.amount.amount_minor
        if payment.captured_minor:
            assert entry["captured"] == payment.captured_minor
        else:
            assert payment.state in (State.AUTHORIZED, State.VOIDED)
    if sale.state in (OperationState.QUEUED, OperationState.DECLINED, OperationState.FAILED) and not undone:
        assert entry is None, f"a sale that is {sale.state} was charged"


def _the_void_agrees(payment: Payment, entry: Entry) -> None:
    """I3: voided is voided, on both sides."""
    unfinished = [each for each in _voids(payment) if each.state not in _ENDED]
    done = [each for each in _voids(payment) if each.state is OperationState.SUCCEEDED]
    if payment.state is State.VOIDED or (done and payment.sale.state is OperationState.SUCCEEDED):
        assert entry["voided"]
        assert (entry["captured"], entry["refunded"]) == (0, 0)
    if entry["voided"] and not unfinished:
        assert payment.state in (State.VOIDED, State.DECLINED, State.FAILED)


def _the_refunds_agree(payment: Payment, entry: Entry) -> None:
    """I2: what Chase gave back is what we say, or what we have reserved because we do not know."""
    unfinished = [each for each in _refunds(payment) if each.state in UNFINISHED]
    known = {refund["requestId"] for refund in entry["refunds"]}
    done = {each.request_id for each in _refunds(payment, OperationState.SUCCEEDED)}
    may_be = {each.request_id for each in unfinished}
    assert done <= known, "a refund that we call done is not in Chase's books"
    assert known <= done | may_be, "Chase made a refund that we call not done"
    assert entry["refunded"] <= payment.refunded_minor + payment.refund_reserved_minor


def _all_has_ended(payment: Payment, now: datetime) -> None:
    for operation in payment.operations:
        its_callers = operation.kind is OperationKind.SALE and payment.state is State.RECEIVED
        assert operation.state in _ENDED or its_callers, f"{operation.kind} is {operation.state} at rest"
    if payment.state is State.AUTHORIZED and payment.captures_at is not None:
        assert (now - payment.captures_at).total_seconds() < CONFIRM_CAPTURE_AFTER_S, "its capture was never confirmed"


def _what_is_not_ours_was_given_back(payment: Payment, entry: Entry) -> None:
    """A part of a bill, or a charge found late."""
    if payment.state in (State.DECLINED, State.FAILED):
        assert entry["voided"] or entry["refunded"] == entry["captured"] == entry["amount"]


def _undos(payment: Payment) -> list[Operation]:
    return [each for each in payment.operations if each.purpose is not Purpose.REQUESTED]


def _voids(payment: Payment) -> list[Operation]:
    return [each for each in payment.operations if each.kind is OperationKind.VOID]


def _refunds(payment: Payment, state: OperationState | None = None) -> list[Operation]:
    return [each for each in payment.operations if each.kind is OperationKind.REFUND and state in (None, each.state)]
