"""The payment methods that this simulator takes. A further one is a module of its own and a line here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from local.chase_simulator import ach, applepay, card, googlepay, sealed
from local.chase_simulator.exchange import Json
from local.chase_simulator.validation import Problem, Rule
from local.chase_simulator.verdicts import Verdict


def _no_problems(_instrument: Json, _request: Json) -> Iterator[Problem]:
    yield from ()


@dataclass(frozen=True, slots=True)
class Instrument:
    """
    How one payment method is checked, judged, `kept` without its secrets, and `answered`.

    `rule` is for its own fields; `problems` is for a payment request that is right field by field.
    """

    rule: Rule
    verdict: Callable[[Json, Json], Verdict]
    kept: Callable[[Json], Json]
    answered: Callable[[Json, Json, Verdict, int], Json]
    problems: Callable[[Json, Json], Iterator[Problem]] = _no_problems


INSTRUMENTS: Final[Mapping[str, Instrument]] = MappingProxyType({
    "card": Instrument(card.RULE, card.verdict, card.kept, card.answered),
    "ach": Instrument(ach.RULE, ach.verdict, ach.kept, ach.answered, ach.problems),
    "applepay": Instrument(applepay.RULE, sealed.verdict, sealed.kept, sealed.answered),
    "googlepay": Instrument(googlepay.RULE, sealed.verdict, sealed.kept, sealed.answered, googlepay.problems),
})  # fmt: skip


def instrument_problems(request: Json) -> Iterator[Problem]:
    """What a payment method asks of a payment request that is right field by field."""
    name, instrument = _the_one(request)
    return INSTRUMENTS[name].problems(instrument, request)


def without_secrets(request: Json) -> Json:
    """A valid payment or verification request as it may be kept."""
    name, instrument = _the_one(request)
    return {**request, "paymentMethodType": {name: INSTRUMENTS[name].kept(instrument)}}


def verdict_on(request: Json) -> Verdict:
    """What becomes of a valid payment request."""
    name, instrument = _the_one(request)
    return INSTRUMENTS[name].verdict(instrument, request)


def payment_method_answer(request: Json, verdict: Verdict, serial: int) -> Json:
    """`paymentMethodType` of the answer to a valid payment or verification request."""
    name, instrument = _the_one(request)
    return {name: INSTRUMENTS[name].answered(instrument, request, verdict, serial)}


def _the_one(request: Json) -> tuple[str, Json]:
    ((name, instrument),) = request["paymentMethodType"].items()
    return name, instrument
