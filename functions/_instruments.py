"""What a payer may pay with, as callers send it (`method`)."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from functions._fields import Body, base64_text, strict_base64, text
from shared.payments.ach import passes_aba
from shared.payments.cards import passes_luhn
from shared.payments.requests import AccountType, Ach, AchAuthorization, ApplePay, Card, GooglePay, TokenType
from shared.payments.secret import Secret

# Apple's payloads are some 500 characters and its signatures some 4,000; Google's tokens some 2,000.
_PAYLOAD_MAX: Final = 16_384
_SIGNATURE_MAX: Final = 16_384
_KEY_MAX: Final = 512

Base64Payload = Annotated[str, AfterValidator(strict_base64), base64_text(_PAYLOAD_MAX)]
Base64Signature = Annotated[str, AfterValidator(strict_base64), base64_text(_SIGNATURE_MAX)]
Base64Key = Annotated[str, AfterValidator(strict_base64), base64_text(_KEY_MAX)]


def _check_digit(number: str) -> str:
    if not passes_luhn(number):
        raise ValueError("Luhn")
    return number


def _routing_number(number: str) -> str:
    if not passes_aba(number):
        raise ValueError("ABA")
    return number


class ExpiryBody(Body):
    month: Annotated[int, Field(ge=1, le=12, description="an integer from 1 to 12")]
    year: Annotated[int, Field(ge=2000, le=2099, description="a year of four digits, such as 2029")]


class CardBody(Body):
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

    def instrument(self) -> Card:
        return Card(
            number=Secret(self.number or self.token or ""),
            month=self.expiry.month,
            year=self.expiry.year,
            cvv=None if self.cvv is None else Secret(self.cvv),
            token_type=TokenType(self.token_type or TokenType.SAFETECH) if self.token else None,
        )

    def sealed(self) -> list[str]:
        return [self.number or self.token or ""]


class AchBody(Body):
    """A bank account to be debited."""

    type: Annotated[Literal["ach"], Field(description="`ach`")]
    routing_number: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9]{9}$"),
        AfterValidator(_routing_number),
        Field(description="an ABA routing number: 9 digits with a valid check digit, as a string"),
    ]
    account_number: Annotated[
        str, StringConstraints(pattern=r"^[0-9]{4,17}$"), Field(description="4-17 digits, as a string")
    ]
    account_type: Annotated[
        Literal["checking", "savings", "corporateChecking"],
        Field(description="`checking`, `savings` or `corporateChecking`"),
    ]
    authorization: Annotated[Literal["web", "tel", "recurring"], Field(description="`web`, `tel` or `recurring`")]

    def instrument(self) -> Ach:
        return Ach(
            routing_number=self.routing_number,
            account_number=Secret(self.account_number),
            account_type=AccountType(self.account_type),
            authorization=AchAuthorization(self.authorization),
        )

    def sealed(self) -> list[str]:
        return [self.account_number]


class _AsTheWalletSentIt(Body):
    """A wallet's own object: it may grow fields that are none of ours, and an unknown one must not stop a sale."""

    model_config = ConfigDict(extra="ignore")


class AppleHeaderBody(_AsTheWalletSentIt):
    ephemeral_public_key: Base64Key
    public_key_hash: Base64Key
    transaction_id: Annotated[str, text(r"^[0-9A-Fa-f]+$", 2, 128, example="31ab...")]
    application_data: Annotated[str | None, text(r"^[0-9A-Fa-f]+$", 2, 128, example="94ee...")] = None


class ApplePaymentDataBody(_AsTheWalletSentIt):
    version: Annotated[Literal["EC_v1"], Field(description="`EC_v1`, the only form that Chase opens")]
    data: Base64Payload
    signature: Base64Signature
    header: Annotated[AppleHeaderBody, Field(description="an object with the keys that Apple put there")]


class ApplePayBody(Body):
    """Apple's `PKPaymentToken.paymentData`, as it comes."""

    type: Annotated[Literal["applePay"], Field(description="`applePay`")]
    payment_data: Annotated[ApplePaymentDataBody, Field(description="Apple's paymentData object, unchanged")]

    def instrument(self) -> ApplePay:
        sent = self.payment_data
        return ApplePay(
            version=sent.version,
            data=Secret(sent.data),
            signature=Secret(sent.signature),
            ephemeral_public_key=sent.header.ephemeral_public_key,
            public_key_hash=sent.header.public_key_hash,
            transaction_id=sent.header.transaction_id,
            application_data=sent.header.application_data,
        )

    def sealed(self) -> list[str]:
        return [self.payment_data.data, self.payment_data.signature]


class _GoogleMessage(_AsTheWalletSentIt):
    encrypted_message: Base64Payload
    ephemeral_public_key: Base64Key
    tag: Base64Key


class _GoogleSigningKey(_AsTheWalletSentIt):
    signatures: list[Base64Signature] = Field(min_length=1)


class _GoogleToken(_AsTheWalletSentIt):
    protocol_version: Literal["ECv1", "ECv2"]
    signature: Base64Signature
    signed_message: str
    intermediate_signing_key: _GoogleSigningKey | None = None

    @model_validator(mode="after")
    def _with_the_key_of_its_version(self) -> "_GoogleToken":
        if self.protocol_version == "ECv2" and self.intermediate_signing_key is None:
            raise ValueError("ECv2 has an intermediate signing key")
        return self


def _opened(token: str) -> GooglePay:
    """The parts of Google's token that Chase takes. Raises ValueError for any other shape."""
    try:
        read = _GoogleToken.model_validate_json(token)
        message = _GoogleMessage.model_validate_json(read.signed_message)
    except ValidationError:
        raise ValueError("not a Google Pay token") from None
    key = read.intermediate_signing_key
    return GooglePay(
        protocol_version=read.protocol_version,
        signed_message=Secret(read.signed_message),
        signature=Secret(key.signatures[0] if key is not None and read.protocol_version == "ECv2" else read.signature),
        ephemeral_public_key=message.ephemeral_public_key,
    )


def _google_token(token: str) -> str:
    _opened(token)
    return token


class GooglePayBody(Body):
    """Google's payment token string, as it comes."""

    type: Annotated[Literal["googlePay"], Field(description="`googlePay`")]
    token: Annotated[
        str,
        AfterValidator(_google_token),
        Field(min_length=2, max_length=_PAYLOAD_MAX, description="Google's token: its JSON (ECv1 or ECv2) as a string"),
    ]

    def instrument(self) -> GooglePay:
        return _opened(self.token)

    def sealed(self) -> list[str]:
        return [self.token]


MethodBody = Annotated[CardBody | AchBody | ApplePayBody | GooglePayBody, Field(discriminator="type")]
METHODS: Final[dict[str, Any]] = {
    "card": CardBody,
    "ach": AchBody,
    "applePay": ApplePayBody,
    "googlePay": GooglePayBody,
}
