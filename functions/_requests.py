"""The bodies that callers send, as models. A field's description says what to write, and is what an error says."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from functions._json import PROBLEMS_MAX, Path, shown_path
from shared.payments.cards import passes_luhn
from shared.payments.errors import FieldError, InvalidRequest
from shared.payments.money import AMOUNT_MINOR_MAX, Money
from shared.payments.requests import Address, Card, Initiator, Payer, SaleRequest, TokenType
from shared.payments.secret import Secret

# Printable text of any script; what Chase refuses in text fields (`<>{}`) we refuse first.
_TEXT: Final = r"^[^\p{C}\p{Zl}\p{Zp}<>{}]+$"
_METADATA_MAX: Final = 20
# A shorter token than the shortest card number may stand in another text by chance.
_NUMBER_LENGTH_MIN: Final = 12
_NOT_IN_A_NUMBER: Final = re.compile(r"[^A-Za-z0-9]")


def _text(pattern: str, low: int, high: int, *, example: str) -> Any:
    """A text field: what it takes, and an error that says so."""
    length = f"{low}-{high}" if low < high else f"{low}"
    described = f"{length} characters that match {pattern}, such as {example}"
    return Field(pattern=pattern, min_length=low, max_length=high, description=described)


def _check_digit(number: str) -> str:
    if not passes_luhn(number):
        raise ValueError("Luhn")
    return number


class _Body(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, alias_generator=to_camel, frozen=True, hide_input_in_errors=True
    )


class ExpiryBody(_Body):
    month: Annotated[int, Field(ge=1, le=12, description="an integer from 1 to 12")]
    year: Annotated[int, Field(ge=2000, le=2099, description="a year of four digits, such as 2029")]


class CardBody(_Body):
    """A card by its number, or by a token for it: exactly one of the two."""

    type: Annotated[Literal["card"], Field(description="`card`")]
    number: Annotated[
        str | None,
        StringConstraints(pattern=r"^[0-9]{12,19}$"),
        AfterValidator(lambda number: number and _check_digit(number)),
        Field(description="12-19 digits with a valid check digit, without spaces; or leave it out and send `token`"),
    ] = None
    token: Annotated[
        str | None,
        StringConstraints(pattern=r"^[A-Za-z0-9]{4,19}$"),
        Field(description="4-19 letters and digits; or leave it out and send `number`"),
    ] = None
    token_type: Annotated[
        Literal["safetech", "network"] | None, Field(description="`safetech` (default) or `network`, with `token` only")
    ] = None
    expiry: Annotated[ExpiryBody, Field(description="an object with `month` and `year`")]
    cvv: Annotated[
        str | None, StringConstraints(pattern=r"^[0-9]{3,4}$"), Field(description="3 or 4 digits, as a string")
    ] = None

    @model_validator(mode="after")
    def _number_or_token(self) -> "CardBody":
        if (self.number is None) == (self.token is None):
            raise ValueError("send either `number` or `token`")
        if self.token is None and self.token_type is not None:
            raise ValueError("`tokenType` goes with `token` only; leave it out")
        return self

    def card(self) -> Card:
        return Card(
            number=Secret(self.number or self.token or ""),
            month=self.expiry.month,
            year=self.expiry.year,
            cvv=None if self.cvv is None else Secret(self.cvv),
            token_type=TokenType(self.token_type or TokenType.SAFETECH) if self.token else None,
        )


class AddressBody(_Body):
    line1: Annotated[str, _text(_TEXT, 1, 40, example="1 Main St")]
    line2: Annotated[str | None, _text(_TEXT, 1, 40, example="Apt 2")] = None
    city: Annotated[str, _text(_TEXT, 1, 40, example="Boston")]
    state: Annotated[str, _text(r"^[A-Z0-9]{2,3}$", 2, 3, example="MA")]
    postal_code: Annotated[str, _text(r"^[A-Za-z0-9]+[- ]?[A-Za-z0-9]+$", 3, 12, example="02110")]
    country: Annotated[str, _text(r"^[A-Z]{3}$", 3, 3, example="USA")]


class PayerBody(_Body):
    first_name: Annotated[str, _text(_TEXT, 1, 70, example="Ada")]
    last_name: Annotated[str, _text(_TEXT, 1, 70, example="Byron")]
    email: Annotated[str, _text(r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$", 6, 60, example="ada@example.com")]
    address: Annotated[AddressBody, Field(description="an object with line1, city, state, postalCode and country")]

    def payer(self) -> Payer:
        return Payer(self.first_name, self.last_name, self.email, Address(**self.address.model_dump()))


class ControlBody(_Body):
    """What the existing processor answered, in shadow."""

    status: Annotated[Literal["approved", "declined", "error"], Field(description="`approved`, `declined` or `error`")]
    code: Annotated[str | None, _text(r"^[\x20-\x7E]+$", 1, 64, example="00")] = None
    amount_minor: Annotated[int | None, Field(ge=0, le=AMOUNT_MINOR_MAX, description="an integer of minor units")] = (
        None
    )
    latency_ms: Annotated[int | None, Field(ge=0, le=3_600_000, description="an integer of milliseconds")] = None
    processor_reference: Annotated[str | None, _text(r"^[\x20-\x7E]+$", 1, 100, example="ch_123")] = None


class SaleBody(_Body):
    """`POST /payments`."""

    # What the fingerprint of the body leaves out: shadow's control may be learned later.
    NOT_FINGERPRINTED: ClassVar = frozenset({"control"})

    biller_id: Annotated[str, _text(r"^[a-z0-9][a-z0-9-]*$", 1, 40, example="city-water")]
    reference: Annotated[str, _text(r"^[A-Za-z0-9 ._-]+$", 1, 64, example="INV-2026-000123")]
    amount_minor: Annotated[
        int, Field(ge=1, le=AMOUNT_MINOR_MAX, description=f"an integer of minor units from 1 to {AMOUNT_MINOR_MAX}")
    ]
    currency: Annotated[str, _text(r"^[A-Z]{3}$", 3, 3, example="USD")]
    method: Annotated[CardBody, Field(description="an object with `type`, and what that type needs")]
    payer: Annotated[PayerBody, Field(description="an object with firstName, lastName, email and address")]
    initiator: Annotated[Literal["payer", "biller"], Field(description="`payer` or `biller`")]
    statement_descriptor: Annotated[str | None, _text(r"^[A-Za-z0-9 .,&*'/-]+$", 4, 100, example="CITY WATER*BILL")] = (
        None
    )
    metadata: Annotated[
        dict[
            Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,39}$")],
            Annotated[str, StringConstraints(pattern=_TEXT, min_length=1, max_length=100)],
        ],
        Field(
            max_length=_METADATA_MAX,
            description=f"at most {_METADATA_MAX} texts of 1-100 characters, by names of 1-40 letters, digits, "
            "`_`, `.` and `-` that begin with a letter",
        ),
    ] = {}
    control: Annotated[ControlBody | None, Field(description="an object with `status`")] = None

    def sale(self) -> SaleRequest:
        return SaleRequest(
            biller_id=self.biller_id,
            reference=self.reference,
            amount=Money(self.amount_minor, self.currency),
            method=self.method.card(),
            payer=self.payer.payer(),
            initiator=Initiator(self.initiator),
            statement_descriptor=self.statement_descriptor,
            metadata=self.metadata,
        )


def read_sale(body: Mapping[str, Any], *, idempotency_key: str) -> SaleRequest:
    """The sale in `body`. Raises InvalidRequest, which names every field that is wrong and what to write instead."""
    try:
        read = SaleBody.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[:PROBLEMS_MAX]
        raise InvalidRequest(*map(_problem, found)) from None
    texts = {**body, "Idempotency-Key": idempotency_key}
    _keep_the_number_in_its_place(texts, read.method.number or read.method.token or "")
    return read.sale()


def fingerprinted(body: Mapping[str, Any]) -> dict[str, Any]:
    """What makes two bodies the same request."""
    return {name: value for name, value in body.items() if name not in SaleBody.NOT_FINGERPRINTED}


def _problem(found: Any) -> FieldError:
    path, kind = found["loc"], found["type"]
    field = shown_path(part for part in path if part != "[key]")
    match kind:
        case "missing":
            return FieldError(field, f"is required: {_description(path)}")
        case "extra_forbidden":
            return FieldError(field, "is not a field of this request; leave it out")
        case "value_error" if found["msg"].startswith("Value error, send") or "goes with" in found["msg"]:
            return FieldError(field, found["msg"].removeprefix("Value error, "))
    return FieldError(field, f"write {_description(path)}")


def _description(path: tuple[str | int, ...]) -> str:
    """What the model says of the field at `path`, or of the nearest field above it."""
    model: Any = SaleBody
    described = "what the contract describes"
    for part in path:
        fields = {info.alias: info for info in getattr(model, "model_fields", {}).values()}
        if part not in fields:
            break
        described = fields[part].description or _inner_description(fields[part].metadata) or described
        annotation = fields[part].annotation
        # An optional object is a union of its model and None.
        model = next((kind for kind in (annotation, *get_args(annotation)) if hasattr(kind, "model_fields")), None)
    return described


def _inner_description(metadata: list[Any]) -> str | None:
    return next((item.description for item in metadata if getattr(item, "description", None)), None)


def _keep_the_number_in_its_place(body: Mapping[str, Any], number: str) -> None:
    """A card number that also stands in another field, or is its name, would be stored and logged with it."""
    if len(number) < _NUMBER_LENGTH_MIN:
        return
    for path, text in _texts(body, ()):
        if number in _NOT_IN_A_NUMBER.sub("", text) and path not in (("method", "number"), ("method", "token")):
            raise InvalidRequest(FieldError(shown_path(path), "holds the card number; send that in `method` alone"))


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every text in the body, names included, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name), name
            yield from _texts(inner, (*path, name))
