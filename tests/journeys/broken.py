"""The service with a port that breaks, and quotes in its error what it should not, as a careless library would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from local.bus_publisher import BusPublisher
from shared import wiring
from shared.payments.outcome import TransactionState
from shared.use_cases.ports import Outside
from shared.wiring import Services
from shared.wiring.build import build
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
    publisher = BusPublisher()
    publisher.attach(house.bus)

    def through(outside: Outside) -> Outside:
        return replace(outside, payments=payments or outside.payments, chase=chase)

    built = build(house.settings, publisher=publisher, clock=house.clock, telemetry=house.telemetry, through=through)
    services = replace(built, **parts)
    wiring.use(services)
    try:
        yield services
    finally:
        wiring.use(house.services)
        await services.close()
