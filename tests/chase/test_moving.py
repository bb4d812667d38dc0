"""What moves money, or takes a card number to Chase: one way for every verb, over a real socket."""

from dataclasses import dataclass
from typing import Any

import pytest

from shared.chase.breaker import BreakerState
from shared.chase.verification import Verified
from shared.payments.ids import chase_request_id
from shared.payments.money import Money
from shared.payments.operations import OperationKind
from shared.payments.outcome import Approved, Declined, NotSent, Pending, TransactionState, Unknown
from shared.payments.retry import Call
from tests.chase import full_answers as full
from tests.chase.desk import Desk, MakeDesk, a_merchant, a_sold_payment, an_operation
from tests.chase.peer import Deed, Peer, answers, drops_the_line, falls_silent, grants, sends_half_an_answer


@dataclass(frozen=True)
class Verb:
    """How one operation is called at our desk, where it must arrive, and what Chase says when all is well."""

    name: str
    method: str
    path: str
    request_id: str
    approval: dict[str, object]
    breaker: Call

    async def at(self, desk: Desk, **given: Any) -> Any:
        return await getattr(desk, self.name)(**given)

    @property
    def approved(self) -> Deed:
        return answers(200, self.approval)


SALE = "/api/v2/payments"
OF_THE_SALE = chase_request_id("op_0193561a7c4d99887766554433221100")
VERBS = [
    Verb(
        "sells",
        "POST",
        SALE,
        OF_THE_SALE,
        {**full.A_DELAYED_SALE, "requestId": OF_THE_SALE},
        Call.SALE,
    ),
    Verb("voids", "PATCH", f"{SALE}/{full.SALE_ID}", "the-voids-own-request-id", full.A_VOID, Call.VOID),
    Verb(
        "captures",
        "POST",
        f"{SALE}/{full.SALE_ID}/captures",
        "the-sales-own-request-id",
        {**full.A_FULL_CAPTURE, "requestId": "the-sales-own-request-id"},
        Call.SALE,
    ),
    Verb("refunds", "POST", "/api/v2/refunds", "the-refunds-own-request-id", full.A_REFUND, Call.REFUND),
    Verb("verifies", "POST", "/api/v2/verifications", "own", full.A_VERIFICATION, Call.SALE),
]

each_verb = pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)


@each_verb
class TestWhateverIsAsked:
    async def test_goes_out_once_under_its_own_request_id(self, desk: Desk, chase: Peer, verb: Verb) -> None:
        chase.does(verb.approved)

        outcome = await verb.at(desk)

        (call,) = chase.calls
        assert isinstance(outcome, Approved | Verified)
        assert (call.method, call.target) == (verb.method, verb.path)
        assert call.headers["request-id"] == verb.request_id
        assert call.headers["merchant-id"] == "998482157630"
        assert call.headers["authorization"] == "Bearer token-1"
        assert call.headers["content-type"] == call.headers["accept"] == "application/json"

    @pytest.mark.parametrize(
        ("deed", "kind", "code"),
        [
            (answers(200, b'{"paymentMethodType":{"applepay":{"expiry":{"month": ,'), Unknown, "UNREADABLE_ANSWER"),
            (answers(200, {"responseStatus": "SUCCESS"}), Unknown, "UNFAMILIAR_ANSWER"),
            (answers(307, Location="http://127.0.0.1:9/elsewhere"), Unknown, "HTTP_307"),
            (answers(400, full.AN_ERROR), Declined, "VALIDATION_ERROR"),
            (answers(400, b"<html>"), Unknown, "HTTP_400"),
            (answers(403, b"Forbidden"), NotSent, "FORBIDDEN"),
            (answers(404, b"<html>"), Unknown, "HTTP_404"),
            (answers(409, {**full.AN_ERROR, "responseCode": "DUPLICATE"}), Unknown, "DUPLICATE"),
            (answers(412, {**full.AN_ERROR, "responseCode": "PRECONDITION"}), Declined, "PRECONDITION"),
            (answers(500), Unknown, "HTTP_500"),
            (answers(503, full.AN_ERROR), Unknown, "HTTP_503"),
            (answers(504, b"<html>"), Unknown, "HTTP_504"),
            (drops_the_line, Unknown, "CONNECTION_LOST"),
            (sends_half_an_answer, Unknown, "CONNECTION_LOST"),
        ],
    )
    async def test_is_sent_once_whatever_comes_back(
        self, desk: Desk, chase: Peer, verb: Verb, deed: Deed, kind: type, code: str
    ) -> None:
        chase.does(deed, verb.approved)

        outcome = await verb.at(desk)

        assert (type(outcome), outcome.code, len(chase.calls)) == (kind, code, 1)

    async def test_is_unknown_and_not_sent_again_where_chase_falls_silent(
        self, make_desk: MakeDesk, chase: Peer, verb: Verb
    ) -> None:
        chase.does(falls_silent)

        outcome = await verb.at(make_desk(read_timeout_s=0.02))

        assert (type(outcome), outcome.code, len(chase.calls)) == (Unknown, "READ_TIMEOUT", 1)

    async def test_does_not_leave_after_its_deadline(self, desk: Desk, chase: Peer, verb: Verb) -> None:
        await desk.client.warm()
        before = bytes(chase.written)

        outcome = await verb.at(desk, within_s=0.0)

        assert (type(outcome), outcome.code) == (NotSent, "SEND_DEADLINE_PASSED")
        assert bytes(chase.written) == before

    async def test_is_sent_again_word_for_word_where_chase_turned_it_away(
        self, desk: Desk, chase: Peer, verb: Verb
    ) -> None:
        chase.does(answers(429), answers(429), verb.approved)

        outcome = await verb.at(desk)

        assert isinstance(outcome, Approved | Verified)
        assert len(chase.calls) == 3
        assert {(call.headers["request-id"], call.body) for call in chase.calls} == {
            (verb.request_id, chase.calls[0].body)
        }
        assert desk.clock.waits == [0.2, 0.4]

    async def test_goes_once_more_under_a_fresh_token(self, desk: Desk, chase: Peer, verb: Verb) -> None:
        chase.does_with_tokens(grants("token-1"), grants("token-2"))
        chase.does(answers(401, full.A_GATEWAYS_401), verb.approved)

        outcome = await verb.at(desk)

        assert isinstance(outcome, Approved | Verified)
        assert [call.headers["authorization"] for call in chase.calls] == ["Bearer token-1", "Bearer token-2"]
        assert {call.headers["request-id"] for call in chase.calls} == {verb.request_id}

    async def test_is_not_tried_while_its_breaker_is_open(self, make_desk: MakeDesk, chase: Peer, verb: Verb) -> None:
        desk = make_desk(breaker_failures=1)
        chase.does(answers(503), verb.approved)
        await verb.at(desk)

        outcome = await verb.at(desk)

        assert (type(outcome), outcome.code, len(chase.calls)) == (NotSent, "BREAKER_OPEN", 1)
        assert desk.client.breaker_state(verb.breaker) is BreakerState.OPEN

    async def test_tells_a_person_what_is_not_understood(self, desk: Desk, chase: Peer, verb: Verb) -> None:
        chase.does(answers(200, {**verb.approval, "responseStatus": "MAYBE"}))

        await verb.at(desk)

        ((name, fields),) = desk.alarms.heard
        assert (name, fields["call"], fields["about"]) == (
            "chase_unfamiliar_answer",
            verb.breaker.value,
            verb.request_id,
        )


async def test_a_failing_refund_does_not_stop_sales(make_desk: MakeDesk, chase: Peer) -> None:
    desk = make_desk(breaker_failures=1)
    chase.does(answers(503), answers(200, {**full.A_DELAYED_SALE, "requestId": OF_THE_SALE}))
    await desk.refunds()

    assert isinstance(await desk.sells(), Approved)


class TestAVoid:
    async def test_is_approved_for_the_whole_amount_in_state_voided(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(200, full.A_VOID))

        outcome = await desk.voids()

        assert chase.calls[0].json == {"isVoid": True}
        assert outcome.transaction.transaction_id == full.SALE_ID
        assert (outcome.transaction.state, outcome.transaction.amount) == (
            TransactionState.VOIDED,
            Money(12599, "USD"),
        )

    async def test_after_a_capture_is_declined_in_chases_words(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(400, {**full.AN_ERROR, "responseCode": "INVALID_TRANSACTION_STATE"}))

        outcome = await desk.voids()

        assert (type(outcome), outcome.code) == (Declined, "INVALID_TRANSACTION_STATE")


class TestACapture:
    async def test_of_a_part_tells_the_amount_that_was_taken(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(200, {**full.A_PARTIAL_CAPTURE, "requestId": "the-sales-own-request-id"}))
        payment, operation = a_sold_payment(), an_operation(OperationKind.SALE)

        outcome = await desk.client.capture(
            payment, operation, a_merchant(), amount=Money(1000, "USD"), send_before_s=float("inf")
        )

        assert chase.calls[0].json == {"captureMethod": "NOW", "amount": 1000, "isAmountFinal": True}
        assert (outcome.transaction.transaction_id, outcome.transaction.amount) == (
            full.CAPTURE_ID,
            Money(1000, "USD"),
        )


class TestARefund:
    async def test_tells_its_own_transaction_id_and_amount(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(200, full.A_REFUND))

        outcome = await desk.refunds()

        assert "amount" not in chase.calls[0].json
        assert (outcome.transaction.transaction_id, outcome.transaction.amount) == (
            full.REFUND_ID,
            Money(12599, "USD"),
        )

    async def test_of_a_part_names_the_operations_amount(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(200, full.A_PARTIAL_REFUND))
        payment, operation = a_sold_payment(), an_operation(OperationKind.REFUND, amount_minor=900)

        outcome = await desk.client.refund(payment, operation, a_merchant(), full=False, send_before_s=float("inf"))

        assert (chase.calls[0].json["amount"], chase.calls[0].json["currency"]) == (900, "USD")
        assert outcome.transaction.amount == Money(900, "USD")

    @pytest.mark.parametrize(
        ("changed", "kind"),
        [({"transactionState": "CLOSED"}, Approved), ({"transactionState": "PENDING"}, Pending)],
    )
    async def test_is_what_its_status_says_in_any_state_but_a_pending_one(
        self, desk: Desk, chase: Peer, changed: dict[str, object], kind: type
    ) -> None:
        chase.does(answers(200, {**full.A_REFUND, **changed}))

        assert type(await desk.refunds()) is kind

    async def test_of_another_sale_is_not_ours(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(200, {**full.A_REFUND, "transactionReferenceId": "another-sale"}))

        outcome = await desk.refunds()

        assert (type(outcome), outcome.code) == (Unknown, "OTHER_PAYMENT_FOUND")
        assert desk.alarms.names == ["chase_other_payment_found"]


@pytest.mark.parametrize("verb", ["void", "capture", "refund"])
async def test_nothing_can_follow_a_sale_that_chase_has_not_named(desk: Desk, chase: Peer, verb: str) -> None:
    given = {"capture": {"amount": None}, "refund": {"full": True}}.get(verb, {})
    payment, operation = a_sold_payment(transaction_id=None), an_operation(OperationKind.VOID)

    with pytest.raises(ValueError, match=r"^pay_0193561a7c4d00112233445566778899: Chase has named no transaction"):
        await getattr(desk.client, verb)(payment, operation, a_merchant(), send_before_s=float("inf"), **given)

    assert chase.calls == []
