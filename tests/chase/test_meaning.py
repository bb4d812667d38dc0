"""What an answer comes to: its outcome with amount and ids, and no text that might hold a secret."""

import pytest

from shared.chase.judgement import PENDING_CODES, Asked
from shared.chase.meaning import UNFAMILIAR, payment_outcome, verification_outcome
from shared.chase.verification import Verified
from shared.chase.wire.answers import read_answer
from shared.payments.money import Money
from shared.payments.outcome import Approved, Declined, Outcome, Pending, Retry, TransactionState
from tests.chase.full_answers import A_VERIFICATION
from tests.chase.peer import a_decline, a_payment

APPROVED_STATES = ("AUTHORIZED", "CLOSED", "COMPLETED")


def outcome_of(body: dict[str, object]) -> Outcome:
    return payment_outcome(read_answer(body), Asked.PAYMENT)


@pytest.mark.parametrize(
    "changed",
    [
        {"responseStatus": "MAYBE"},
        {"responseStatus": "success"},
        {"responseStatus": None},
        {"transactionState": "SETTLING"},
        {"transactionState": None},
        {"transactionState": 7},
    ],
)
def test_an_unfamiliar_value_is_unknown(changed: dict[str, object]) -> None:
    assert outcome_of(a_payment(**changed)) == UNFAMILIAR


@pytest.mark.parametrize("changed", [{"transactionState": "SETTLING"}, {"transactionState": None}])
def test_a_denial_in_an_unfamiliar_state_is_no_decline(changed: dict[str, object]) -> None:
    assert outcome_of({**a_decline(), **changed}) == UNFAMILIAR


class TestAnApproval:
    @pytest.mark.parametrize("state", [*APPROVED_STATES, "VOIDED"])
    def test_carries_what_chase_tells_of_the_transaction(self, state: str) -> None:
        outcome = outcome_of(a_payment(transactionState=state))

        assert isinstance(outcome, Approved)
        transaction = outcome.transaction
        assert (transaction.state, transaction.amount) == (TransactionState(state), Money(12599, "USD"))
        assert (transaction.avs, transaction.cvv, transaction.approval_code) == (
            "ADDRESS_POSTALCODE_MATCH",
            "MATCH",
            "tst021",
        )
        assert transaction.network_transaction_id == "014072692161152"

    def test_of_less_is_an_approval_of_less(self) -> None:
        outcome = outcome_of(a_payment(responseCode="PARTIAL_APPROVAL", amount=5000))

        assert isinstance(outcome, Approved)
        assert (outcome.code, outcome.transaction.amount) == ("PARTIAL_APPROVAL", Money(5000, "USD"))

    @pytest.mark.parametrize("amount", [None, "12599", 12599.0, True, -1, 10**12])
    def test_without_a_whole_amount_is_unknown(self, amount: object) -> None:
        assert outcome_of(a_payment(amount=amount)) == UNFAMILIAR

    @pytest.mark.parametrize("currency", [None, "", "usd", "US", 840])
    def test_without_a_currency_is_unknown(self, currency: object) -> None:
        assert outcome_of(a_payment(currency=currency)) == UNFAMILIAR

    @pytest.mark.parametrize("transaction_id", [None, "", "abc", "a" * 41, "9f18 6d77", "../../x", 17])
    def test_without_a_transaction_id_of_4_to_40_characters_is_unknown(self, transaction_id: object) -> None:
        assert outcome_of(a_payment(transactionId=transaction_id)) == UNFAMILIAR

    @pytest.mark.parametrize("transaction_id", ["abcd", "a" * 40])
    def test_takes_the_shortest_and_the_longest_transaction_id(self, transaction_id: str) -> None:
        assert isinstance(outcome_of(a_payment(transactionId=transaction_id)), Approved)

    def test_without_a_readable_capture_time_is_still_an_approval(self) -> None:
        outcome = outcome_of(a_payment(captureTime="soon"))

        assert isinstance(outcome, Approved)
        assert outcome.transaction.captures_at is None


class TestADecline:
    @pytest.mark.parametrize(
        ("code", "advice", "retry"),
        [
            ("INSUFFICIENT_FUNDS", None, Retry.LATER),
            ("OVER_LIMIT", None, Retry.LATER),
            ("TRY_AGAIN_LATER", None, Retry.LATER),
            ("DO_NOT_HONOR", None, Retry.NEVER),
            ("A_CODE_OF_TOMORROW", None, Retry.NEVER),
            ("DO_NOT_HONOR", "02", Retry.LATER),
            ("DO_NOT_HONOR", "2", Retry.LATER),
            ("INSUFFICIENT_FUNDS", "01", Retry.NEVER),
            ("INSUFFICIENT_FUNDS", "03", Retry.NEVER),
            ("INSUFFICIENT_FUNDS", "21", Retry.NEVER),
            ("INSUFFICIENT_FUNDS", "99", Retry.LATER),
        ],
    )
    def test_says_whether_trying_later_may_help(self, code: str, advice: str | None, retry: Retry) -> None:
        outcome = outcome_of(a_decline(code, advice))

        assert isinstance(outcome, Declined)
        assert (outcome.code, outcome.retry) == (code, retry)

    def test_keeps_what_the_network_itself_said(self) -> None:
        outcome = outcome_of(a_decline("CLOSED_ACCOUNT", "03", "46"))

        assert isinstance(outcome, Declined)
        assert (outcome.network_code, outcome.advice) == ("46", "03")

    @pytest.mark.parametrize("text", ["4112344112344113", "4 6", ""])
    def test_keeps_no_more_than_a_code_of_it(self, text: str) -> None:
        outcome = outcome_of(a_decline("CLOSED_ACCOUNT", text, text))

        assert isinstance(outcome, Declined)
        assert (outcome.network_code, outcome.advice) == (None, None)

    def test_is_a_decline_even_without_the_fields_that_explain_it(self) -> None:
        body = {"responseStatus": "DENIED", "transactionState": "DECLINED"}

        assert outcome_of(body) == Declined("DECLINED", "declined", Retry.NEVER, None)

    @pytest.mark.parametrize("code", ["X", "A" * 51, "<script>", "4112344112344113"])
    def test_shows_no_code_that_does_not_look_like_one(self, code: str) -> None:
        assert outcome_of(a_decline(code)).code == "DECLINED"


class TestPending:
    @pytest.mark.parametrize("code", sorted(PENDING_CODES))
    def test_outranks_a_state_that_reads_as_approved(self, code: str) -> None:
        assert isinstance(outcome_of(a_payment(responseCode=code)), Pending)

    def test_keeps_the_transaction_id_that_it_came_with(self) -> None:
        outcome = outcome_of(a_payment(responseStatus="PENDING", transactionId="t-1234"))

        assert outcome == Pending("APPROVED", "Transaction approved by Issuer", "t-1234")


class TestAMessage:
    @pytest.mark.parametrize(
        "message",
        ["Card 4112344112344113 refused", "4112 3441 1234 4113", "4112-3441-1234-4113", "ref 1234567"],
    )
    def test_with_seven_digits_in_a_row_is_not_shown(self, message: str) -> None:
        assert outcome_of(a_decline() | {"responseMessage": message}).message == "declined"

    @pytest.mark.parametrize("secret", ["MIAGCSqGSIb3DQEHAqCAMIACAQExDzAN" + "BglghkgB", "eyJhbGciOi.eyJ" + "x" * 40])
    def test_with_what_may_be_a_piece_of_a_bundle_or_a_token_is_not_shown(self, secret: str) -> None:
        assert outcome_of(a_decline() | {"responseMessage": f"signature {secret} is wrong"}).message == "declined"

    def test_may_name_an_id_of_chases(self) -> None:
        message = "see 9f186d77-52f6-4c5d-8f0a-6f1e2d3c4b5a"

        assert outcome_of(a_decline() | {"responseMessage": message}).message == message

    def test_is_cut_to_a_length_that_can_be_shown(self) -> None:
        assert len(outcome_of({**a_decline(), "responseMessage": "word " * 1_000}).message) == 200


class TestAVerification:
    def test_tells_what_issuer_and_network_said(self) -> None:
        verified = verification_outcome(read_answer(A_VERIFICATION))

        assert verified == Verified(
            transaction_id="5a1d3c0e-7c1f-4b8e-9d55-0c7f2e9b6a11",
            code="APPROVED",
            message="Transaction approved by Issuer",
            avs="NOT_VERIFIED",
            cvv="NO_MATCH",
            network_transaction_id="014072692161153",
        )

    def test_without_a_transaction_id_is_unknown(self) -> None:
        assert verification_outcome(read_answer({**A_VERIFICATION, "transactionId": ""})) == UNFAMILIAR

    def test_that_is_denied_is_a_decline(self) -> None:
        denied = {**A_VERIFICATION, "responseStatus": "DENIED", "responseCode": "INVALID_ACCOUNT"}

        outcome = verification_outcome(read_answer(denied))

        assert isinstance(outcome, Declined)
        assert (outcome.code, outcome.retry) == ("INVALID_ACCOUNT", Retry.NEVER)
