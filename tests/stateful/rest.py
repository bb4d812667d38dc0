"""The end of a run: Chase is well again, time goes by, a person has the last word, all is asked once more."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from shared.payments.operations import OperationKind, OperationState
from shared.payments.payment import Operation, Payment
from tests.stateful.asked import Asked
from tests.stateful.truth import Truth
from tests.stateful.world import World

Entry = Mapping[str, Any]
Word = tuple[str, dict[str, Any]]

# Long enough for: what a crash left, the first inquiries and the empties that count; then for captures; then for what
# is asked about once more after a day.
_SOON_S: Final = (95, 125, 130, 600, 600)
_LATER_S: Final = (3600, 7400, 90_000, 90_000, 90_000)


def at_rest(world: World, truth: Truth, asked: Sequence[Asked]) -> None:
    """Drive `world` to rest, hold it to `truth`, and ask for all of `asked` that was begun once more."""
    world.settle()
    world.mend()
    _time_goes_by(world, truth, _SOON_S)
    for payment, operation, (event, evidence) in words(*world.seen()):
        report = world.house.report(
            payment.id, event, version=payment.version, evidence=evidence, operationId=operation.id
        )
        [answer] = world.call(report)
        assert answer.status == 200, answer
    _time_goes_by(world, truth, _LATER_S)
    payments, books = world.seen()
    truth.at_rest(payments, books, world.now())
    ledger = world.ledger()
    assert (ledger.differences, ledger.waiting, ledger.strangers) == ((), (), 0)
    assert all(depth.dead_lettered == 0 for depth in world.house.bus.depths().values())
    _ask_once_more(world, asked)
    assert world.books() == books, "a repeat did something"


def words(payments: Iterable[Payment], books: Sequence[Entry]) -> list[tuple[Payment, Operation, Word]]:
    """What a person who looks at Chase's books can say of each unknown operation."""
    return [
        (payment, operation, word)
        for payment in payments
        for operation in payment.operations
        if operation.state is OperationState.UNKNOWN
        for word in [_word_on(payment, operation, _entry_of(payment, books))]
        if word is not None
    ]


def _time_goes_by(world: World, truth: Truth, waits_s: Sequence[int]) -> None:
    for seconds in waits_s:
        world.advance(seconds)
        for timer in ("reconciliation", "outbox_sweep"):
            world.run_timer(timer)
        truth.always(*world.seen())


def _ask_once_more(world: World, asked: Sequence[Asked]) -> None:
    """What ended under its key. What was refused for the moment, or never left us, might be done now."""
    for each in asked:
        if each.told and each.told[-1][0] != 503:
            [answer] = world.call(each.call(world.house))
            each.heard(answer)


def _entry_of(payment: Payment, books: Sequence[Entry]) -> Entry | None:
    return next((entry for entry in books if entry["requestId"] == payment.sale.request_id), None)


def _word_on(payment: Payment, operation: Operation, entry: Entry | None) -> Word | None:
    """None where the person can only wait: Chase approved a part, and who says "succeeded" says all."""
    done: Callable[[Entry], bool] = {
        OperationKind.SALE: lambda _entry: True,
        OperationKind.VOID: lambda entry: bool(entry["voided"]),
        OperationKind.REFUND: lambda entry: operation.request_id in [each["requestId"] for each in entry["refunds"]],
    }[operation.kind]
    if entry is None or not done(entry):
        return "resolved_not_found", {}
    if operation.kind is not OperationKind.SALE:
        return "resolved_succeeded", {}
    if entry["amount"] != payment.amount.amount_minor:
        return None
    state = "CLOSED" if entry["captured"] else "AUTHORIZED"
    return "resolved_succeeded", {"transactionState": state, "transactionId": entry["transactionId"]}
