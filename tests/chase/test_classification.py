"""What each HTTP answer means: of a sale, and of a look-up."""

import json
from collections.abc import Callable

import pytest

from shared.chase import classification
from shared.chase.classification import (
    KIND_OF,
    Expected,
    Kind,
    capture_outcome,
    found,
    refund_outcome,
    verification_outcome_of,
    void_outcome,
)
from shared.chase.judgement import Asked
from shared.chase.sending import Reply
from shared.chase.verification import Verified
from shared.payments.money import Money
from shared.payments.outcome import Approved, Declined, NothingFound, NotSent, Outcome, Pending, Retry, Unknown
from tests.chase import full_answers as full
from tests.chase.peer import a_decline, a_payment, an_error

HTML = b"<html><body>Not Found</body></html>"
EVERY_STATUS = range(200, 600)
Means = Callable[[int, object], Outcome]


def reply(status: int, body: object = b"") -> Reply:
    return Reply(status, body if isinstance(body, bytes) else json.dumps(body).encode())


def looked_up(status: int, body: object = b"") -> Outcome | NothingFound:
    return found(reply(status, body), Asked.PAYMENT, expected=Expected(request_ids=frozenset({"r-1", "own"})))


def test_every_kind_of_status_is_used() -> None:
    assert set(KIND_OF.values()) | {Kind.UNEXPLAINED} == set(Kind)


class TestASale:
    @pytest.mark.parametrize(
        ("status", "kind", "code"),
        [
            (401, NotSent, "TOKEN_REFUSED"),
            (403, NotSent, "FORBIDDEN"),
            (429, NotSent, "THROTTLED"),
            (409, Unknown, "DUPLICATE"),
        ],
    )
    @pytest.mark.parametrize("body", [b"", HTML, an_error("ANYTHING"), a_payment()])
    def test_means_the_same_by_some_statuses_whatever_the_body(
        self, status: int, kind: type, code: str, body: object
    ) -> None:
        outcome = sale_outcome(reply(status, body))

        assert (type(outcome), outcome.code) == (kind, code)

    @pytest.mark.parametrize("status", [404] + [status for status in EVERY_STATUS if status not in KIND_OF])
    def test_is_unknown_by_every_other_status_even_if_the_body_says_approved(self, status: int) -> None:
        outcome = sale_outcome(reply(status, a_payment()))

        assert (type(outcome), outcome.code) == (Unknown, f"HTTP_{status}")

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (a_payment(), Approved),
            (a_payment(transactionState="CLOSED"), Approved),
            (a_payment(transactionState="COMPLETED"), Approved),
            (a_decline(), Declined),
            (a_payment(transactionState="PENDING"), Pending),
            (a_payment(responseStatus="PENDING", transactionState="PENDING"), Pending),
            (a_payment(responseCode="CUSTOMER_PENDING"), Pending),
        ],
    )
    def test_with_200_is_decided_by_its_body(self, body: object, kind: type) -> None:
        assert type(sale_outcome(reply(200, body))) is kind

    @pytest.mark.parametrize("body", [b"", b"{", HTML, [], b'{"month": ,}', b"\xff"])
    def test_with_200_that_cannot_be_read_is_unknown(self, body: object) -> None:
        assert sale_outcome(reply(200, body)).code == "UNREADABLE_ANSWER"

    @pytest.mark.parametrize("body", [{}, an_error(), a_payment(transactionState="VOIDED"), a_payment(amount=None)])
    def test_with_200_that_is_no_answer_to_a_sale_is_unknown(self, body: object) -> None:
        outcome = sale_outcome(reply(200, body))

        assert (type(outcome), outcome.code) == (Unknown, "UNFAMILIAR_ANSWER")

    @pytest.mark.parametrize("status", [400, 412])
    def test_refused_by_validation_is_declined_for_good(self, status: int) -> None:
        outcome = sale_outcome(reply(status, an_error("INVALID_DATA", "amount is wrong")))

        assert outcome == Declined("INVALID_DATA", "amount is wrong", Retry.NEVER)

    @pytest.mark.parametrize("status", [400, 412])
    @pytest.mark.parametrize("body", [{"responseStatus": "ERROR"}, {"responseCode": "<b>"}])
    def test_refused_without_a_code_is_a_validation_error(self, status: int, body: object) -> None:
        outcome = sale_outcome(reply(status, body))

        assert outcome == Declined("VALIDATION_ERROR", "refused by Chase's validation", Retry.NEVER)

    @pytest.mark.parametrize("status", [400, 412])
    @pytest.mark.parametrize("body", [{}, {"error": "invalid_request"}, {"fault": {"code": 1}}])
    def test_refused_in_other_words_than_chases_is_unknown(self, status: int, body: object) -> None:
        assert sale_outcome(reply(status, body)).code == f"HTTP_{status}"

    def test_refused_with_its_card_number_in_the_text_does_not_show_it(self) -> None:
        outcome = sale_outcome(reply(400, an_error(message="accountNumber 4112344112344113 is invalid")))

        assert "4112344112344113" not in repr(outcome)

    @pytest.mark.parametrize("status", [400, 412])
    @pytest.mark.parametrize("body", [b"", HTML, []])
    def test_refused_by_something_that_does_not_speak_json_is_unknown(self, status: int, body: object) -> None:
        assert sale_outcome(reply(status, body)).code == f"HTTP_{status}"

    @pytest.mark.parametrize("status", [400, 412])
    def test_refused_as_a_duplicate_is_looked_up(self, status: int) -> None:
        outcome = sale_outcome(reply(status, an_error("DUPLICATE_REQUEST_ID")))

        assert (type(outcome), outcome.code) == (Unknown, "DUPLICATE")

    @pytest.mark.parametrize("status", [400, 412])
    def test_refused_and_approved_in_one_is_unknown(self, status: int) -> None:
        assert sale_outcome(reply(status, a_payment())).code == "UNFAMILIAR_ANSWER"


class TestALookUp:
    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (200, b""),
            (200, b" \r\n"),
            (200, {}),
            (200, {"responseStatus": "SUCCESS", "responseCode": "ACCEPTED"}),
            (404, b""),
            (404, an_error("NOT_FOUND")),
            (404, {"responseCode": "MP_REQ_001"}),
        ],
    )
    def test_that_comes_back_in_chases_empty_shape_found_nothing(self, status: int, body: object) -> None:
        assert looked_up(status, body) == NothingFound()

    @pytest.mark.parametrize(
        ("status", "body", "code"),
        [
            (404, HTML, "HTTP_404"),
            (404, {}, "HTTP_404"),
            (404, {"error": "no such route"}, "HTTP_404"),
            (404, [], "HTTP_404"),
            (200, HTML, "UNREADABLE_ANSWER"),
            (200, [], "UNREADABLE_ANSWER"),
            (200, b"null", "UNREADABLE_ANSWER"),
            (200, {"hello": "world"}, "UNFAMILIAR_ANSWER"),
            (200, an_error(), "UNFAMILIAR_ANSWER"),
            (200, a_payment(transactionId=None), "UNFAMILIAR_ANSWER"),
            (200, a_payment(transactionState="SETTLING"), "UNFAMILIAR_ANSWER"),
            (401, b"", "TOKEN_REFUSED"),
            (403, b"", "FORBIDDEN"),
            (409, b"", "DUPLICATE"),
            (429, b"", "THROTTLED"),
        ],
    )
    def test_that_comes_back_otherwise_tells_nothing(self, status: int, body: object, code: str) -> None:
        answer = looked_up(status, body)

        assert isinstance(answer, NotSent | Unknown)
        assert answer.code == code

    @pytest.mark.parametrize("status", [status for status in EVERY_STATUS if status not in KIND_OF] + [400, 412])
    def test_by_every_other_status_tells_nothing(self, status: int) -> None:
        assert looked_up(status, a_payment()).code == f"HTTP_{status}"

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (a_payment(), Approved),
            (a_payment(requestId="r-1"), Approved),
            (a_payment(requestId="own"), Approved),
            (a_payment(transactionState="VOIDED"), Approved),
            (a_decline(), Declined),
            (a_payment(transactionState="PENDING"), Pending),
        ],
    )
    def test_that_finds_the_payment_adopts_it(self, body: object, kind: type) -> None:
        assert type(looked_up(200, body)) is kind

    def test_that_finds_another_payment_adopts_nothing(self) -> None:
        assert looked_up(200, a_payment(requestId="r-2")).code == "OTHER_PAYMENT_FOUND"

    @pytest.mark.parametrize(("transaction_id", "kind"), [("t-1234", Approved), ("t-9999", Unknown)])
    def test_by_transaction_id_takes_that_transaction_alone(self, transaction_id: str, kind: type) -> None:
        answer = found(
            reply(200, a_payment(transactionId=transaction_id)),
            Asked.PAYMENT,
            expected=Expected(transaction_id="t-1234"),
        )

        assert type(answer) is kind


def _own(body: object) -> str:
    """The request-id that the answer carries: the call's own, where it carries one."""
    return str(body.get("requestId", "own")) if isinstance(body, dict) else "own"


def sale_outcome(answer: Reply) -> Outcome:
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    return classification.sale_outcome(answer, request_id=_own(body))


class TestAnAnswerToAnotherCall:
    @pytest.mark.parametrize("changed", [{}, {"responseStatus": "DENIED", "transactionState": "DECLINED"}])
    def test_is_not_taken_for_ours(self, changed: dict[str, object]) -> None:
        body = a_payment(requestId="of-another-call", **changed)

        outcome = classification.sale_outcome(reply(200, body), request_id="our-own")

        assert (type(outcome), outcome.code) == (Unknown, "OTHER_PAYMENT_FOUND")


def voided(status: int, body: object = b"") -> Outcome:
    return void_outcome(reply(status, body), transaction_id=full.SALE_ID, amount=Money(12599, "USD"))


def refunded(status: int, body: object = b"") -> Outcome:
    return refund_outcome(reply(status, body), reference=full.SALE_ID)


def captured(status: int, body: object = b"") -> Outcome:
    return capture_outcome(reply(status, body), request_id=_own(body))


class TestAFullAnswer:
    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (full.A_DELAYED_SALE, Approved),
            (full.A_SALE_NOW, Approved),
            (full.AN_ACH_SALE, Approved),
            (full.AN_APPLE_PAY_SALE, Approved),
            (full.A_GOOGLE_PAY_SALE, Approved),
            (full.A_DECLINED_SALE, Declined),
            (full.A_SALE_TO_AUTHENTICATE, Pending),
            (full.A_VOID, Unknown),
        ],
    )
    def test_to_a_sale(self, body: object, kind: type) -> None:
        assert type(sale_outcome(reply(200, body))) is kind

    @pytest.mark.parametrize(
        ("body", "kind"),
        [(full.A_VOID, Approved), (full.A_DELAYED_SALE, Unknown), (full.A_SALE_NOW, Unknown)],
    )
    def test_to_a_void(self, body: object, kind: type) -> None:
        assert type(voided(200, body)) is kind

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (full.A_FULL_CAPTURE, Approved),
            (full.A_PARTIAL_CAPTURE, Approved),
            (full.A_DELAYED_SALE, Unknown),
            (full.A_VOID, Unknown),
        ],
    )
    def test_to_a_capture(self, body: object, kind: type) -> None:
        assert type(captured(200, body)) is kind

    @pytest.mark.parametrize(
        ("body", "kind"),
        [(full.A_REFUND, Approved), (full.A_PARTIAL_REFUND, Approved), (full.A_DECLINED_REFUND, Declined)],
    )
    def test_to_a_refund(self, body: object, kind: type) -> None:
        assert type(refunded(200, body)) is kind

    @pytest.mark.parametrize("body", [full.A_VERIFICATION, full.AN_ACH_VERIFICATION])
    def test_to_a_verification(self, body: object) -> None:
        assert isinstance(verification_outcome_of(reply(200, body)), Verified)

    @pytest.mark.parametrize("body", [full.A_DELAYED_SALE, full.A_SALE_NOW, full.A_VOID, full.A_SETTLED_PAYMENT])
    def test_to_a_look_up(self, body: object) -> None:
        found_it = found(reply(200, body), Asked.PAYMENT, expected=Expected(transaction_id=full.SALE_ID))

        assert isinstance(found_it, Approved)


class TestWhatRefersToAPayment:
    @pytest.mark.parametrize("outcome_of", [voided, captured, refunded])
    def test_that_chase_does_not_know_is_declined_in_its_words(self, outcome_of: Means) -> None:
        outcome = outcome_of(404, {**full.AN_ERROR, "responseCode": "NOT_FOUND"})

        assert (type(outcome), outcome.code) == (Declined, "NOT_FOUND")

    @pytest.mark.parametrize("outcome_of", [voided, captured, refunded])
    @pytest.mark.parametrize("body", [b"", HTML, {}, [], {"error": "no such route"}])
    def test_at_a_wrong_address_is_unknown(self, outcome_of: Means, body: object) -> None:
        assert outcome_of(404, body).code == "HTTP_404"

    @pytest.mark.parametrize("outcome_of", [voided, captured, refunded])
    @pytest.mark.parametrize("status", [400, 404, 409, 412])
    def test_that_is_a_duplicate_is_looked_up(self, outcome_of: Means, status: int) -> None:
        outcome = outcome_of(status, {**full.AN_ERROR, "responseCode": "DUPLICATE"})

        assert (type(outcome), outcome.code) == (Unknown, "DUPLICATE")


class TestAVoid:
    @pytest.mark.parametrize("changed", [{"amount": None}, {"amount": 0}, {"currency": None}])
    def test_is_of_the_whole_amount_whether_the_answer_repeats_it_or_not(self, changed: dict[str, object]) -> None:
        outcome = voided(200, full.A_VOID | changed)

        assert isinstance(outcome, Approved)
        assert outcome.transaction.amount == Money(12599, "USD")

    def test_of_another_payment_is_not_ours(self) -> None:
        assert voided(200, full.A_VOID | {"transactionId": full.CAPTURE_ID}).code == "OTHER_PAYMENT_FOUND"


class TestARefund:
    def test_that_does_not_repeat_its_sale_is_taken(self) -> None:
        assert isinstance(refunded(200, full.A_REFUND | {"transactionReferenceId": None}), Approved)

    def test_without_an_amount_is_unknown(self) -> None:
        assert refunded(200, full.A_REFUND | {"amount": None}).code == "UNFAMILIAR_ANSWER"
