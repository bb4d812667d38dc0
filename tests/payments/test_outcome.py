"""An outcome as it is stored and shown."""

import pytest

from shared.payments.outcome import Declined, NotSent, Outcome, Pending, Retry, Unknown, record
from tests.builders import approved


@pytest.mark.parametrize(
    ("outcome", "status", "retry", "called"),
    [
        (approved(), "approved", "never", True),
        (Declined("DO_NOT_HONOR", "no"), "declined", "never", True),
        (Declined("INSUFFICIENT_FUNDS", "no", Retry.LATER), "declined", "later", True),
        (Pending("PERFORM_AUTHENTICATION", "wait"), "pending", "same_key", True),
        (NotSent("BREAKER_OPEN", "not tried"), "not_sent", "same_key", False),
        (Unknown("READ_TIMEOUT", "silence"), "unknown", "same_key", True),
    ],
)
def test_says_what_the_caller_may_do_and_whether_chase_was_called(
    outcome: Outcome, status: str, retry: str, called: bool
) -> None:
    shown = record(outcome, "request-1")

    assert (shown["status"], shown["retry"], shown["processorCalled"]) == (status, retry, called)
    assert shown["chase"]["requestId"] == "request-1"  # type: ignore[index]


def test_holds_what_chase_told_and_leaves_out_what_it_did_not() -> None:
    shown = record(approved(avs="MATCH", network_transaction_id="0140"), "request-1")

    assert shown["chase"] == {
        "requestId": "request-1",
        "transactionId": "b1f7c0de-0000-4000-8000-000000000001",
        "approvalCode": "tst123",
        "avs": "MATCH",
    }


def test_names_the_transaction_of_a_decline_and_of_what_is_pending() -> None:
    assert record(Declined("NO", "no", transaction_id="t-1"), "r")["chase"] == {
        "requestId": "r",
        "transactionId": "t-1",
    }
    assert record(Pending("P", "p", "t-2"), "r")["chase"] == {"requestId": "r", "transactionId": "t-2"}
