"""Faults on order: the next calls of an operation meet them, oldest order first."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from local.chase_simulator.validation import Problem, Rule, integer, one_of, record


class Operation(StrEnum):
    """What a call is about, whatever its route."""

    PAYMENT = "payment"
    VOID = "void"
    REFUND = "refund"
    INQUIRY = "inquiry"
    TOKEN = "token"  # noqa: S105 - the name of an operation
    HEALTH = "health"


class Fault(StrEnum):
    REFUSE_CONNECTION = "refuse_connection"
    DROP_BEFORE_PROCESSING = "drop_before_processing"
    DROP_AFTER_PROCESSING = "drop_after_processing"
    DELAY = "delay"
    HTTP_500 = "http_500"
    HTTP_503 = "http_503"
    HTTP_504 = "http_504"
    HTTP_409 = "http_409"
    MALFORMED_JSON = "malformed_json"


# Those that a fault can be ordered for.
FAULTY: Final = tuple(operation for operation in Operation if operation is not Operation.HEALTH)

TIMES_MAX: Final = 1_000_000
DELAY_MAX_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Order:
    """`delay_ms` is real time, never scaled."""

    operation: Operation
    fault: Fault
    times: int = 1
    delay_ms: int = 0


@dataclass(slots=True)
class Faults:
    """The queue of each operation."""

    _queues: dict[Operation, deque[Order]] = field(default_factory=lambda: defaultdict(deque))

    def add(self, order: Order) -> None:
        self._queues[order.operation].extend([order] * order.times)

    def take(self, operation: Operation) -> Order | None:
        """What the call that has just arrived meets."""
        queue = self._queues[operation]
        return queue.popleft() if queue else None

    def clear(self) -> None:
        self._queues.clear()


_SETTINGS: Final[Mapping[str, Rule]] = {"times": integer(1, TIMES_MAX), "delayMs": integer(0, DELAY_MAX_MS)}
_FAULT: Final = one_of(*Fault)
_SCRIPT: Final = record({"operation": one_of(*FAULTY), "fault": _FAULT}, _SETTINGS)
_REFUSAL: Final = record({"fault": _FAULT}, {"delayMs": _SETTINGS["delayMs"]})


def order_problems(body: Mapping[str, object]) -> Iterator[Problem]:
    """Each thing wrong with an order; `refuse_connection` ignores `operation` and `times`."""
    if body.get("fault") == Fault.REFUSE_CONNECTION:
        ignored = ("operation", "times")
        return _REFUSAL({name: value for name, value in body.items() if name not in ignored}, "")
    return _SCRIPT(body, "")
