"""The generated block of docs/openapi.yaml: schemas of what callers send, and every word that has a fixed list."""

import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any, Final

import yaml

from docs.request_schemas import schemas_of
from functions._follow_ups import RefundBody, UpdateBody, VoidBody
from functions._http import STATUS_OF
from functions._requests import SaleBody
from shared.payments.errors import PaymentServiceError
from shared.payments.money import Money
from shared.payments.operations import OperationKind, OperationState
from shared.payments.outcome import (
    Approved,
    Declined,
    NotSent,
    Outcome,
    Pending,
    Retry,
    Transaction,
    TransactionState,
    Unknown,
    record,
)
from shared.payments.state_machine import Event, State
from shared.use_cases.readiness import Status

_BLOCK: Final = re.compile(r"(?P<begin>(?P<indent> *)# generated: begin[^\n]*\n).*?(?P<end> *# generated: end)", re.S)

# One outcome of each kind: its record is what a caller sees of it.
_OUTCOMES: Final[tuple[Outcome, ...]] = (
    Approved(Transaction("", TransactionState.AUTHORIZED, Money(1, "USD"))),
    Declined("", ""),
    Pending("", ""),
    Unknown("", ""),
    NotSent("", ""),
)


def filled(page: str) -> str:
    """The page with its generated block anew; what stands around the markers is written by hand."""

    def block(found: re.Match[str]) -> str:
        text = yaml.dump(_schemas(), Dumper=_Readable, sort_keys=False, width=100, default_flow_style=None)
        indented = "".join(found["indent"] + line if line.strip() else line for line in text.splitlines(keepends=True))
        return found["begin"] + indented + found["end"]

    return _BLOCK.sub(block, page)


def error_codes() -> dict[str, tuple[HTTPStatus, str]]:
    """Every code of the taxonomy with its status and title, by status."""
    kinds = [kind for kind in _with_subclasses(PaymentServiceError) if "code" in vars(kind)]
    found = {kind.code: (_status(kind), kind.title) for kind in kinds}
    return dict(sorted(found.items(), key=lambda item: item[1][0]))


def outcome_statuses() -> list[str]:
    return [str(record(outcome, "")["status"]) for outcome in _OUTCOMES]


def _schemas() -> dict[str, Any]:
    return {
        **schemas_of(SaleBody),
        **schemas_of(VoidBody),
        **schemas_of(RefundBody),
        **schemas_of(UpdateBody),
        "State": _enum(State, "Where a payment stands (docs/payment-states.md)."),
        "Event": _enum(Event, "What happened to a payment (docs/payment-states.md)."),
        "OperationKind": _enum(OperationKind, "What was asked of Chase."),
        "OperationState": _enum(OperationState, "Where that stands (docs/payment-states.md)."),
        "OutcomeStatus": _enum(outcome_statuses(), "What is known of Chase's answer; `not_sent`: nothing left us."),
        "Retry": _enum(
            Retry,
            "What the caller may do: nothing; try again another day, under a new key; repeat under the same key; "
            "or begin at once under a new one.",
        ),
        "HealthStatus": _enum(Status, "`degraded`: payments are taken and read, but something outside is not well."),
        "ErrorCode": _enum(error_codes(), _error_table()),
    }


def _enum(words: Iterable[str], description: str) -> dict[str, Any]:
    return {"description": description, "type": "string", "enum": [str(word) for word in words]}


def _error_table() -> str:
    head = ["Each answer of a route lists its own.", "", "| code | status | title |", "| --- | --- | --- |"]
    rows = [f"| `{code}` | {status.value} | {title} |" for code, (status, title) in error_codes().items()]
    return "\n".join([*head, *rows])


def _with_subclasses(kind: type[PaymentServiceError]) -> Iterator[type[PaymentServiceError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _with_subclasses(each)


def _status(kind: type[PaymentServiceError]) -> HTTPStatus:
    return next(STATUS_OF[each] for each in kind.__mro__ if each in STATUS_OF)


class _Readable(yaml.SafeDumper):
    """Texts of several lines as blocks, and nothing by reference."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.Node:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _Readable.represent_text)
