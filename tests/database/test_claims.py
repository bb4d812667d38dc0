"""The claim of a void or refund: one conditional write, without a look first, that the database alone decides."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.database.payments import SqlPayments
from shared.payments.claims import Claim
from shared.payments.errors import ChangedMeanwhile, KeyTaken, Unauthenticated
from shared.payments.idempotency import Fingerprint, Nonce
from shared.payments.ids import chase_request_id
from shared.payments.operations import OperationKind, OperationState, Purpose
from shared.payments.outcome import Declined, NotSent, Outcome, TransactionState, Unknown
from shared.payments.payment import Payment
from shared.payments.state_machine import State
from tests.builders import NOW, a_submitted_payment, approved, sold

PRINT = Fingerprint("k1", "f" * 64)
NONCE = Nonce("ctp-1", "nonce-1", NOW)
VOID, REFUND = OperationKind.VOID, OperationKind.REFUND
CAPTURES_AT = NOW + timedelta(hours=2)
AUTHORIZED = approved(100, captures_at=CAPTURES_AT)
CAPTURED = approved(100, TransactionState.CLOSED)


async def stored(payments: SqlPayments, outcome: Outcome | None, number: int = 1, **changed: Any) -> Payment:
    payment = replace(a_submitted_payment(100, number=number, reference=f"INV-{number}"), **changed)
    await payments.begin_sale(payment, PRINT, None)
    if outcome is None:
        return payment
    after = sold(payment, outcome)
    await payments.save(payment, after)
    return after


def a_claim(payment: Payment, kind: OperationKind, number: int = 50, **changed: Any) -> Claim:
    now = changed.pop("now", NOW)
    usual: dict[str, Any] = {
        "kind": kind,
        "payment_id": payment.id,
        "operation_id": f"op_{number:032x}",
        "request_id": chase_request_id(f"op_{number:032x}"),
        "billers": frozenset({"city-water"}),
        "caller": "ctp",
        "idempotency_key": f"claim-{number}",
        "fingerprint": PRINT,
        "nonce": None,
        "reason": "the payer asked for it",
        "now": now,
        "captures_after": now + timedelta(seconds=60),
    }
    return Claim(**{**usual, **changed})


async def refused(payments: SqlPayments, claim: Claim) -> None:
    """It is refused, and nothing of it is stored: neither its key nor its operation, nor a reservation."""
    before = await payments.get(claim.payment_id)

    with pytest.raises(ChangedMeanwhile):
        await payments.claim(claim)

    assert await payments.get(claim.payment_id) == before
    assert await payments.by_key(claim.caller, claim.idempotency_key, None) is None


class TestAVoid:
    async def test_of_an_authorization_is_submitted_for_the_whole_of_it(self, payments: SqlPayments) -> None:
        authorized = await stored(payments, AUTHORIZED)
        claim = a_claim(authorized, VOID)

        payment = await payments.claim(claim)

        void = payment.operation(claim.operation_id)
        assert (void.kind, void.state, void.amount, void.attempts) == (
            VOID,
            OperationState.SUBMITTED,
            authorized.amount,
            1,
        )
        assert (void.actor, void.reason, void.purpose) == ("ctp", "the payer asked for it", Purpose.REQUESTED)
        assert (void.created_at, void.claimed_at, void.request_id) == (NOW, NOW, claim.request_id)
        assert (payment.version, payment.state) == (authorized.version + 1, State.AUTHORIZED)
        assert payment.history == authorized.history
        assert payment == await payments.get(payment.id)

    @pytest.mark.parametrize(("before_s", "possible"), [(61, True), (60, False), (0, False)])
    async def test_crosses_no_capture(self, payments: SqlPayments, before_s: int, possible: bool) -> None:
        authorized = await stored(payments, AUTHORIZED)
        claim = a_claim(authorized, VOID, now=CAPTURES_AT - timedelta(seconds=before_s))

        if possible:
            assert (await payments.claim(claim)).unresolved
        else:
            await refused(payments, claim)

    async def test_of_an_authorization_whose_capture_is_not_known_is_possible(self, payments: SqlPayments) -> None:
        authorized = await stored(payments, AUTHORIZED)
        timeless = replace(authorized, version=authorized.version + 1, captures_at=None)
        await payments.save(authorized, timeless)

        assert (await payments.claim(a_claim(authorized, VOID))).unresolved

    @pytest.mark.parametrize(
        "outcome",
        [None, Unknown("LOST", "no answer"), NotSent("BREAKER_OPEN", "no"), Declined("NO", "no"), CAPTURED],
        ids=["submitted", "unknown", "received", "declined", "captured"],
    )
    async def test_of_anything_else_is_refused(self, payments: SqlPayments, outcome: Outcome | None) -> None:
        await refused(payments, a_claim(await stored(payments, outcome), VOID))


class TestARefund:
    async def test_reserves_its_amount(self, payments: SqlPayments) -> None:
        captured = await stored(payments, CAPTURED)

        payment = await payments.claim(a_claim(captured, REFUND, amount_minor=60))

        assert (payment.refund_reserved_minor, payment.operations[-1].amount.amount_minor) == (60, 60)
        assert payment.operations[-1].kind is REFUND

    async def test_of_all_that_is_left_is_of_just_that(self, payments: SqlPayments) -> None:
        captured = await stored(payments, CAPTURED)
        spent = replace(captured, version=captured.version + 1, refunded_minor=20, charged_back_minor=5)
        spent = replace(spent, state=State.PARTIALLY_REFUNDED, returned_minor=7)
        await payments.save(captured, spent)

        payment = await payments.claim(a_claim(captured, REFUND))

        assert (payment.refund_reserved_minor, payment.operations[-1].amount.amount_minor) == (68, 68)

    @pytest.mark.parametrize("amount_minor", [101, 10**10])
    async def test_of_more_than_is_left_is_refused(self, payments: SqlPayments, amount_minor: int) -> None:
        await refused(payments, a_claim(await stored(payments, CAPTURED), REFUND, amount_minor=amount_minor))

    @pytest.mark.parametrize("amount_minor", [None, 1])
    async def test_of_nothing_left_is_refused(self, payments: SqlPayments, amount_minor: int | None) -> None:
        captured = await stored(payments, CAPTURED)
        gone = replace(captured, version=captured.version + 1, refunded_minor=40, returned_minor=60)
        await payments.save(captured, gone)

        await refused(payments, a_claim(captured, REFUND, amount_minor=amount_minor))

    @pytest.mark.parametrize("amount_minor", [None, 60])
    async def test_of_a_bank_debit_on_hold_is_refused_until_it_is_over(
        self, payments: SqlPayments, amount_minor: int | None
    ) -> None:
        held_until = NOW + timedelta(days=4)
        held = await stored(payments, CAPTURED, refundable_from=held_until)
        early = held_until - timedelta(milliseconds=1)

        await refused(payments, a_claim(held, REFUND, amount_minor=amount_minor, now=early))
        assert (await payments.claim(a_claim(held, REFUND, amount_minor=amount_minor, now=held_until))).unresolved

    @pytest.mark.parametrize("amount_minor", [None, 60])
    @pytest.mark.parametrize("outcome", [None, AUTHORIZED, Declined("NO", "no")])
    async def test_of_what_was_not_captured_is_refused(
        self, payments: SqlPayments, outcome: Outcome | None, amount_minor: int | None
    ) -> None:
        await refused(payments, a_claim(await stored(payments, outcome), REFUND, amount_minor=amount_minor))

    @pytest.mark.parametrize("state", [State.RETURNED, State.CHARGED_BACK, State.REFUNDED])
    async def test_of_what_the_bank_took_back_is_refused(self, payments: SqlPayments, state: State) -> None:
        captured = await stored(payments, CAPTURED)
        await payments.save(captured, replace(captured, version=captured.version + 1, state=state))

        await refused(payments, a_claim(captured, REFUND, amount_minor=1))


class TestEitherKind:
    @pytest.mark.parametrize(("outcome", "kind"), [(AUTHORIZED, VOID), (CAPTURED, REFUND)])
    async def test_is_refused_while_another_operation_has_not_ended(
        self, payments: SqlPayments, outcome: Outcome, kind: OperationKind
    ) -> None:
        payment = await stored(payments, outcome)
        await payments.claim(a_claim(payment, kind, 50, amount_minor=10))

        await refused(payments, a_claim(payment, kind, 51, amount_minor=10))

    @pytest.mark.parametrize("waiting", [OperationState.QUEUED, OperationState.UNKNOWN])
    async def test_is_refused_while_another_waits_or_is_unknown(
        self, payments: SqlPayments, waiting: OperationState
    ) -> None:
        payment = await stored(payments, CAPTURED)
        claimed = await payments.claim(a_claim(payment, REFUND, 50, amount_minor=10))
        operations = (claimed.sale, replace(claimed.operations[-1], state=waiting))
        await payments.save(claimed, replace(claimed, version=claimed.version + 1, operations=operations))

        await refused(payments, a_claim(payment, REFUND, 51, amount_minor=10))

    @pytest.mark.parametrize("billers", [frozenset[str](), frozenset({"county-tax", "gas-works"})])
    async def test_of_somebody_elses_biller_is_refused(self, payments: SqlPayments, billers: frozenset[str]) -> None:
        payment = await stored(payments, AUTHORIZED)

        await refused(payments, a_claim(payment, VOID, billers=billers))

    @pytest.mark.parametrize("billers", [None, frozenset({"county-tax", "city-water"})])
    async def test_of_an_own_biller_is_possible(self, payments: SqlPayments, billers: frozenset[str] | None) -> None:
        payment = await stored(payments, AUTHORIZED)

        assert (await payments.claim(a_claim(payment, VOID, billers=billers))).unresolved

    @pytest.mark.parametrize(("outcome", "kind"), [(AUTHORIZED, VOID), (CAPTURED, REFUND)])
    async def test_of_a_payment_in_shadow_is_refused(
        self, payments: SqlPayments, outcome: Outcome, kind: OperationKind
    ) -> None:
        await refused(payments, a_claim(await stored(payments, outcome, mode="shadow"), kind))

    async def test_of_a_payment_that_nobody_made_is_refused(self, payments: SqlPayments) -> None:
        await refused(payments, a_claim(a_submitted_payment(100), VOID))

    async def test_takes_its_key_whatever_else_is_wrong(self, payments: SqlPayments) -> None:
        payment = await stored(payments, AUTHORIZED)
        claimed = await payments.claim(a_claim(payment, VOID))

        with pytest.raises(KeyTaken):
            await payments.claim(a_claim(payment, VOID, 51, idempotency_key="claim-50"))

        known = await payments.by_key("ctp", "claim-50", None)
        assert known is not None
        assert (known.payment, known.operation_id, known.fingerprint) == (claimed, claimed.operations[-1].id, PRINT)

    async def test_takes_its_nonce_once(self, payments: SqlPayments) -> None:
        one, other = await stored(payments, AUTHORIZED), await stored(payments, AUTHORIZED, 2)
        await payments.claim(a_claim(one, VOID, 50, nonce=NONCE))

        with pytest.raises(Unauthenticated):
            await payments.claim(a_claim(other, VOID, 51, nonce=NONCE))

        assert (await payments.get(other.id)) == other

    async def test_that_is_refused_leaves_its_nonce(self, payments: SqlPayments) -> None:
        payment = await stored(payments, CAPTURED)
        await refused(payments, a_claim(payment, VOID, nonce=NONCE))

        assert (await payments.claim(a_claim(payment, REFUND, 51, nonce=NONCE))).unresolved

    @pytest.mark.parametrize(("outcome", "kind"), [(AUTHORIZED, VOID), (CAPTURED, REFUND)])
    async def test_of_many_at_once_one_is_made(
        self, payments: SqlPayments, outcome: Outcome, kind: OperationKind
    ) -> None:
        payment = await stored(payments, outcome)
        claims = [a_claim(payment, kind, number, amount_minor=60) for number in range(50, 70)]

        results = await asyncio.gather(*(payments.claim(claim) for claim in claims), return_exceptions=True)

        assert sorted(type(result).__name__ for result in results) == ["ChangedMeanwhile"] * 19 + ["Payment"]
        found = await payments.get(payment.id)
        assert found is not None
        assert found.refund_reserved_minor == (60 if kind is REFUND else 0)
