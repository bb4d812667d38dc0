"""The service with a port that breaks, and quotes in its error what it should not, as a careless library would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from shared import wiring
from shared.clock import TimeOrderedIdentifiers
from shared.payments.inquiry import OnNotFound
from shared.use_cases.charging import Charging
from shared.use_cases.inquiries import Inquiries
from shared.use_cases.ports import Outside
from shared.use_cases.reconciliation import Reconciliation
from shared.use_cases.recording import Recording
from shared.use_cases.refresh import Refresh
from shared.use_cases.sale import Sale
from shared.use_cases.tasks import TrackedTasks
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


AGREEABLE_CHASE = AgreeableChase()


@asynccontextmanager
async def serving_with(
    house: House, *, payments: Any = None, chase: Any = AGREEABLE_CHASE, **parts: Any
) -> AsyncIterator[Services]:
    """The doors of `house` serve with these ports and parts; afterwards with its own again."""
    tasks = TrackedTasks(house.telemetry)
    outside = Outside(
        payments=payments or house.services.payments,
        chase=chase,
        merchants=house.settings.known_merchants(),
        clock=house.clock,
        pace=house.settings.pace,
        identifiers=TimeOrderedIdentifiers(),
        tasks=tasks,
        telemetry=house.telemetry,
    )
    recording = Recording(outside)
    inquiries = Inquiries(outside, recording)
    charging = Charging(outside, recording, inquiries)
    services = replace(
        house.services,
        payments=outside.payments,
        sale=Sale(outside, charging, answer_within_s=5.0, in_flight_max=20, on_not_found=OnNotFound.MANUAL),
        refresh=Refresh(outside, inquiries),
        reconciliation=Reconciliation(outside, recording, inquiries),
        **parts,
    )
    wiring.use(services)
    try:
        yield services
    finally:
        wiring.use(house.services)
        await tasks.close(within_s=0.0)
