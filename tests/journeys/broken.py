"""The service with a port that breaks, and quotes in its error what it should not, as a careless library would."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from local.bus_publisher import BusPublisher
from shared import wiring
from shared.clock import TimeOrderedIdentifiers
from shared.database.outbox import SqlMessages
from shared.database.statements import first_by_limit
from shared.payments.inquiry import OnNotFound
from shared.payments.outcome import TransactionState
from shared.sealing import InstrumentSealing
from shared.use_cases.asking_for import AskingFor
from shared.use_cases.charging import Charging
from shared.use_cases.chase_retry import ChaseRetry
from shared.use_cases.following_up import FollowingUp
from shared.use_cases.inquiries import Inquiries
from shared.use_cases.landing import Landing
from shared.use_cases.ports import Outside
from shared.use_cases.publishing import Publishing
from shared.use_cases.reconciliation import Reconciliation
from shared.use_cases.recording import Recording
from shared.use_cases.refresh import Refresh
from shared.use_cases.refund import Refund
from shared.use_cases.sale import Sale
from shared.use_cases.sending_again import SendingAgain
from shared.use_cases.tasks import TrackedTasks
from shared.use_cases.update_state import UpdateState
from shared.use_cases.void import Void
from shared.wiring import Services
from tests.builders import approved
from tests.house import House


class Breaking:
    """As `whole`, but each of `methods` raises an error that says `text`."""

    def __init__(self, whole: object, text: str, *methods: str) -> None:
        self._whole, self._text, self._methods = whole, text, methods

    def __getattr__(self, name: str) -> Any:
        return self._break if name in self._methods else getattr(self._whole, name)

    def _break(self, *_: Any, **__: Any) -> None:
        try:
            raise ValueError(self._text)
        except ValueError as error:
            raise RuntimeError(f"on account of {self._text}") from error


class AgreeableChase:
    """Approves everything, and finds what it is asked for."""

    async def sale(self, _request: Any, payment: Any, _merchant: Any, **_: Any) -> Any:
        return approved(payment.amount.amount_minor)

    async def find_sale(self, _request_id: str, _merchant: Any) -> Any:
        return approved()

    async def get_payment(self, _transaction_id: str, _merchant: Any) -> Any:
        return approved()

    async def void(self, payment: Any, _operation: Any, _merchant: Any, **_: Any) -> Any:
        return approved(payment.amount.amount_minor, TransactionState.VOIDED)

    async def refund(self, _payment: Any, operation: Any, _merchant: Any, **_: Any) -> Any:
        return approved(operation.amount.amount_minor)

    async def find_refund(self, _request_id: str, _merchant: Any) -> Any:
        return approved()


AGREEABLE_CHASE = AgreeableChase()


@asynccontextmanager
async def serving_with(
    house: House, *, payments: Any = None, chase: Any = AGREEABLE_CHASE, **parts: Any
) -> AsyncIterator[Services]:
    """The doors of `house` serve with these ports and parts; afterwards with its own again."""
    tasks, publisher = TrackedTasks(house.telemetry), BusPublisher()
    publisher.attach(house.bus)
    outside = Outside(
        payments=payments or house.services.payments,
        chase=chase,
        merchants=house.settings.known_merchants(),
        clock=house.clock,
        pace=house.settings.pace,
        identifiers=TimeOrderedIdentifiers(),
        tasks=tasks,
        telemetry=house.telemetry,
        messages=SqlMessages(house.services.database, first=first_by_limit),
        publisher=publisher,
        sealing=InstrumentSealing(house.settings.instrument_keys),
        chance=random.random,
    )
    recording = Recording(outside, Publishing(outside))
    inquiries = Inquiries(outside, recording, on_not_found=OnNotFound.MANUAL)
    landing = Landing(outside, recording, inquiries)
    charging, following_up = Charging(outside, landing), FollowingUp(outside, landing)
    asking_for = AskingFor(outside, following_up, inquiries, answer_within_s=5.0)
    refund, sending_again = Refund(asking_for), SendingAgain(outside, recording, charging, following_up)
    services = replace(
        house.services,
        payments=outside.payments,
        sale=Sale(outside, charging, answer_within_s=5.0, in_flight_max=20, on_not_found=OnNotFound.MANUAL),
        void=Void(outside, asking_for, recording, refund),
        refund=refund,
        update_state=UpdateState(outside, recording),
        refresh=Refresh(inquiries),
        chase_retry=ChaseRetry(outside, sending_again),
        reconciliation=Reconciliation(outside, recording, inquiries, sending_again),
        **parts,
    )
    wiring.use(services)
    try:
        yield services
    finally:
        wiring.use(house.services)
        await tasks.close(within_s=0.0)
