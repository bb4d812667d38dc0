"""CTP's client, one rule of the rollout protocol a test."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ctp import Attempt, Bill, ExistingAnswer, GivingUp, Phase, Policy, Processor, Report
from ctp.transport import Request, Response
from tests.ctp.fake_service import FakeService, problem
from tests.ctp.faults import scripted
from tests.ctp.town import Town, a_bill, judged

BILL = a_bill()


def a_town(mode: str = "live", policy: Policy | None = None) -> Town:
    town = Town(policy=policy or Policy())
    town.service.mode = mode
    return town


def paths(town: Town) -> list[str]:
    return [path for path, _ in town.service.calls]


class Witness:
    """Stands between the client and its neighbours, and notes what was written down when they were called."""

    def __init__(self, town: Town) -> None:
        self._town, self.seen = town, []  # type: ignore[var-annotated]  # (who, phase)
        self._send, self._charge = town.transport.send, town.existing.charge
        town.transport.send = self.send  # type: ignore[method-assign]  # a neighbour of the test's own
        town.existing.charge = self.charge  # type: ignore[method-assign]  # likewise

    def send(self, request: Request, within_s: float) -> Response:
        self._note(request.url.rpartition("/")[2])
        return self._send(request, within_s)

    def charge(self, *, key: str, attempt: Attempt) -> ExistingAnswer:
        self._note("existing")
        return self._charge(key=key, attempt=attempt)

    def _note(self, who: str) -> None:
        self.seen.append((who, str(self._town.last(BILL).phase)))


@pytest.mark.parametrize(
    ("mode", "seen"),
    [
        ("live", [("decisions", "new"), ("payments", "live")]),
        ("shadow", [("decisions", "new"), ("existing", "shadow"), ("payments", "charged")]),
        ("off", [("decisions", "new"), ("existing", "existing")]),
    ],
)
def test_each_step_is_written_down_before_it_is_taken(mode: str, seen: list[tuple[str, str]]) -> None:
    town = a_town(mode)
    witness = Witness(town)

    town.collect(BILL)
    town.client.tick()

    assert witness.seen == seen


class TestTheDecision:
    def test_has_half_a_second(self) -> None:
        town = a_town("off")

        town.collect(BILL)

        assert town.transport.within_s == [0.5]

    @pytest.mark.parametrize("fault", ["drop_before", "drop_after", "http_500", "overloaded", "unauthenticated"])
    def test_that_does_not_come_means_existing_and_the_service_is_never_asked_or_sold_to_again(
        self, fault: str
    ) -> None:
        town = a_town("live")
        town.faults(scripted(fault), at="service")
        town.faults(scripted("drop_before"), at="existing")
        attempt = town.collect(BILL)
        assert attempt.phase is Phase.EXISTING
        asked = len(town.service.calls)

        town.restart()
        town.clock.advance(60)
        town.client.tick()
        attempt = town.collect(BILL)

        assert (attempt.phase, attempt.processor, attempt.mode) == (Phase.CHARGED, Processor.EXISTING, None)
        assert len(town.service.calls) == asked

    def test_refused_for_another_open_payment_of_the_bill_ends_the_attempt_and_charges_nobody(self) -> None:
        town = a_town("live")
        town.service.payments["elsewhere"] = {"id": "pay_x", "state": "unknown", **_of(BILL)}
        town.service._keys_of[BILL.reference].append("elsewhere")

        attempt = town.collect(BILL)

        assert (attempt.phase, attempt.other_payment_id, town.charges(BILL)) == (Phase.CLOSED, "pay_x", 0)


class TestALiveSale:
    def test_is_repeated_under_the_same_key_with_the_same_bytes(self) -> None:
        town, sent = a_town("live"), []
        town.service.handle = _noting(town.service, sent)  # type: ignore[method-assign]  # a neighbour's own
        town.faults(scripted(None, "drop_after", "in_progress", "drop_before"), at="service")

        attempt = town.client.collect(BILL, patience_s=30)

        assert (attempt.phase, attempt.processor, town.charges(BILL)) == (Phase.CHARGED, Processor.CHASE, 1)
        sales = [call for call in sent if call[0] == "/payments"]
        assert len(sales) == 2
        assert len(set(sales)) == 1
        assert town.transport.within_s[1:] == [30] * 4

    def test_that_is_not_known_yet_is_repeated_and_never_given_to_the_existing_processor(self) -> None:
        town = a_town("live", Policy(give_up_after_s=10))
        town.service.fate = lambda: "unknown_charged"

        attempt = town.collect(BILL)
        for _ in range(50):
            town.clock.advance(100)
            town.client.tick()
        waiting = town.last(BILL)
        town.service.resolve()
        town.clock.advance(100)
        town.client.tick()

        assert (attempt.reason, waiting.phase, waiting.reason) == ("202 unknown", Phase.LIVE, "202 unknown")
        assert town.existing.books == {}
        judged(town, town.last(BILL))
        assert town.last(BILL).processor is Processor.CHASE

    def test_declined_ends_the_attempt_and_the_next_may_begin(self) -> None:
        town = a_town("live")
        town.service.fate = iter(("declined", "approved")).__next__

        first, second = town.collect(BILL), town.collect(BILL)

        assert (first.phase, second.phase) == (Phase.DECLINED, Phase.CHARGED)
        assert first.id != second.id
        assert town.charges(BILL) == 1

    def test_failed_falls_back(self) -> None:
        town = a_town("live")
        town.service.fate = lambda: "live_disabled"

        attempt = town.collect(BILL)

        assert (attempt.phase, attempt.processor) == (Phase.CHARGED, Processor.EXISTING)
        assert attempt.reason == "approved by the existing processor: 502 payment-failed"

    def test_first_sent_after_the_decision_expired_falls_back(self) -> None:
        town = a_town("live", Policy(give_up_after_s=10_000))
        town.faults(scripted(None, "drop_before"), at="service")
        town.collect(BILL)

        town.clock.advance(15 * 60 + 1)
        town.client.tick()

        assert (town.last(BILL).processor, town.charges(BILL)) == (Processor.EXISTING, 1)
        assert "decision-expired" in town.last(BILL).reason

    def test_refused_for_another_open_payment_ends_the_attempt_and_falls_back_to_nobody(self) -> None:
        town = a_town("live")
        town.service.payments["elsewhere"] = {"id": "pay_x", "state": "unknown", **_of(BILL)}
        town.faults(scripted(None), at="service")
        decided = town.service._decide
        town.service._decide = _then(  # type: ignore[method-assign]  # the other payment comes after the decision
            decided, lambda: town.service._keys_of[BILL.reference].append("elsewhere")
        )

        attempt = town.collect(BILL)

        assert (attempt.phase, attempt.other_payment_id, town.charges(BILL)) == (Phase.CLOSED, "pay_x", 0)

    @pytest.mark.parametrize("fault", ["unauthenticated", "forbidden", "overloaded", "http_500", "drop_before"])
    def test_that_is_refused_or_not_answered_stays_open_with_a_reason_until_giving_up_is_answered(
        self, fault: str
    ) -> None:
        town = a_town("live", Policy(give_up_after_s=100))
        town.faults(scripted(None, *[fault] * 3), at="service")

        first = town.collect(BILL)
        town.clock.advance(101)
        town.client.tick()  # too long: gives up, and is not answered
        second = town.last(BILL)
        assert (first.phase, second.phase, town.charges(BILL)) == (Phase.LIVE, Phase.LIVE, 0)
        assert first.reason
        assert second.giving_up
        town.clock.advance(60)
        town.faults(scripted(), at="service")
        town.client.tick()

        assert (town.last(BILL).processor, town.charges(BILL)) == (Processor.EXISTING, 1)
        assert paths(town)[-1] == "/rollout/decisions"

    def test_that_no_repeat_can_mend_is_given_up_at_once(self) -> None:
        town = a_town("live")
        refuse = problem(400, "invalid-request", errors=[{"field": "method.cvv", "message": "write 3 digits"}])
        town.service._sale = lambda key, sent: refuse  # type: ignore[method-assign]  # the service has its reasons

        attempt = town.collect(BILL)

        assert (attempt.phase, attempt.processor) == (Phase.CHARGED, Processor.EXISTING)
        assert paths(town) == ["/rollout/decisions", "/payments", "/rollout/decisions"]

    def test_whose_instrument_is_gone_is_given_up(self) -> None:
        town = a_town("live")
        town.faults(scripted(None, "drop_before"), at="service")
        town.collect(BILL)
        town.sales.gone.add(BILL.reference)

        town.clock.advance(5)
        town.client.tick()

        assert (town.last(BILL).processor, paths(town)) == (Processor.EXISTING, ["/rollout/decisions"] * 2)


class TestGivingUp:
    def test_by_time_finds_a_payment_in_doubt_and_waits_for_it_again(self) -> None:
        town = a_town("live", Policy(give_up_after_s=100))
        town.service.fate = lambda: "unknown_charged"
        town.faults(scripted(None, "drop_after", "drop_before"), at="service")
        town.collect(BILL)

        town.clock.advance(101)
        town.client.tick()
        waiting = town.last(BILL)
        town.service.resolve()
        town.clock.advance(60)
        town.client.tick()

        assert (waiting.phase, waiting.giving_up, waiting.reason) == (Phase.LIVE, None, "409 invalid-state")
        assert (town.last(BILL).processor, town.charges(BILL)) == (Processor.CHASE, 1)

    def test_by_time_tries_the_same_key_once_more_first(self) -> None:
        town = a_town("live", Policy(give_up_after_s=100))
        town.faults(scripted(None, "overloaded"), at="service")
        town.collect(BILL)

        town.clock.advance(10_000)
        town.service.decisions[town.last(BILL).id]["expiresAt"] = town.clock.at.isoformat()
        town.client.tick()

        assert town.last(BILL).processor is Processor.CHASE

    def test_by_time_closes_a_payment_that_chase_did_not_take(self) -> None:
        town = a_town("live", Policy(give_up_after_s=100))
        town.service.fate = lambda: "not_reached"
        town.collect(BILL)

        town.clock.advance(101)
        town.client.tick()

        assert (town.last(BILL).processor, town.charges(BILL)) == (Processor.EXISTING, 1)
        assert paths(town)[-1].endswith("/void")

    def test_a_payment_that_chase_did_not_take_voids_it_and_falls_back(self) -> None:
        town = a_town("live")
        town.service.fate = lambda: "not_reached"
        attempt = town.collect(BILL)

        ended = town.client.give_up(attempt.id, "the payer waits", patience_s=0)

        assert (ended.phase, ended.processor) == (Phase.CHARGED, Processor.EXISTING)
        assert paths(town)[-1] == f"/payments/{attempt.payment_id}/void"

    def test_a_payment_that_is_unknown_stays_open_until_it_is_resolved(self) -> None:
        town = a_town("live")
        town.service.fate = lambda: "unknown_charged"
        attempt = town.collect(BILL)

        waiting = town.client.give_up(attempt.id, "the payer waits", patience_s=0)
        assert (waiting.phase, waiting.reason, town.existing.books) == (Phase.LIVE, "409 invalid-state", {})
        town.service.resolve()
        town.clock.advance(60)
        town.client.tick()

        assert (town.last(BILL).phase, town.charges(BILL)) == (Phase.CLOSED, 0)

    def test_waits_for_a_void_that_is_under_way_and_does_not_take_authorized_for_a_charge(self) -> None:
        town = a_town("live")
        town.service.fate, town.service.slow_void = lambda: "unknown_charged", lambda: True
        attempt = town.collect(BILL)
        town.client.give_up(attempt.id, "the payer waits", patience_s=0)
        town.service.resolve()

        for _ in range(3):
            town.clock.advance(60)
            town.client.tick()
            assert (town.last(BILL).phase, town.charges(BILL)) == (Phase.LIVE, 1)
        town.service.resolve()
        town.clock.advance(60)
        town.client.tick()

        assert (town.last(BILL).phase, town.charges(BILL)) == (Phase.CLOSED, 0)

    def test_finds_a_charge_whose_answer_was_lost_and_lets_it_stand(self) -> None:
        town = a_town("live")
        town.faults(scripted(None, "drop_after"), at="service")
        attempt = town.collect(BILL)

        ended = town.client.give_up(attempt.id, "the payer waits", patience_s=0)

        assert (ended.phase, ended.processor, town.charges(BILL)) == (Phase.CHARGED, Processor.CHASE, 1)

    def test_is_noted_on_what_another_process_wrote_meanwhile(self) -> None:
        town = a_town("live")
        town.faults(scripted(None, "overloaded", "drop_before", "drop_before"), at="service")
        attempt = town.collect(BILL)
        town.clock.advance(60)
        town.faults(_once(lambda: town.a_client().tick()), at="store")

        given_up = town.client.give_up(attempt.id, "the payer waits", patience_s=0)

        assert (given_up.giving_up, given_up.version) == (GivingUp.WHATEVER_IS_THERE, attempt.version + 3)

    def test_what_has_ended_changes_nothing(self) -> None:
        town = a_town("live")
        attempt = town.collect(BILL)

        assert town.client.give_up(attempt.id, "too late") == attempt

    def test_what_is_not_there_is_an_error(self) -> None:
        with pytest.raises(KeyError):
            a_town().client.give_up("att-none", "never was")


class TestShadow:
    def test_reports_what_the_existing_processor_answered_under_the_key_of_the_attempt(self) -> None:
        town = a_town("shadow")
        attempt = town.collect(BILL)

        assert town.service.shadows == {}, "the caller waited for the report"
        town.client.tick()

        control = town.service.shadows[attempt.id]["control"]
        assert {**control, "latencyMs": 0} == {
            "status": "approved",
            "code": "00",
            "amountMinor": 12599,
            "latencyMs": 0,
            "processorReference": f"ref-{attempt.id}",
        }
        assert town.client.reports() == {Report.SENT: 1}
        assert town.client.send_reports() == 0

    @pytest.mark.parametrize(("answer", "phase"), [("declined", Phase.DECLINED), ("error", Phase.FAILED)])
    def test_reports_failures_too(self, answer: str, phase: Phase) -> None:
        town = a_town("shadow")
        town.existing.answer = answer

        attempt = town.collect(BILL)
        town.client.tick()

        control = town.service.shadows[attempt.id]["control"]
        assert (attempt.phase, control["status"], control["amountMinor"]) == (phase, answer, 0)

    def test_counts_a_report_as_lost_after_so_many_tries(self) -> None:
        town = a_town("shadow", Policy(report_tries_max=3))
        town.faults(scripted(None, "drop_before", "http_500", "in_progress"), at="service")
        town.collect(BILL)

        for _ in range(5):
            town.clock.advance(60)
            town.client.tick()

        assert (town.client.reports(), town.last(BILL).phase) == ({Report.LOST: 1}, Phase.CHARGED)
        assert len(town.transport.within_s) == 4

    def test_keeps_no_more_reports_than_it_may_and_counts_the_others(self) -> None:
        town = a_town("shadow", Policy(reports_due_max=2))

        for number in range(5):
            town.collect(a_bill(number))

        assert town.client.reports() == {Report.DUE: 2, Report.LOST: 3}

    def test_counts_a_report_as_lost_where_the_instrument_is_gone(self, caplog: pytest.LogCaptureFixture) -> None:
        town = a_town("shadow")
        town.collect(BILL)
        town.sales.gone.add(BILL.reference)

        town.client.tick()

        assert town.client.reports() == {Report.LOST: 1}
        assert "instrument is gone" in town.last(BILL).reason
        assert f"the report of attempt {town.last(BILL).id} is lost" in caplog.text


class TestTheExistingProcessor:
    def test_that_does_not_say_is_asked_again_under_the_same_key(self) -> None:
        town = a_town("off")
        town.faults(scripted("drop_after", "drop_before"), at="existing")

        attempt = town.client.collect(BILL, patience_s=30)

        assert (attempt.phase, town.charges(BILL), list(town.existing.books)) == (Phase.CHARGED, 1, [attempt.id])

    def test_that_fails_leaves_a_reason_without_what_it_said(self) -> None:
        town = a_town("off")
        town.faults(scripted("drop_before"), at="existing")

        attempt = town.collect(BILL)

        assert (attempt.phase, attempt.reason) == (
            Phase.EXISTING,
            "the existing processor did not say: ConnectionError",
        )


class TestABill:
    def test_that_is_charged_is_not_charged_again(self) -> None:
        town = a_town("live")

        assert town.collect(BILL) == town.collect(BILL)
        assert town.charges(BILL) == 1

    def test_whose_charge_was_undone_may_be_collected_anew(self) -> None:
        town = a_town("off")
        first = town.collect(BILL)

        town.client.undone(first.id, "refunded in full")
        second = town.collect(BILL)

        assert (second.phase, second.id != first.id) == (Phase.CHARGED, True)

    def test_keeps_its_decision_whatever_the_percentage_becomes(self) -> None:
        town = a_town("live")
        town.faults(scripted(None, "overloaded"), at="service")
        town.collect(BILL)
        town.service.mode, town.service.percentage = "off", 0

        town.clock.advance(60)
        town.client.tick()

        assert town.last(BILL).processor is Processor.CHASE


def test_patience_ends_a_collection_that_does_not() -> None:
    town = a_town("live")
    town.service.fate = lambda: "unknown_not_charged"
    began = town.clock.at

    attempt = town.client.collect(BILL, patience_s=30)

    assert (attempt.phase, attempt.reason) == (Phase.LIVE, "202 unknown")
    assert town.clock.at - began == timedelta(seconds=2 + 2 + 2 + 5 + 15)
    assert attempt.due_at - began > timedelta(seconds=30)


def _of(bill: Bill) -> dict[str, object]:
    return {"billerId": bill.biller_id, "reference": bill.reference}


def _noting(service: FakeService, sent: list[tuple[str, str, bytes]]) -> Callable[..., object]:
    handle = service.handle

    def noted(path: str, headers: dict[str, str], body: bytes) -> object:
        sent.append((path, headers.get("idempotency-key", ""), body))
        return handle(path, headers, body)

    return noted


def _once(work: Callable[[], object]) -> Callable[[], None]:
    """As a fault: just before the next write, and not within itself."""
    left = [work]

    def fault() -> None:
        if left:
            left.pop()()

    return fault


def _then(work: Callable[..., object], more: Callable[[], object]) -> Callable[..., object]:
    def both(*arguments: object) -> object:
        result = work(*arguments)
        more()
        return result

    return both
