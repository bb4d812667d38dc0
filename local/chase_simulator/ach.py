"""Bank accounts: what Chase takes of one, what may be kept, and what it says of one."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from local.chase_simulator.exchange import Json
from local.chase_simulator.masks import masked_account
from local.chase_simulator.validation import Problem, one_of, record, text
from local.chase_simulator.verdicts import Verdict, ach_verdict_on

_ACCOUNT: Final[Mapping[str, Any]] = {
    "accountNumber": text(1, 19, r"[A-Za-z0-9]+"),
    "financialInstitutionRoutingNumber": text(9, 9, r"[0-9]{9}"),
}
_KIND: Final[Mapping[str, Any]] = {
    "accountType": one_of("CHECKING", "SAVING", "CORPORATE_CHECKING"),
    "paymentType": one_of("WEB", "TEL", "RECURRING"),
}
RULE: Final = record(_ACCOUNT, _KIND)
VERIFICATION_RULE: Final = record(
    _ACCOUNT,
    {
        **_KIND,
        "achVerificationType": one_of("BASIC", "ACCOUNT_STATUS", "ACCOUNT_OWNER", "PRE_NOTE_CREDIT", "PRE_NOTE_DEBIT"),
        "last4SSN": text(4, 4, r"[0-9]{4}"),
        "individualBirthDate": text(1),
        "consumerVerificationId": text(1),
        "consumerVerificationIdType": text(1),
        "consumerVerificationIdState": text(1),
    },
)

# Only the routing numbers of US banks have a check digit.
_CURRENCIES: Final = ("USD", "CAD")
# Without these three the ACH side cannot say who debits whom, and what for.
_NEEDED: Final = (
    ("statementDescriptor",),
    ("merchant", "softMerchant", "merchantPurchaseDescription"),
    ("accountHolder", "firstName"),
    ("accountHolder", "lastName"),
)
_WEIGHTS: Final = (3, 7, 1) * 3

_SHOWN: Final = ("financialInstitutionRoutingNumber", "accountType", "paymentType")


def problems(account: Json, request: Json) -> Iterator[Problem]:
    """What is wrong with a payment whose fields are right one by one."""
    if request.get("captureMethod", "NOW") != "NOW":
        yield Problem("ENUM", "must be NOW for ACH", "captureMethod")
    if request["currency"] not in _CURRENCIES:
        yield Problem("ENUM", f"must be one of {', '.join(_CURRENCIES)} for ACH", "currency")
    yield from routing_problems(account, request)
    for path in _NEEDED:
        if not _holds(request, path):
            yield Problem("REQUIRED", "is required for ACH", ".".join(path))


def routing_problems(account: Json, request: Json) -> Iterator[Problem]:
    """The ABA check digit, where the currency says that the bank is in the United States."""
    digits = map(int, account["financialInstitutionRoutingNumber"])
    total = sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=True))
    if request["currency"] == "USD" and (total == 0 or total % 10):
        path = "paymentMethodType.ach.financialInstitutionRoutingNumber"
        yield Problem("CHECKSUM", "is no ABA routing number", path)


def verdict(_account: Json, request: Json) -> Verdict:
    return ach_verdict_on(request["amount"])


def kept(account: Json) -> Json:
    """The account without what may not be kept: its number masked, nothing of its holder."""
    shown = {name: account[name] for name in _SHOWN if name in account}
    verification = {name: name in account for name in ("last4SSN", "individualBirthDate", "consumerVerificationId")}
    return {**shown, **verification, "accountNumber": masked_account(account["accountNumber"])}


def answered(account: Json, _request: Json, _verdict: Verdict, _serial: int) -> Json:
    """Chase's `paymentMethodType.ach`. Never `unmaskedAccountNumber`, though Chase may send it."""
    shown = {name: account[name] for name in _SHOWN if name in account}
    return {"maskedAccountNumber": masked_account(account["accountNumber"]), **shown}


def _holds(request: Json, path: tuple[str, ...]) -> bool:
    place: Any = request
    for name in path:
        place = place.get(name, {})
    return bool(place)
