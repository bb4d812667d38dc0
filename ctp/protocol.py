"""
The rollout protocol as two tables, without I/O, clock or chance: what to do next, and what an answer makes of it.

Kept by construction: out of LIVE the existing processor is reached only over declined-for-good answers (`failed`,
`off`, `decision-expired`), and out of EXISTING no action speaks to the service.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ctp.attempt import Attempt, Bill, Control, GivingUp, Phase, Processor, Report


class Action(StrEnum):
    """What an attempt wants done."""

    ASK = "ask"
    SELL = "sell"
    GIVE_UP = "give up"
    VOID = "void"
    CHARGE_EXISTING = "charge with the existing processor"
    REPORT = "report"


class Heard(StrEnum):
    """What came of an action, whatever its wire form was."""

    LIVE = "live"
    SHADOW = "shadow"
    OFF = "off"
    NO_DECISION = "no decision in time"
    APPROVED = "approved"
    DECLINED = "declined"
    FAILED = "failed"
    EXPIRED = "decision expired"
    VOIDED = "voided"
    BILL_TAKEN = "another payment of this bill is open"
    REFUSED = "refused, and a repeat would be"
    NOT_YET = "not known yet"
    REPORTED = "reported"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Told:
    """`reason` in words, to be written down. `payment_id` of this attempt, except with BILL_TAKEN: the other one."""

    heard: Heard
    reason: str
    payment_id: str | None = None
    payment_state: str | None = None
    retry_after_s: float = 0.0
    control: Control | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """
    What is CTP's to choose. Times in seconds.

    `give_up_after_s`: a live attempt that has no payment at Chase (no answer, refused, Chase not reached) is given up
    by itself after this time; a payment whose outcome is unknown never is. `waits_s`: before the first repeat, the
    second, ..., the last for ever; a Retry-After that asks for more is kept.
    """

    give_up_after_s: float = 300.0
    waits_s: tuple[float, ...] = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0)
    report_tries_max: int = 5
    reports_due_max: int = 10_000


# What an open attempt wants done. A live one that is being given up: see `_END`.
_NEXT: Final[Mapping[Phase, Action]] = {
    Phase.NEW: Action.ASK,
    Phase.LIVE: Action.SELL,
    Phase.SHADOW: Action.CHARGE_EXISTING,
    Phase.EXISTING: Action.CHARGE_EXISTING,
}
# How a live attempt is given up: (how, the payment that is known). A payment in doubt is only asked about by itself.
_END: Final[Mapping[tuple[GivingUp, str], Action]] = {
    (GivingUp.IF_NOTHING_THERE, "none"): Action.GIVE_UP,
    (GivingUp.IF_NOTHING_THERE, "not at Chase"): Action.VOID,
    (GivingUp.IF_NOTHING_THERE, "in doubt"): Action.GIVE_UP,
    (GivingUp.WHATEVER_IS_THERE, "none"): Action.GIVE_UP,
    (GivingUp.WHATEVER_IS_THERE, "not at Chase"): Action.VOID,
    (GivingUp.WHATEVER_IS_THERE, "in doubt"): Action.VOID,
}

# What an answer to an action makes of the attempt. Any other answer leaves it where it is, open, with the reason.
_AFTER: Final[Mapping[Action, Mapping[Heard, Phase]]] = {
    Action.ASK: {
        Heard.LIVE: Phase.LIVE,
        Heard.SHADOW: Phase.SHADOW,
        Heard.OFF: Phase.EXISTING,
        Heard.NO_DECISION: Phase.EXISTING,
        Heard.BILL_TAKEN: Phase.CLOSED,
    },
    Action.SELL: {
        Heard.APPROVED: Phase.CHARGED,
        Heard.DECLINED: Phase.DECLINED,
        Heard.FAILED: Phase.EXISTING,
        Heard.EXPIRED: Phase.EXISTING,
        Heard.OFF: Phase.EXISTING,
        Heard.VOIDED: Phase.CLOSED,
        Heard.BILL_TAKEN: Phase.CLOSED,
    },
    Action.GIVE_UP: {
        Heard.OFF: Phase.EXISTING,
        Heard.FAILED: Phase.EXISTING,
        Heard.EXPIRED: Phase.EXISTING,
        Heard.APPROVED: Phase.CHARGED,
        Heard.DECLINED: Phase.DECLINED,
        Heard.VOIDED: Phase.CLOSED,
        # The refusal stored under this key: the other payment stands, so nothing falls back.
        Heard.BILL_TAKEN: Phase.CLOSED,
    },
    Action.VOID: {
        Heard.VOIDED: Phase.CLOSED,
        Heard.FAILED: Phase.EXISTING,
        Heard.DECLINED: Phase.DECLINED,
        Heard.APPROVED: Phase.CHARGED,
    },
    Action.CHARGE_EXISTING: {
        Heard.APPROVED: Phase.CHARGED,
        Heard.DECLINED: Phase.DECLINED,
        Heard.FAILED: Phase.FAILED,
    },
}
_CHARGED_BY: Final = {Action.CHARGE_EXISTING: Processor.EXISTING}
# The contract takes 255; the void of an attempt has a longer key.
_KEY: Final = re.compile(r"[!-~]{1,200}")
# What a payment was last heard to be where Chase may well have nothing: giving up will tell.
_NOTHING_AT_CHASE: Final = frozenset({None, "received"})


def new_attempt(bill: Bill, attempt_id: str, now: datetime) -> Attempt:
    """As it is written down before anything else. `attempt_id` will be the idempotency key. Raises ValueError."""
    if not _KEY.fullmatch(attempt_id):
        raise ValueError("attempt_id: write 1-200 visible ASCII characters: it will be the Idempotency-Key")
    return Attempt(attempt_id, bill, Phase.NEW, "written down; nobody asked yet", created_at=now, due_at=now)


def next_action(attempt: Attempt) -> Action | None:
    """What to do now; None when there is nothing left to do."""
    if attempt.phase is Phase.LIVE and attempt.giving_up is not None:
        return _END[attempt.giving_up, _payment_of(attempt)]
    return _NEXT.get(attempt.phase) or (Action.REPORT if attempt.report is Report.DUE else None)


def absorb(attempt: Attempt, action: Action, told: Told, now: datetime, policy: Policy) -> Attempt:
    """The attempt after the answer to its action; what is to be stored before the next one."""
    if action is Action.REPORT:
        return _reported(attempt, told, now, policy)
    phase = _AFTER[action].get(told.heard)
    heard = replace(attempt, reason=told.reason, version=attempt.version + 1, control=told.control or attempt.control)
    if phase is None:
        return _still_open(heard, action, told, now, policy)
    if told.heard is Heard.BILL_TAKEN:
        return replace(heard, phase=phase, other_payment_id=told.payment_id, due_at=now)
    return replace(
        heard,
        phase=phase,
        mode=told.heard.value if action is Action.ASK and told.heard is not Heard.NO_DECISION else attempt.mode,
        processor=_CHARGED_BY.get(action, Processor.CHASE) if phase is Phase.CHARGED else None,
        payment_id=told.payment_id or attempt.payment_id,
        payment_state=told.payment_state or attempt.payment_state,
        report=Report.DUE if attempt.phase is Phase.SHADOW else Report.NONE,
        tries=0,
        due_at=now,
    )


def give_up(attempt: Attempt, how: GivingUp, reason: str, now: datetime) -> Attempt:
    """CTP no longer waits for Chase. Only a live attempt changes; what follows is the service's answer, not a time."""
    if attempt.phase is not Phase.LIVE or attempt.giving_up in (how, GivingUp.WHATEVER_IS_THERE):
        return attempt
    told = f"giving up: {reason}"
    return replace(attempt, giving_up=how, reason=told, tries=0, due_at=now, version=attempt.version + 1)


def overdue(attempt: Attempt, now: datetime, policy: Policy) -> bool:
    """Whether a live attempt has waited long enough, and may be given up without a person's word."""
    waited_s = (now - attempt.created_at).total_seconds()
    waiting = attempt.phase is Phase.LIVE and attempt.giving_up is None and attempt.tries > 0
    return waiting and attempt.payment_state in _NOTHING_AT_CHASE and waited_s >= policy.give_up_after_s


def undone(attempt: Attempt, reason: str) -> Attempt:
    """A charge that was voided, or refunded in full: its bill may be collected anew. Raises ValueError for another."""
    if attempt.phase is not Phase.CHARGED:
        raise ValueError(f"attempt {attempt.id} is {attempt.phase}: only a charge can be undone")
    return replace(attempt, phase=Phase.CLOSED, reason=f"undone: {reason}", version=attempt.version + 1)


def report_lost(attempt: Attempt) -> Attempt:
    """More reports are due than may be kept waiting; this one is counted instead."""
    return replace(attempt, report=Report.LOST, version=attempt.version + 1)


def _payment_of(attempt: Attempt) -> str:
    if attempt.payment_id is None:
        return "none"
    return "not at Chase" if attempt.payment_state == "received" else "in doubt"


def _still_open(attempt: Attempt, action: Action, told: Told, now: datetime, policy: Policy) -> Attempt:
    payment_id = told.payment_id or attempt.payment_id
    # A sale that brought no state may have moved the payment on: what was known of it is so no more.
    state = told.payment_state or (None if action is Action.SELL else attempt.payment_state)
    giving_up = attempt.giving_up
    at_once = action is Action.GIVE_UP and payment_id is not None
    if told.heard is Heard.REFUSED:
        giving_up, at_once = giving_up or GivingUp.IF_NOTHING_THERE, True
    elif action is Action.VOID:
        # It may be under way, so there is no way back to selling, where `authorized` would be taken for a charge.
        giving_up = GivingUp.WHATEVER_IS_THERE
    elif giving_up is GivingUp.IF_NOTHING_THERE and state not in _NOTHING_AT_CHASE:
        # There is something after all: the same key waits for it.
        giving_up, at_once = None, False
    wait_s = 0.0 if at_once else max(told.retry_after_s, _wait_s(attempt.tries, policy))
    return replace(
        attempt,
        giving_up=giving_up,
        tries=attempt.tries + 1,
        due_at=now + timedelta(seconds=wait_s),
        payment_id=payment_id,
        payment_state=state,
    )


def _reported(attempt: Attempt, told: Told, now: datetime, policy: Policy) -> Attempt:
    tries, version = attempt.report_tries + 1, attempt.version + 1
    if told.heard is Heard.REPORTED:
        return replace(attempt, report=Report.SENT, report_tries=tries, payment_id=told.payment_id, version=version)
    if told.heard is Heard.LOST or tries >= policy.report_tries_max:
        reason = f"{attempt.reason}; not reported: {told.reason}"
        return replace(attempt, report=Report.LOST, report_tries=tries, reason=reason, version=version)
    wait_s = max(told.retry_after_s, _wait_s(attempt.report_tries, policy))
    return replace(attempt, report_tries=tries, due_at=now + timedelta(seconds=wait_s), version=version)


def _wait_s(tries: int, policy: Policy) -> float:
    return policy.waits_s[min(tries, len(policy.waits_s) - 1)]
