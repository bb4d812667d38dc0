"""The bodies of what follows a sale: void, refund, and reports about a payment."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from functions._field_errors import refusal
from functions._fields import TEXT, Body, no_card, text
from functions._requests import ControlBody
from shared.payments.errors import FieldError, InvalidRequest
from shared.payments.money import AMOUNT_MINOR_MAX
from shared.payments.updates import RESOLUTIONS, Update, UpdateEvent

_EVIDENCE_MAX: Final = 20
# A return code of Nacha's.
_RETURN_CODE: Final = re.compile(r"R(?!00)[0-9]{2}")
# Of this century: a moment at either end of the calendar has none in UTC.
_TIME: Final = (
    r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)


def _moment(value: str) -> str:
    """Raises ValueError for a day that its month does not have."""
    datetime.fromisoformat(value)
    return value


def _whole(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """One error for a value that may be of two kinds, not one for each."""
    try:
        return read(value)
    except ValidationError:
        raise ValueError("neither") from None


Reason = Annotated[
    str,
    StringConstraints(pattern=TEXT, min_length=1, max_length=200),
    AfterValidator(no_card),
    Field(
        description="1-200 printable characters without `<>{}` and without a card number, "
        "such as the payer changed their mind",
    ),
]
_AMOUNT: Final = f"an integer of minor units from 1 to {AMOUNT_MINOR_MAX}"
EvidenceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,39}$"), AfterValidator(no_card)]
EvidenceText = Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=100), AfterValidator(no_card)]
EvidenceValue = Annotated[
    EvidenceText | Annotated[int, Field(strict=True, ge=0, le=AMOUNT_MINOR_MAX)], WrapValidator(_whole)
]


class VoidBody(Body):
    """`POST /payments/{id}/void`."""

    reason: Reason
    if_captured: Annotated[Literal["reject", "refund"], Field(description="`reject` or `refund`")] = "reject"
    control: Annotated[ControlBody | None, Field(description="an object with `status`")] = None


class RefundBody(Body):
    """`POST /payments/{id}/refunds`. Without an amount: all that is left."""

    amount_minor: Annotated[int | None, Field(ge=1, le=AMOUNT_MINOR_MAX, description=_AMOUNT)] = None
    reason: Reason
    if_not_captured: Annotated[Literal["reject", "void"], Field(description="`reject` or `void`")] = "reject"
    control: Annotated[ControlBody | None, Field(description="an object with `status`")] = None


class UpdateBody(Body):
    """`POST /payments/{id}/state`."""

    EVENTS: ClassVar = ", ".join(f"`{event}`" for event in UpdateEvent)

    event: Annotated[Literal[tuple(event.value for event in UpdateEvent)], Field(description=f"one of {EVENTS}")]  # type: ignore[valid-type]  # the enum's own words
    reason: Reason
    evidence: Annotated[
        dict[EvidenceName, EvidenceValue],
        Field(
            max_length=_EVIDENCE_MAX,
            description=f"an object of at most {_EVIDENCE_MAX} texts of 1-100 printable characters (no card number) "
            f"and integers from 0 to {AMOUNT_MINOR_MAX}, by names of 1-40 letters, digits, `_`, `.` and `-` that begin "
            "with a letter",
        ),
    ]
    occurred_at: Annotated[
        str,
        StringConstraints(pattern=_TIME),
        AfterValidator(_moment),
        Field(description="a time with its offset from UTC, such as 2026-11-23T20:00:00.000Z"),
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
    """What the event asks for beside the fields' own forms."""
    problems: list[FieldError] = []
    is_return, is_control = event is UpdateEvent.RETURNED, event is UpdateEvent.CONTROL_REPORTED
    code, amount = body.evidence.get("returnCode"), body.evidence.get("amountMinor")
    if is_return and not _RETURN_CODE.fullmatch(str(code)):
        problems.append(FieldError("evidence.returnCode", "write Nacha's code of the return, such as R01"))
    if (is_return or amount is not None) and (type(amount) is not int or amount < 1):
        said = f"write {_AMOUNT}"
        problems.append(FieldError("evidence.amountMinor", said))
    if event in RESOLUTIONS and body.operation_id is None:
        problems.append(FieldError("operationId", "is required: write the id of the operation that is unknown"))
    if event not in (*RESOLUTIONS, UpdateEvent.CONTROL_REPORTED) and body.operation_id is not None:
        problems.append(
            FieldError("operationId", "leave it out: it goes with `resolved_` events and `control_reported`")
        )
    if is_control and body.control is None:
        problems.append(FieldError("control", "is required: write what the existing processor answered"))
    if not is_control and body.control is not None:
        problems.append(FieldError("control", "leave it out: it goes with `control_reported` alone"))
    return problems


Read = TypeVar("Read", bound=BaseModel)


def read_body(model: type[Read], body: Mapping[str, Any]) -> Read:
    """`body` as `model`. Raises InvalidRequest, which names every field that is wrong and what to write instead."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise refusal(error, model) from None
