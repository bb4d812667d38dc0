"""The protocol's tables: what is done next, and what an answer makes of an attempt."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ctp.attempt import OPEN, Attempt, GivingUp, Phase, Processor, Report
from ctp.protocol import Action, Heard, Policy, Told, absorb, give_up, new_attempt, next_action, overdue, undone
from tests.ctp.fake_service import Clock
from tests.ctp.town import a_bill

NOW = Clock().at
WHATEVER, IF_NOTHING = GivingUp.WHATEVER_IS_THERE, GivingUp.IF_NOTHING_THERE
POLICY = Policy(give_up_after_s=300, waits_s=(1.0, 5.0), report_tries_max=2)


def an_attempt(phase: Phase, **changed: object) -> Attempt:
    return replace(new_attempt(a_bill(), "att-1", NOW), phase=phase, **changed)  # type: ignore[arg-type]  # its fields


def after(attempt: Attempt, action: Action, heard: Heard, **told: object) -> Attempt:
    return absorb(attempt, action, Told(heard, "because", **told), NOW, POLICY)  # type: ignore[arg-type]  # its fields


NEXT = [
    (an_attempt(Phase.NEW), Action.ASK),
    (an_attempt(Phase.LIVE), Action.SELL),
    (an_attempt(Phase.LIVE, payment_id="pay_1"), Action.SELL),
    (an_attempt(Phase.LIVE, giving_up=WHATEVER), Action.GIVE_UP),
    (an_attempt(Phase.LIVE, giving_up=IF_NOTHING), Action.GIVE_UP),
    (an_attempt(Phase.LIVE, giving_up=IF_NOTHING, payment_id="pay_1", payment_state="received"), Action.VOID),
    (an_attempt(Phase.LIVE, giving_up=IF_NOTHING, payment_id="pay_1", payment_state="unknown"), Action.GIVE_UP),
    (an_attempt(Phase.LIVE, giving_up=WHATEVER, payment_id="pay_1", payment_state="unknown"), Action.VOID),
    (an_attempt(Phase.LIVE, giving_up=WHATEVER, payment_id="pay_1"), Action.VOID),
    (an_attempt(Phase.SHADOW), Action.CHARGE_EXISTING),
    (an_attempt(Phase.EXISTING), Action.CHARGE_EXISTING),
    (an_attempt(Phase.EXISTING, giving_up=WHATEVER, payment_id="pay_1"), Action.CHARGE_EXISTING),
    (an_attempt(Phase.CHARGED, report=Report.DUE), Action.REPORT),
    (an_attempt(Phase.CHARGED), None),
    (an_attempt(Phase.DECLINED), None),
    (an_attempt(Phase.CLOSED), None),
]


@pytest.mark.parametrize(("attempt", "action"), NEXT)
def test_what_is_done_next(attempt: Attempt, action: Action | None) -> None:
    assert next_action(attempt) is action


AFTER = {
    Action.ASK: (
        Phase.NEW,
        {"LIVE": "live", "SHADOW": "shadow", "OFF": "existing", "NO_DECISION": "existing", "BILL_TAKEN": "closed"},
    ),
    Action.SELL: (
        Phase.LIVE,
        {
            "APPROVED": "charged",
            "DECLINED": "declined",
            "FAILED": "existing",
            "EXPIRED": "existing",
            "OFF": "existing",
            "VOIDED": "closed",
            "BILL_TAKEN": "closed",
        },
    ),
    Action.GIVE_UP: (
        Phase.LIVE,
        {
            "OFF": "existing",
            "FAILED": "existing",
            "EXPIRED": "existing",
            "APPROVED": "charged",
            "DECLINED": "declined",
            "VOIDED": "closed",
            "BILL_TAKEN": "closed",
        },
    ),
    Action.VOID: (
        Phase.LIVE,
        {"VOIDED": "closed", "FAILED": "existing", "DECLINED": "declined", "APPROVED": "charged"},
    ),
    Action.CHARGE_EXISTING: (Phase.EXISTING, {"APPROVED": "charged", "DECLINED": "declined", "FAILED": "failed"}),
}


@pytest.mark.parametrize("heard", Heard)
@pytest.mark.parametrize("action", AFTER)
def test_what_each_answer_makes_of_an_attempt(action: Action, heard: Heard) -> None:
    before, table = AFTER[action]

    phase = after(an_attempt(before), action, heard).phase

    assert phase == table.get(heard.name, before)


@pytest.mark.parametrize("heard", Heard)
@pytest.mark.parametrize("action", AFTER)
def test_an_answer_without_a_meaning_leaves_it_open_with_the_reason_and_a_time(action: Action, heard: Heard) -> None:
    before, table = AFTER[action]
    if heard.name in table:
        return

    attempt = after(an_attempt(before), action, heard)

    assert attempt.phase in OPEN
    assert attempt.reason == "because"
    assert attempt.due_at >= NOW


@pytest.mark.parametrize("phase", Phase)
def test_only_a_live_attempt_is_given_up(phase: Phase) -> None:
    given_up = give_up(an_attempt(phase), WHATEVER, "tired", NOW)

    assert given_up.giving_up is (WHATEVER if phase is Phase.LIVE else None)


def test_who_asks_overrules_what_time_began_and_not_the_other_way_round() -> None:
    begun = an_attempt(Phase.LIVE, giving_up=IF_NOTHING)
    asked = an_attempt(Phase.LIVE, giving_up=WHATEVER)

    assert give_up(begun, WHATEVER, "tired", NOW).giving_up is WHATEVER
    assert give_up(asked, IF_NOTHING, "late", NOW) is asked


def test_a_refusal_that_a_repeat_would_meet_again_leads_to_giving_up_at_once() -> None:
    refused = after(an_attempt(Phase.LIVE), Action.SELL, Heard.REFUSED)

    assert (next_action(refused), refused.due_at, refused.reason) == (Action.GIVE_UP, NOW, "because")


def test_repeats_wait_longer_each_time_and_at_least_as_long_as_was_asked() -> None:
    attempt, waits = an_attempt(Phase.LIVE), []
    for retry_after_s in (0, 0, 0, 30):
        attempt = after(attempt, Action.SELL, Heard.NOT_YET, retry_after_s=retry_after_s)
        waits.append((attempt.due_at - NOW).total_seconds())

    assert waits == [1, 5, 5, 30]


def test_a_payment_learnt_of_while_giving_up_is_voided_at_once() -> None:
    giving_up = an_attempt(Phase.LIVE, giving_up=WHATEVER)

    learnt = after(giving_up, Action.GIVE_UP, Heard.NOT_YET, payment_id="pay_1", payment_state="unknown")

    assert (next_action(learnt), learnt.due_at) == (Action.VOID, NOW)


@pytest.mark.parametrize(("state", "action"), [("received", Action.VOID), ("unknown", Action.SELL)])
def test_a_payment_learnt_of_when_time_gave_up_is_voided_only_if_chase_has_nothing(state: str, action: Action) -> None:
    giving_up = an_attempt(Phase.LIVE, giving_up=IF_NOTHING)

    learnt = after(giving_up, Action.GIVE_UP, Heard.NOT_YET, payment_id="pay_1", payment_state=state)

    assert next_action(learnt) is action
    assert (learnt.due_at > NOW) is (action is Action.SELL)


def test_a_repeat_without_an_answer_leaves_the_payment_in_doubt() -> None:
    received = an_attempt(Phase.LIVE, tries=1, payment_id="pay_1", payment_state="received")

    silent = after(received, Action.SELL, Heard.NOT_YET)
    given_up = give_up(silent, IF_NOTHING, "late", NOW)

    assert (silent.payment_id, silent.payment_state, next_action(given_up)) == ("pay_1", None, Action.GIVE_UP)


def test_there_is_no_way_back_from_a_void_that_was_sent() -> None:
    voiding = an_attempt(Phase.LIVE, giving_up=IF_NOTHING, payment_id="pay_1", payment_state="received")

    told = after(voiding, Action.VOID, Heard.NOT_YET, payment_state="unknown")

    assert next_action(told) is Action.VOID
    assert told.due_at > NOW


def test_the_payment_that_stood_in_the_way_is_not_taken_for_its_own() -> None:
    closed = after(an_attempt(Phase.LIVE), Action.SELL, Heard.BILL_TAKEN, payment_id="pay_other")

    assert (closed.payment_id, closed.other_payment_id) == (None, "pay_other")


def test_who_charged_is_written_down() -> None:
    assert after(an_attempt(Phase.LIVE), Action.SELL, Heard.APPROVED).processor is Processor.CHASE
    assert after(an_attempt(Phase.SHADOW), Action.CHARGE_EXISTING, Heard.APPROVED).processor is Processor.EXISTING
    assert after(an_attempt(Phase.LIVE), Action.SELL, Heard.DECLINED).processor is None


@pytest.mark.parametrize("heard", [Heard.APPROVED, Heard.DECLINED, Heard.FAILED])
def test_shadow_owes_a_report_whatever_the_existing_processor_said(heard: Heard) -> None:
    assert after(an_attempt(Phase.SHADOW), Action.CHARGE_EXISTING, heard).report is Report.DUE
    assert after(an_attempt(Phase.EXISTING), Action.CHARGE_EXISTING, heard).report is Report.NONE


def test_a_report_is_tried_so_often_and_then_counted_as_lost() -> None:
    owing = an_attempt(Phase.CHARGED, report=Report.DUE)

    once = after(owing, Action.REPORT, Heard.NOT_YET)
    twice = after(once, Action.REPORT, Heard.NOT_YET)

    assert (once.report, once.due_at) == (Report.DUE, NOW + timedelta(seconds=1))
    assert (twice.report, twice.phase) == (Report.LOST, Phase.CHARGED)
    assert "because" in twice.reason


WAITED = NOW + timedelta(seconds=300)
OVERDUE = [
    ("no answer at all", an_attempt(Phase.LIVE, tries=3), True),
    ("Chase not reached", an_attempt(Phase.LIVE, tries=3, payment_id="pay_1", payment_state="received"), True),
    ("an unknown outcome", an_attempt(Phase.LIVE, tries=3, payment_id="pay_1", payment_state="unknown"), False),
    ("not tried yet", an_attempt(Phase.LIVE), False),
    ("being given up", an_attempt(Phase.LIVE, tries=3, giving_up=WHATEVER), False),
    ("not live", an_attempt(Phase.EXISTING, tries=3), False),
]


@pytest.mark.parametrize(("attempt", "expected"), [case[1:] for case in OVERDUE], ids=[case[0] for case in OVERDUE])
def test_time_gives_up_only_what_has_nothing_at_chase(attempt: Attempt, expected: bool) -> None:
    assert overdue(attempt, WAITED, POLICY) is expected
    assert not overdue(attempt, WAITED - timedelta(milliseconds=1), POLICY)


def test_only_a_charge_can_be_undone() -> None:
    assert undone(an_attempt(Phase.CHARGED), "refunded").phase is Phase.CLOSED
    with pytest.raises(ValueError, match="only a charge"):
        undone(an_attempt(Phase.LIVE), "refunded")


@pytest.mark.parametrize("attempt_id", ["", "att 1", "att-ü", "a" * 201, "att\n"])
def test_an_attempt_has_an_id_that_can_be_a_key(attempt_id: str) -> None:
    with pytest.raises(ValueError, match="visible ASCII"):
        new_attempt(a_bill(), attempt_id, NOW)


def test_every_change_raises_the_version() -> None:
    attempt = an_attempt(Phase.LIVE, version=7)

    changed = [after(attempt, action, heard) for action in AFTER for heard in Heard]

    assert {each.version for each in [*changed, give_up(attempt, WHATEVER, "tired", NOW)]} == {8}
