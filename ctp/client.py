"""CTP's side of the rollout: each bill charged once, by one processor, whatever breaks on the way."""

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from tenacity import RetryCallState, Retrying, retry_if_result

from ctp import protocol
from ctp.attempt import Attempt, Bill, Control, GivingUp, Phase, Report
from ctp.existing import ExistingAnswer, ExistingProcessor, SaleSource
from ctp.protocol import Action, Heard, Policy, Told
from ctp.service import PaymentService
from ctp.store import AttemptStore, ChangedMeanwhile

_LOG: Final = logging.getLogger("ctp")
_EXISTING: Final = {"approved": Heard.APPROVED, "declined": Heard.DECLINED, "error": Heard.FAILED}
_FOR_EVER: Final = datetime.max.replace(tzinfo=UTC)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class RolloutClient:
    """
    Collects bills by the protocol. Safe to use from several threads, and by several processes on one store.

    `collect` for a bill; `tick` every few seconds for what could not end at once and for what shadow owes the service;
    `resume` after a start. A crash at any moment loses nothing: each answer is stored before the step it allows.
    """

    def __init__(
        self,
        store: AttemptStore,
        service: PaymentService,
        existing: ExistingProcessor,
        sales: SaleSource,
        *,
        policy: Policy | None = None,
        now: Callable[[], datetime] = _utc_now,
        new_id: Callable[[], str] = lambda: f"att_{uuid.uuid4().hex}",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store, self._service, self._existing, self._sales = store, service, existing, sales
        self._policy, self._now, self._new_id, self._sleep = policy or Policy(), now, new_id, sleep

    def collect(self, bill: Bill, *, patience_s: float = 30.0) -> Attempt:
        """
        Collect the bill, or carry on with the attempt it has; a bill that is charged is not charged again.

        Returns the attempt: ended, or open with its reason after `patience_s` seconds of repeats. `tick` goes on.
        """
        started = protocol.new_attempt(bill, self._new_id(), self._now())
        return self._carry_on(self._store.begin(started), patience_s)

    def give_up(self, attempt_id: str, reason: str, *, patience_s: float = 30.0) -> Attempt:
        """
        Stop waiting for Chase. The payment is voided, or the decision turned off; the existing processor follows only
        an answer of `failed` or `off`. A payment found charged stays charged. Raises KeyError: no such attempt.
        """
        self._change(
            attempt_id, lambda attempt: protocol.give_up(attempt, GivingUp.WHATEVER_IS_THERE, reason, self._now())
        )
        return self._carry_on(self._stored(attempt_id), patience_s)

    def undone(self, attempt_id: str, reason: str) -> Attempt:
        """Note that a charge was voided or refunded in full, so that its bill may be collected anew."""
        return self._change(attempt_id, lambda attempt: protocol.undone(attempt, reason))

    def resume(self, *, limit: int = 100_000) -> list[Attempt]:
        """Carry on with every open attempt, once each, without waiting for it to be due: after a start."""
        return [self._run(attempt.id) for attempt in self._store.open_attempts(_FOR_EVER, limit)]

    def tick(self, *, limit: int = 100) -> list[Attempt]:
        """Carry on with what is due, once each, then send reports that are due. Returns the attempts carried on."""
        moved = [self._run(attempt.id) for attempt in self._store.open_attempts(self._now(), limit)]
        self.send_reports(limit=limit)
        return moved

    def send_reports(self, *, limit: int = 100) -> int:
        """Tell the service of attempts in shadow, each once. Returns how many were tried. Charges nobody."""
        due = self._store.reports_due(self._now(), limit)
        for attempt in due:
            self._step(attempt, Action.REPORT)
        return len(due)

    def reports(self) -> Mapping[Report, int]:
        """Reports due, sent and lost: what shadow cannot know, counted."""
        return self._store.reports()

    def _carry_on(self, attempt: Attempt, patience_s: float) -> Attempt:
        ends_at = self._now() + timedelta(seconds=patience_s)
        repeats = Retrying(
            retry=retry_if_result(lambda result: result.is_open),
            wait=lambda state: max(0.0, (_result(state).due_at - self._now()).total_seconds()),
            stop=lambda state: _result(state).due_at > ends_at,
            sleep=self._sleep,
            retry_error_callback=_result,
        )
        result: Attempt = repeats(self._run, attempt.id)
        return result

    def _run(self, attempt_id: str) -> Attempt:
        """Step by step until it has ended, or must wait."""
        attempt = self._stored(attempt_id)
        while attempt.is_open and (action := protocol.next_action(attempt)) is not None:
            attempt = self._step(attempt, action)
            if attempt.due_at > self._now():
                waiting, attempt = attempt, self._given_up_if_overdue(attempt)
                if attempt is waiting:
                    break
        return attempt

    def _given_up_if_overdue(self, attempt: Attempt) -> Attempt:
        now = self._now()
        if not protocol.overdue(attempt, now, self._policy):
            return attempt
        reason = f"no payment after {self._policy.give_up_after_s:g} s; last: {attempt.reason}"
        return self._written(attempt, protocol.give_up(attempt, GivingUp.IF_NOTHING_THERE, reason, now))

    def _step(self, attempt: Attempt, action: Action) -> Attempt:
        told = self._done(action, attempt)
        after = protocol.absorb(attempt, action, told, self._now(), self._policy)
        if action is Action.REPORT and after.report is Report.LOST:
            _LOG.warning("the report of attempt %s is lost: %s", attempt.id, told.reason)
        if after.report is Report.DUE and attempt.phase is Phase.SHADOW and self._too_many_reports():
            after = protocol.report_lost(after)
        return self._written(attempt, after)

    def _done(self, action: Action, attempt: Attempt) -> Told:
        match action:
            case Action.ASK:
                return self._service.decide(attempt)
            case Action.GIVE_UP:
                return self._service.give_up(attempt)
            case Action.VOID:
                return self._service.void(attempt)
            case Action.CHARGE_EXISTING:
                return self._charged_by_existing(attempt)
        return self._sold(action, attempt)

    def _sold(self, action: Action, attempt: Attempt) -> Told:
        sale = self._sales.sale(attempt)
        if sale is None:
            heard = Heard.LOST if action is Action.REPORT else Heard.REFUSED
            return Told(heard, "the instrument is gone: the sale cannot be sent again")
        return self._service.report(attempt, sale) if action is Action.REPORT else self._service.sell(attempt, sale)

    def _charged_by_existing(self, attempt: Attempt) -> Told:
        began_s = time.monotonic()
        try:
            answer = self._existing.charge(key=attempt.id, attempt=attempt)
        except Exception as error:
            # Its text may quote what was sent; its name does not.
            return Told(Heard.NOT_YET, f"the existing processor did not say: {type(error).__name__}")
        control = _control(answer, attempt.bill, round((time.monotonic() - began_s) * 1000))
        return Told(
            _EXISTING[answer.status], f"{answer.status} by the existing processor: {_why(attempt)}", control=control
        )

    def _too_many_reports(self) -> bool:
        return self._store.reports_due_count() >= self._policy.reports_due_max

    def _change(self, attempt_id: str, change: Callable[[Attempt], Attempt]) -> Attempt:
        """Made again on what is stored until it fits: somebody else may be at work on the same attempt."""
        while True:
            before = self._stored(attempt_id)
            after = change(before)
            if after is before or self._written(before, after) is after:
                return after

    def _written(self, before: Attempt, after: Attempt) -> Attempt:
        """What is stored now: `after`, or what somebody else made of it meanwhile."""
        try:
            self._store.replace(before, after)
        except ChangedMeanwhile:
            return self._stored(before.id)
        return after

    def _stored(self, attempt_id: str) -> Attempt:
        attempt = self._store.get(attempt_id)
        if attempt is None:
            raise KeyError(attempt_id)
        return attempt


def _result(state: RetryCallState) -> Attempt:
    """Of the last run, which returned: what it raises is never repeated here."""
    assert state.outcome is not None
    attempt: Attempt = state.outcome.result()
    return attempt


def _control(answer: ExistingAnswer, bill: Bill, latency_ms: int) -> Control:
    amount_minor = bill.amount_minor if answer.status == "approved" else 0
    return Control(answer.status, answer.code, amount_minor, latency_ms, answer.processor_reference)


def _why(attempt: Attempt) -> str:
    """Why the existing processor: what was written down before it was asked."""
    return attempt.reason if attempt.phase is Phase.EXISTING else "shadow"
