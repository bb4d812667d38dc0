"""The payment methods that this simulator takes. A further one is a module of its own and a line here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from local.chase_simulator import card
from local.chase_simulator.validation import Rule
from local.chase_simulator.verdicts import Verdict

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Instrument:
    """How one payment method is checked (`rule`), `kept` without its secrets, and `answered`."""

    rule: Rule
    kept: Callable[[Json], Json]
    answered: Callable[[Json, Json, Verdict, int], Json]


INSTRUMENTS: Final[Mapping[str, Instrument]] = MappingProxyType({
    "card": Instrument(rule=card.RULE, kept=card.kept, answered=card.answered),
})  # fmt: skip


def without_secrets(request: Json) -> Json:
    """A valid payment request as it may be kept."""
    (name, instrument), *_ = request["paymentMethodType"].items()
    return {**request, "paymentMethodType": {name: INSTRUMENTS[name].kept(instrument)}}


def payment_method_answer(request: Json, verdict: Verdict, serial: int) -> Json:
    """`paymentMethodType` of the answer to a valid payment request."""
    (name, instrument), *_ = request["paymentMethodType"].items()
    return {name: INSTRUMENTS[name].answered(instrument, request, verdict, serial)}
