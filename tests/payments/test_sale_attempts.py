"""How a try ends, and what stands in the way of the next one."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.payments.idempotency import Fingerprint
from shared.payments.money import Money
from shared.payments.networks import Network
from shared.payments.never_again import Blocks, Said
from shared.payments.outcome import (
    Declined,
    NotSent,
    Outcome,
    Pending,
    Retry,
    TransactionState,
    Unknown,
)
from shared.payments.payment import Payment
from shared.payments.requests import AccountType, Ach, AchAuthorization, Initiator
from shared.payments.retry_limits import Limit, limits_on
from shared.payments.sale_attempts import (
    BLOCKED_CODE,
    GONE,
    Attempt,
    Block,
    Decline,
    PastDecline,
    attempt_of,
    blocked_by,
    blocked_record,
    decline_of,
    return_of,
)
from shared.payments.sale_outcome import with_sale_outcome
from shared.payments.secret import Secret
from shared.payments.updates import Update, UpdateEvent, updated
from tests.builders import NOW, a_sale_request, a_submitted_payment, an_occasion, approved
from tests.payments.attempts import a_decline, an_attempt, declined_at, past_of

DAY, HOUR, MS = timedelta(days=1), timedelta(hours=1), timedelta(milliseconds=1)
PRINTS = (Fingerprint("k2", "b" * 64), Fingerprint("k1", "a" * 64))


def an_account(authorization: AchAuthorization) -> Ach:
    return Ach("122000247", Secret("0888271156"), AccountType.CHECKING, authorization)


class TestATry:
    def test_is_what_the_payment_says_of_it(self) -> None:
        payment = a_submitted_payment()

        made = attempt_of(a_sale_request(), payment, PRINTS)

        assert made == Attempt(
            payment_id=payment.id,
            fingerprints=PRINTS,
            network=Network.VISA,
            biller_id="city-water",
            merchant_id="998482157630",
            reference="INV-2026-000123",
            amount=Money(12599, "USD"),
            initiator=Initiator.PAYER,
            standing=False,
            at=NOW,
        )

    def test_of_what_cannot_be_known_again_is_none(self) -> None:
        assert attempt_of(a_sale_request(), a_submitted_payment(), ()) is None

    @pytest.mark.parametrize(
        ("changed", "standing"),
        [
            ({}, False),
            ({"initiator": Initiator.BILLER}, True),
            ({"method": an_account(AchAuthorization.WEB)}, False),
            ({"method": an_account(AchAuthorization.TEL)}, False),
            ({"method": an_account(AchAuthorization.RECURRING)}, True),
            ({"method": an_account(AchAuthorization.WEB), "initiator": Initiator.BILLER}, True),
        ],
    )
    def test_rests_on_a_standing_authorization_where_the_payer_is_not_there(
        self, changed: dict[str, Any], standing: bool
    ) -> None:
        made = attempt_of(a_sale_request(**changed), a_submitted_payment(**changed), PRINTS)

        assert made is not None
        assert made.standing is standing


class TestWhatIsRemembered:
    def test_of_a_decline_is_what_the_network_said_and_when_it_was_asked(self) -> None:
        outcome = Declined("CLOSED_ACCOUNT", "no", transaction_id="t-1", network_code="46", advice="03")

        said = Said("CLOSED_ACCOUNT", "46", "03")
        assert decline_of(ended(outcome), outcome) == Decline(Network.VISA, said, True, Blocks.INSTRUMENT, NOW)

    @pytest.mark.parametrize(
        "outcome",
        [
            approved(),
            NotSent("NOT_CONNECTED", "no"),
            Pending("PENDING", "taken"),
            Unknown("READ_TIMEOUT", "no answer"),
            Declined("INVALID_ACCOUNT", "refused by Chase's validation: it never reached the network"),
        ],
        ids=["approved", "not sent", "pending", "unknown", "refused by Chase itself"],
    )
    def test_of_what_the_network_did_not_decline_is_nothing(self, outcome: Outcome) -> None:
        assert decline_of(ended(outcome), outcome) is None

    def test_of_a_decline_that_contradicts_what_was_approved_is_nothing(self) -> None:
        outcome = Declined("DO_NOT_HONOR", "no", transaction_id="t-1")
        sold = ended(approved())
        heard = with_sale_outcome(sold, outcome, occasion=an_occasion(), actor="inquiry")
        assert heard is not None

        assert decline_of(heard, outcome) is None

    @pytest.mark.parametrize(
        ("code", "counted", "blocks"),
        [
            ("R01", True, Blocks.NOTHING),
            ("R02", False, Blocks.INSTRUMENT),
            ("R07", False, Blocks.AUTHORIZATION),
        ],
    )
    def test_of_a_return_is_the_banks_code_at_the_time_of_the_debit(
        self, code: str, counted: bool, blocks: Blocks
    ) -> None:
        after, report = returned(code)

        assert return_of(after, report) == Decline(Network.ACH, Said(code), counted, blocks, NOW)

    def test_of_a_return_that_no_rule_is_about_is_nothing(self) -> None:
        assert return_of(*returned("R11")) is None

    def test_of_another_report_is_nothing(self) -> None:
        settled = Update(UpdateEvent.SETTLED, "so says the bank", {}, NOW)

        assert return_of(a_submitted_payment(), settled) is None


def ended(outcome: Outcome) -> Payment:
    after = with_sale_outcome(a_submitted_payment(), outcome, occasion=an_occasion(NOW + HOUR), actor="chase")
    assert after is not None
    return after


def returned(code: str) -> tuple[Payment, Update]:
    """A debit that the bank returned three days later."""
    sold = with_sale_outcome(
        a_submitted_payment(method=an_account(AchAuthorization.WEB)),
        approved(state=TransactionState.CLOSED),
        occasion=an_occasion(),
        actor="chase",
    )
    assert sold is not None
    report = Update(UpdateEvent.RETURNED, "a return", {"returnCode": code, "amountMinor": 12599}, NOW + 3 * DAY)
    return updated(sold, report, occasion=an_occasion(NOW + 3 * DAY), actor="ctp"), report


class TestALastWord:
    def said(self, blocks: Blocks, **changed: Any) -> list[PastDecline]:
        """Long ago: a last word does not grow old."""
        first = an_attempt(9, at=NOW - 3000 * DAY, **changed)
        return [past_of(first, a_decline(blocks, code="R07", counted=False))]

    @pytest.mark.parametrize("changed", [{}, {"biller_id": "b", "merchant_id": "m"}, {"standing": True}])
    def test_on_the_instrument_rules_out_every_sale(self, changed: dict[str, Any]) -> None:
        block = blocked_by(an_attempt(**changed), self.said(Blocks.INSTRUMENT))

        assert block == Block(
            "the network said R07 to an earlier sale: this instrument must not be tried again", Retry.NEVER
        )

    @pytest.mark.parametrize(
        ("changed", "blocked"),
        [
            ({}, True),
            ({"biller_id": "another"}, True),
            ({"merchant_id": "another"}, True),
            ({"biller_id": "another", "merchant_id": "another"}, False),
        ],
    )
    def test_at_a_merchant_rules_out_sales_there(self, changed: dict[str, Any], blocked: bool) -> None:
        block = blocked_by(an_attempt(**changed), self.said(Blocks.MERCHANT))

        assert (block is not None) is blocked
        assert block is None or "not to be tried again at this merchant" in block.why

    @pytest.mark.parametrize(
        ("changed", "blocked"),
        [
            ({"standing": True}, True),
            ({"standing": False}, False),
            ({"standing": True, "biller_id": "another", "merchant_id": "another"}, False),
        ],
    )
    def test_on_an_authorization_rules_out_what_rests_on_it(self, changed: dict[str, Any], blocked: bool) -> None:
        block = blocked_by(an_attempt(network=Network.ACH, **changed), self.said(Blocks.AUTHORIZATION))

        assert (block is not None) is blocked
        assert block is None or block.why.endswith("the payer must authorize the next one anew")


class TestALimit:
    def test_lets_a_try_through_while_there_is_a_place(self) -> None:
        past = declined_at(*(NOW - number * HOUR for number in range(19)))

        assert blocked_by(an_attempt(), past) is None

    def test_blocks_until_the_oldest_that_fills_it_has_left(self) -> None:
        past = declined_at(*(NOW - number * HOUR for number in range(22)))

        block = blocked_by(an_attempt(), past)

        assert block == Block(
            "visa allows 20 declined tries of one instrument for the same amount at the same merchant in 30 days,"
            " by the payer",
            Retry.LATER,
            NOW - 19 * HOUR + 30 * DAY,
        )

    def test_opens_at_the_moment_that_it_names(self) -> None:
        past = declined_at(*(NOW - number * HOUR for number in range(22)))
        block = blocked_by(an_attempt(), past)
        assert block is not None
        assert block.until is not None

        assert blocked_by(an_attempt(at=block.until - MS), past) is not None
        assert blocked_by(an_attempt(at=block.until), past) is None

    def test_of_visa_counts_billers_tries_apart(self) -> None:
        past = declined_at(*[NOW - HOUR] * 20, initiator=Initiator.BILLER)

        assert blocked_by(an_attempt(initiator=Initiator.BILLER), past) is not None
        assert blocked_by(an_attempt(initiator=Initiator.PAYER), past) is None

    @pytest.mark.parametrize(
        "changed", [{"amount": Money(1, "USD")}, {"amount": Money(12599, "CAD")}, {"merchant_id": "another"}]
    )
    @pytest.mark.parametrize("network", [Network.VISA, Network.MASTERCARD])
    def test_of_an_amount_at_a_merchant_counts_no_other(self, network: Network, changed: dict[str, Any]) -> None:
        past = declined_at(*[NOW - 2 * DAY] * 35, network=network)

        assert blocked_by(an_attempt(network=network), past) is not None
        assert blocked_by(an_attempt(network=network, **changed), past) is None

    @pytest.mark.parametrize("changed", [{"amount": Money(1, "USD")}, {"reference": "INV-2"}, {"biller_id": "another"}])
    def test_of_a_bill_counts_no_other(self, changed: dict[str, Any]) -> None:
        past = declined_at(*[NOW - 20 * DAY] * 3, network=Network.ACH)

        assert blocked_by(an_attempt(network=Network.ACH), past) is not None
        assert blocked_by(an_attempt(network=Network.ACH, **changed), past) is None

    def test_that_opens_last_is_the_one_that_is_named(self) -> None:
        past = declined_at(*[NOW - HOUR] * 35, network=Network.MASTERCARD)

        block = blocked_by(an_attempt(network=Network.MASTERCARD), past)

        assert block is not None
        assert block.until == NOW - HOUR + 30 * DAY

    def test_gives_no_place_to_what_did_not_count(self) -> None:
        past = [past_of(an_attempt(50 + number), a_decline(counted=False)) for number in range(40)]

        assert blocked_by(an_attempt(), past) is None

    @given(
        st.sampled_from([Network.VISA, Network.MASTERCARD, Network.UNIDENTIFIED, Network.ACH]),
        st.lists(st.tuples(st.integers(0, 5 * 24 * 60), st.sampled_from(Initiator)), min_size=20, max_size=150),
    )
    def test_is_never_exceeded_by_declines_in_any_window(
        self, network: Network, tries: list[tuple[int, Initiator]]
    ) -> None:
        past: list[PastDecline] = []
        at = NOW
        for number, (minutes, initiator) in enumerate(tries):
            at += timedelta(minutes=minutes)
            this = an_attempt(number, network=network, initiator=initiator, at=at)
            if blocked_by(this, past) is None:
                past.append(past_of(this))

        for limit in {limit for who in Initiator for limit in limits_on(network, who, NOW)}:
            assert_kept(limit, past)


def assert_kept(limit: Limit, let_through: list[PastDecline]) -> None:
    """No window of the limit holds more of what it bounds; all are of one instrument, amount and bill."""
    times = [past.at for past in let_through if limit.initiator in (None, past.initiator)]
    assert times == sorted(times)
    for first, beyond in zip(times, times[limit.maximum :], strict=False):
        assert beyond - first >= limit.window
    assert all(one <= other for one, other in pairwise(times))


class TestTheRefusal:
    def test_is_the_outcome_of_a_sale_that_never_left(self) -> None:
        until = datetime.fromisoformat("2026-12-01T10:30:00.250+00:00")

        told = blocked_record(Block("a rule", Retry.LATER, until))

        assert told == {
            "status": "declined",
            "code": BLOCKED_CODE,
            "message": "not sent: a rule; open again at 2026-12-01T10:30:01Z",
            "retry": "later",
            "processorCalled": False,
        }

    def test_names_no_time_where_there_is_none(self) -> None:
        told = blocked_record(Block("a last word", Retry.NEVER))

        assert (told["message"], told["retry"]) == ("not sent: a last word", "never")

    def test_may_come_to_be_told_when_nothing_is_in_the_way_any_more(self) -> None:
        assert blocked_record(GONE)["retry"] == "later"
