"""What the bank says is held against the payment it names: it fits, it may fit later, or a person looks."""

from dataclasses import replace

import pytest

from shared.payments.bank_facts import (
    BANK,
    EVENTS,
    FactKind,
    SetAside,
    Wait,
    evidence,
    is_recorded,
    objection,
)
from shared.payments.facts import advanced
from shared.payments.ids import merchant_order_number
from shared.payments.payment import Payment
from shared.payments.state_machine import Event, State, states_allowing
from tests.bank_file_writer import TRANSACTION_ID, a_chargeback, a_fact, a_return
from tests.builders import NOW, a_submitted_payment

FACTS = [a_fact(), a_return(), a_chargeback(), a_chargeback(kind=FactKind.CHARGEBACK_REVERSAL)]
EVER_CAPTURED = [state for state in State if state in states_allowing(Event.SETTLED) | {State.AUTHORIZED}]


def a_payment(state: State = State.CAPTURED, transaction_id: str | None = TRANSACTION_ID) -> Payment:
    payment = a_submitted_payment()
    return replace(payment, state=state, operations=(replace(payment.sale, transaction_id=transaction_id),))


@pytest.mark.parametrize("kind", FactKind)
def test_each_kind_of_fact_is_an_event_of_the_table(kind: FactKind) -> None:
    assert states_allowing(EVENTS[kind])
    assert a_fact(kind=kind).event is EVENTS[kind]


def test_a_fact_names_the_payment_whose_order_number_it_has() -> None:
    assert a_fact().payment_id == a_payment().id
    assert a_fact().order_number == merchant_order_number(a_payment().id)
    assert a_fact(order_number=None).payment_id is None


@pytest.mark.parametrize("fact", FACTS)
@pytest.mark.parametrize("state", EVER_CAPTURED)
def test_a_fact_is_never_refused_for_a_payment_that_was_captured(state: State, fact: object) -> None:
    assert objection(a_payment(state), fact) is None


@pytest.mark.parametrize("state", [State.RECEIVED, State.SUBMITTED, State.UNKNOWN])
def test_a_fact_waits_while_the_sale_is_open(state: State) -> None:
    assert objection(a_payment(state), a_fact()) == Wait(
        f"the payment is {state}: whether it was captured is not known"
    )


@pytest.mark.parametrize("state", [State.DECLINED, State.FAILED, State.VOIDED])
def test_a_fact_of_a_payment_that_took_no_money_is_for_a_person(state: State) -> None:
    assert objection(a_payment(state), a_fact()) == SetAside(f"the payment is {state}: it was never captured")


def test_a_shadow_is_known_to_no_bank() -> None:
    shadow = replace(a_payment(), mode="shadow")

    assert objection(shadow, a_fact()) == SetAside("the payment is a shadow: no bank can know it")


def test_an_id_of_chases_is_held_against_the_one_that_is_known() -> None:
    assert objection(a_payment(transaction_id=None), a_fact()) is None
    assert objection(a_payment(), a_fact(transaction_id=None)) is None
    assert objection(a_payment(), a_fact(transaction_id="another")) == SetAside(
        "Chase knows the payment by another transactionId"
    )


def test_a_return_may_be_of_a_part_and_a_settlement_may_not() -> None:
    assert objection(a_payment(), a_return(amount_minor=1)) is None
    assert objection(a_payment(), a_fact(amount_minor=1)) == SetAside("the amount is not that of the payment")


def test_a_fact_is_known_again_as_the_evidence_of_a_report() -> None:
    payment, fact = a_payment(), a_return()
    report = {"reported": "returned", "evidence": evidence(fact)}

    after = advanced(payment, Event.RETURNED, payment.sale, actor=BANK, now=NOW, detail=report)

    assert is_recorded(after, fact)
    assert not is_recorded(after, a_return("RET-0002"))


def test_a_fact_is_known_again_in_the_history_by_its_evidence() -> None:
    payment, fact = a_payment(), a_return(reason="NSF")

    after = advanced(payment, Event.RETURNED, payment.sale, actor=BANK, now=NOW, detail=evidence(fact))

    assert evidence(fact) == {
        "bankFact": "returns:RET-0001", "amountMinor": 125_99, "returnCode": "R01", "reason": "NSF",
    }  # fmt: skip
    assert (is_recorded(payment, fact), is_recorded(after, fact)) == (False, True)
    assert not is_recorded(after, a_return("RET-0002"))
