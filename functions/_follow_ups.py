"""The bodies of what follows a sale: void, refund, and reports about a payment."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError

from functions._field_errors import refusal
from functions._fields import TEXT, Body, text
from functions._requests import ControlBody
from shared.payments.cards import holds_a_number
from shared.payments.errors import FieldError, InvalidRequest
from shared.payments.money import AMOUNT_MINOR_MAX
from shared.payments.updates import RESOLUTIONS, Update, UpdateEvent

_EVIDENCE_MAX: Final = 20
_GROUPED: Final = re.compile(r"(?<=[0-9])[ ._:-](?=[0-9])")
_TIME: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$"


def _no_number(value: str) -> str:
    """What is free text goes to rows and logs: whoever writes a card number there must be told."""
    if holds_a_number(_GROUPED.sub("", value)):
        raise ValueError("card number")
    return value


def _moment(value: str) -> str:
    datetime.fromisoformat(value)
    return value


Reason = Annotated[
    str,
    AfterValidator(_no_number),
    Field(
        pattern=TEXT,
        min_length=1,
        max_length=200,
        description="1-200 printable characters, and no card number, such as the payer changed their mind",
    ),
]
AmountMinor = Annotated[
    int, Field(ge=1, le=AMOUNT_MINOR_MAX, description=f"an integer of minor units from 1 to {AMOUNT_MINOR_MAX}")
]
EvidenceText = Annotated[str, AfterValidator(_no_number), StringConstraints(pattern=TEXT, min_length=1, max_length=100)]
EvidenceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,39}$")]


class VoidBody(Body):
    """`POST /payments/{id}/void`."""

    reason: Reason
    if_captured: Annotated[Literal["reject", "refund"], Field(description="`reject` or `refund`")] = "reject"
    control: Annotated[ControlBody | None, Field(description="an object with `status`")] = None


class RefundBody(Body):
    """`POST /payments/{id}/refunds`. Without an amount: all that is left."""

    amount_minor: AmountMinor | None = None
    reason: Reason
    if_not_captured: Annotated[Literal["reject", "void"], Field(description="`reject` or `void`")] = "reject"
    control: Annotated[ControlBody | None, Field(description="an object with `status`")] = None


class UpdateBody(Body):
    """`POST /payments/{id}/state`."""

    EVENTS: ClassVar = ", ".join(f"`{event}`" for event in UpdateEvent)

    event: Annotated[Literal[tuple(event.value for event in UpdateEvent)], Field(description=f"one of {EVENTS}")]  # type: ignore[valid-type]  # the enum's own words
    reason: Reason
    evidence: Annotated[
        dict[EvidenceName, EvidenceText | Annotated[int, Field(strict=True, ge=0, le=AMOUNT_MINOR_MAX)]],
        Field(
            max_length=_EVIDENCE_MAX,
            description=f"an object of at most {_EVIDENCE_MAX} texts of 1-100 characters (no card number) and integers",
        ),
    ]
    occurred_at: Annotated[
        str,
        AfterValidator(_moment),
        Field(pattern=_TIME, description="a time such as 2026-11-23T20:00:00.000Z"),
    ]
    operation_id: Annotated[str | None, text(r"^op_[0-9a-f]{32}$", 35, 35, example="op_" + "0" * 32)] = None
    control: Annotated[ControlBody | None, Field(description="an object with `status`")] = None

    def update(self) -> Update:
        """Raises InvalidRequest for what the event asks for and the body does not have."""
        event = UpdateEvent(self.event)
        if problems := list(_problems(event, self)):
            raise InvalidRequest(*problems)
        moment = datetime.fromisoformat(self.occurred_at).astimezone(UTC)
        occurred_at = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        return Update(event, self.reason, self.evidence, occurred_at, self.operation_id)


def _problems(event: UpdateEvent, body: UpdateBody) -> list[FieldError]:
    problems: list[FieldError] = []
    code, amount = body.evidence.get("returnCode"), body.evidence.get("amountMinor")
    if event is UpdateEvent.RETURNED and not re.fullmatch(r"R[0-9]{2}", str(code)):
        problems.append(FieldError("evidence.returnCode", "write Nacha's code of the return, such as R01"))
    needs_amount = event is UpdateEvent.RETURNED
    if (needs_amount or amount is not None) and (type(amount) is not int or amount < 1):
        problems.append(FieldError("evidence.amountMinor", f"write an integer of minor units, 1 to {AMOUNT_MINOR_MAX}"))
    if event in RESOLUTIONS and body.operation_id is None:
        problems.append(FieldError("operationId", "is required: name the operation that is unknown"))
    if event not in (*RESOLUTIONS, UpdateEvent.CONTROL_REPORTED) and body.operation_id is not None:
        problems.append(FieldError("operationId", "goes with a resolution or `control_reported` alone; leave it out"))
    if (event is UpdateEvent.CONTROL_REPORTED) != (body.control is not None):
        problems.append(FieldError("control", "goes with `control_reported`, and only with it"))
    return problems


Read = TypeVar("Read", bound=BaseModel)


def read_body(model: type[Read], body: Mapping[str, Any]) -> Read:
    """`body` as `model`. Raises InvalidRequest, which names every field that is wrong and what to write instead."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise refusal(error, model) from None
