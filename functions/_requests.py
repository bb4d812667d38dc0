"""The bodies that callers send, as models. A field's description says what to write, and is what an error says."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from functions._field_errors import keep_in_place, refusal
from functions._fields import TEXT, Body, no_card, text
from functions._instruments import MethodBody
from shared.payments.cards import holds_a_card
from shared.payments.money import AMOUNT_MINOR_MAX, Money
from shared.payments.requests import Address, Initiator, Payer, SaleRequest
from shared.shadow.pair import Control, ControlStatus

_METADATA_MAX: Final = 20


class AddressBody(Body):
    line1: Annotated[str, text(TEXT, 1, 40, example="1 Main St")]
    line2: Annotated[str | None, text(TEXT, 1, 40, example="Apt 2")] = None
    city: Annotated[str, text(TEXT, 1, 40, example="Boston")]
    state: Annotated[str, text(r"^[A-Z0-9]{2,3}$", 2, 3, example="MA")]
    postal_code: Annotated[str, text(r"^[A-Za-z0-9]+[- ]?[A-Za-z0-9]+$", 3, 12, example="02110")]
    country: Annotated[str, text(r"^[A-Z]{3}$", 3, 3, example="USA")]


class PayerBody(Body):
    first_name: Annotated[str, text(TEXT, 1, 70, example="Ada")]
    last_name: Annotated[str, text(TEXT, 1, 70, example="Byron")]
    email: Annotated[str, text(r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$", 6, 60, example="ada@example.com")]
    address: Annotated[AddressBody, Field(description="an object with line1, city, state, postalCode and country")]

    def payer(self) -> Payer:
        return Payer(self.first_name, self.last_name, self.email, Address(**self.address.model_dump()))


class ControlBody(Body):
    """What the existing processor answered, in shadow."""

    status: Annotated[Literal["approved", "declined", "error"], Field(description="`approved`, `declined` or `error`")]
    code: Annotated[
        Annotated[str, text(r"^[\x20-\x7E]+$", 1, 64, example="00"), AfterValidator(no_card)] | None,
        Field(description="1-64 visible characters without a card number, such as 00"),
    ] = None
    amount_minor: Annotated[int | None, Field(ge=0, le=AMOUNT_MINOR_MAX, description="an integer of minor units")] = (
        None
    )
    latency_ms: Annotated[int | None, Field(ge=0, le=3_600_000, description="an integer of milliseconds")] = None
    processor_reference: Annotated[str | None, text(r"^[\x20-\x7E]+$", 1, 100, example="ch_123")] = None

    def control(self) -> Control:
        """A processor's reference that looks like a card number is not kept: it is compared with nothing."""
        reference = self.processor_reference
        hidden = reference is not None and holds_a_card(reference)
        return Control(
            ControlStatus(self.status),
            self.code,
            self.amount_minor,
            self.latency_ms,
            "(hidden)" if hidden else reference,
        )


class SaleBody(Body):
    """`POST /payments`."""

    # What the fingerprint of the body leaves out: shadow's control may be learned later.
    NOT_FINGERPRINTED: ClassVar = frozenset({"control"})

    biller_id: Annotated[str, text(r"^[a-z0-9][a-z0-9-]*$", 1, 40, example="city-water")]
    reference: Annotated[
        str, text(r"^[A-Za-z0-9._-]([A-Za-z0-9 ._-]*[A-Za-z0-9._-])?$", 1, 64, example="INV-2026-000123")
    ]
    amount_minor: Annotated[
        int, Field(ge=1, le=AMOUNT_MINOR_MAX, description=f"an integer of minor units from 1 to {AMOUNT_MINOR_MAX}")
    ]
    currency: Annotated[str, text(r"^[A-Z]{3}$", 3, 3, example="USD")]
    method: Annotated[MethodBody, Field(description="an object with `type`, and what that type needs")]
    payer: Annotated[PayerBody, Field(description="an object with firstName, lastName, email and address")]
    initiator: Annotated[Literal["payer", "biller"], Field(description="`payer` or `biller`")]
    statement_descriptor: Annotated[str | None, text(r"^[A-Za-z0-9 .,&*'/-]+$", 4, 100, example="CITY WATER*BILL")] = (
        None
    )
    metadata: Annotated[
        dict[
            Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,39}$")],
            Annotated[str, StringConstraints(pattern=TEXT, min_length=1, max_length=100)],
        ],
        Field(
            max_length=_METADATA_MAX,
            description=f"at most {_METADATA_MAX} texts of 1-100 characters, by names of 1-40 letters, digits, "
            "`_`, `.` and `-` that begin with a letter",
        ),
    ] = Field(default_factory=dict)
    control: Annotated[ControlBody | None, Field(description="an object with `status`")] = None

    def sale(self) -> SaleRequest:
        return SaleRequest(
            biller_id=self.biller_id,
            reference=self.reference,
            amount=Money(self.amount_minor, self.currency),
            method=self.method.instrument(),
            payer=self.payer.payer(),
            initiator=Initiator(self.initiator),
            statement_descriptor=self.statement_descriptor,
            metadata=self.metadata,
        )


def read_sale(body: Mapping[str, Any], *, idempotency_key: str) -> tuple[SaleRequest, Control | None]:
    """The sale in `body`, and its control. Raises InvalidRequest, which names each wrong field and what to write."""
    try:
        read = SaleBody.model_validate(body)
    except ValidationError as error:
        raise refusal(error, SaleBody) from None
    keep_in_place({**body, "Idempotency-Key": idempotency_key}, read.method.sealed())
    return read.sale(), None if read.control is None else read.control.control()


def fingerprinted(body: Mapping[str, Any]) -> dict[str, Any]:
    """What makes two bodies the same request."""
    return {name: value for name, value in body.items() if name not in SaleBody.NOT_FINGERPRINTED}
