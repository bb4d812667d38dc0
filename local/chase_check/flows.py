"""The certification flows: what is asked of Chase, and what must come back."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.chase_check.desk import PAYER, Desk, Sold
from shared.chase.health import HealthStatus
from shared.chase.verification import Verified
from shared.payments.outcome import Approved, Declined, NothingFound
from shared.payments.requests import AccountType, Ach, AchAuthorization, Card, Instrument
from shared.payments.secret import Secret

# Chase's public test numbers.
_VISA: Final = "4112344112344113"
_MASTERCARD: Final = "5112345112345114"
_ROUTING, _ACCOUNT = "122000247", "0888271156"
_EXPIRY_YEAR: Final = 2049
_APPROVED_MINOR: Final = 12_599


@dataclass(frozen=True, slots=True)
class Got:
    """What came back, in words, and whether it is what must. `request_id` is empty where none was sent."""

    request_id: str
    said: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Flow:
    name: str
    expected: str
    run: Callable[[Desk], Awaitable[Got]]


def flows(wallets: Mapping[str, Instrument]) -> list[Flow]:
    """Every flow in order; those of `wallets` (by name) only where there is a bundle to send."""
    by_wallet = [Flow(f"sale, {name}", "Approved", _sale_by(instrument)) for name, instrument in wallets.items()]
    return [*_FIRST, *by_wallet, *_THEN]


async def _authenticate(desk: Desk) -> Got:
    before = desk.client.token_fetches
    health = await desk.client.warm()
    fetched = desk.client.token_fetches - before
    return Got("", f"{fetched} token, Chase is {health.status}", fetched > 0 and health.status is HealthStatus.OK)


def _declined(number: str, amount_minor: int, code: str) -> Callable[[Desk], Awaitable[Got]]:
    """Chase's test environment declines by amount."""

    async def run(desk: Desk) -> Got:
        sold = await desk.sell(_card(number), amount_minor)
        return _got(sold.request_id, sold.outcome, isinstance(sold.outcome, Declined) and sold.outcome.code == code)

    return run


async def _ach(desk: Desk) -> Got:
    sold = await desk.sell(_bank_account(), _APPROVED_MINOR)
    return _got(sold.request_id, sold.outcome, isinstance(sold.outcome, Approved))


def _sale_by(instrument: Instrument) -> Callable[[Desk], Awaitable[Got]]:
    async def run(desk: Desk) -> Got:
        sold = await desk.sell(instrument, _APPROVED_MINOR)
        return _got(sold.request_id, sold.outcome, isinstance(sold.outcome, Approved))

    return run


async def _void(desk: Desk) -> Got:
    request_id, outcome = await desk.void(await _authorized(desk))
    return _got(request_id, outcome, isinstance(outcome, Approved))


async def _void_after_capture(desk: Desk) -> Got:
    request_id, outcome = await desk.void(await _captured(desk))
    return _got(request_id, outcome, isinstance(outcome, Declined))


async def _refund_in_parts(desk: Desk) -> Got:
    sold = await _captured(desk)
    _, first = await desk.refund(sold, 5_000)
    request_id, second = await desk.refund(sold, _APPROVED_MINOR - 5_000)
    return _got(request_id, second, isinstance(first, Approved) and isinstance(second, Approved))


async def _refund_whole(desk: Desk) -> Got:
    request_id, outcome = await desk.refund(await _captured(desk))
    return _got(request_id, outcome, _is_of(outcome, _APPROVED_MINOR))


async def _refund_too_much(desk: Desk) -> Got:
    sold = await _captured(desk)
    await desk.refund(sold, 5_000)
    request_id, outcome = await desk.refund(sold, _APPROVED_MINOR)
    return _got(request_id, outcome, isinstance(outcome, Declined))


async def _find_sale(desk: Desk) -> Got:
    sold = await _authorized(desk)
    found = await desk.client.find_sale(sold.request_id, desk.merchant)
    return _got(sold.request_id, found, _is_same(found, sold))


async def _get_payment(desk: Desk) -> Got:
    sold = await _authorized(desk)
    found = await desk.client.get_payment(str(sold.payment.sale.transaction_id), desk.merchant)
    return _got(sold.request_id, found, _is_same(found, sold))


async def _find_refund(desk: Desk) -> Got:
    request_id, refunded = await desk.refund(await _captured(desk), 5_000)
    found = await desk.client.find_refund(request_id, desk.merchant)
    return _got(request_id, found, isinstance(refunded, Approved) and _is_of(found, 5_000))


async def _find_nothing(desk: Desk) -> Got:
    request_id = desk.unused_request_id()
    found = await desk.client.find_sale(request_id, desk.merchant)
    return _got(request_id, found, isinstance(found, NothingFound))


async def _verify(desk: Desk, instrument: Card | Ach) -> Got:
    request_id = desk.unused_request_id()
    verified = await desk.client.verify(
        instrument,
        PAYER,
        desk.merchant,
        currency=desk.currency,
        request_id=request_id,
        send_before_s=desk.deadline_s(),
    )
    return _got(request_id, verified, isinstance(verified, Verified))


async def _authorized(desk: Desk) -> Sold:
    return await desk.sell(_card(_VISA), _APPROVED_MINOR)


async def _captured(desk: Desk) -> Sold:
    return await desk.sell(_card(_VISA), _APPROVED_MINOR, at_once=True)


def _card(number: str) -> Card:
    return Card(Secret(number), month=12, year=_EXPIRY_YEAR, cvv=Secret("111"))


def _bank_account() -> Ach:
    return Ach(_ROUTING, Secret(_ACCOUNT), AccountType.CHECKING, AchAuthorization.WEB)


def _got(request_id: str, outcome: Any, passed: bool) -> Got:
    """An outcome in words: its kind, its code, and the transaction's state where there is one."""
    transaction = getattr(outcome, "transaction", None)
    words = [type(outcome).__name__, getattr(outcome, "code", ""), getattr(transaction, "state", "")]
    return Got(request_id, " ".join(str(word) for word in words if word), passed)


def _is_of(outcome: Any, amount_minor: int) -> bool:
    return isinstance(outcome, Approved) and outcome.transaction.amount.amount_minor == amount_minor


def _is_same(found: Any, sold: Sold) -> bool:
    return isinstance(found, Approved) and found.transaction.transaction_id == sold.payment.sale.transaction_id


_FIRST: Final = (
    Flow("authenticate", "a token, and Chase answers", _authenticate),
    Flow("sale, card, approved", "Approved", _sale_by(_card(_VISA))),
    Flow("sale, card, declined", "Declined DO_NOT_HONOR", _declined(_VISA, 53_000, "DO_NOT_HONOR")),
    Flow("sale, card, no money", "Declined INSUFFICIENT_FUNDS", _declined(_MASTERCARD, 52_100, "INSUFFICIENT_FUNDS")),
    Flow("sale, ACH", "Approved", _ach),
)
_THEN: Final = (
    Flow("void before capture", "Approved VOIDED", _void),
    Flow("void after capture", "Declined", _void_after_capture),
    Flow("refund, whole", "Approved, the whole amount", _refund_whole),
    Flow("refund, in two parts", "Approved, twice", _refund_in_parts),
    Flow("refund, more than is left", "Declined", _refund_too_much),
    Flow("look-up by request-id", "Approved, the same transaction", _find_sale),
    Flow("look-up by transaction id", "Approved, the same transaction", _get_payment),
    Flow("look-up of a refund by request-id", "Approved, its amount", _find_refund),
    Flow("look-up of what was never sent", "NothingFound", _find_nothing),
    Flow("verification, card", "Verified", lambda desk: _verify(desk, _card(_VISA))),
    Flow("verification, ACH", "Verified", lambda desk: _verify(desk, _bank_account())),
)
