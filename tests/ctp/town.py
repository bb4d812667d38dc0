"""A CTP with bills to collect, around it a service, an existing processor and faults; and the count of who charged."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from ctp import Attempt, AttemptStore, Bill, PaymentService, Phase, Policy, Processor, RolloutClient
from tests.ctp.books import in_memory
from tests.ctp.fake_service import Clock, FakeService
from tests.ctp.faults import BASE_URL, FAULTS, ExistingStub, FaultyTransport, Killed, MortalStore, Sales, chance

ROLLOUTS = (("shadow", 100), ("off", 0), ("live", 1), ("live", 30), ("live", 60), ("live", 100))
FATES = ("approved",) * 8 + (
    "declined",
    "not_reached",
    "not_reached",
    "unknown_charged",
    "unknown_not_charged",
    "live_disabled",
)


class NoAuth:
    def headers(self, method: str, url: str, body: bytes) -> dict[str, str]:
        return {}


def a_bill(number: int = 1, **changed: object) -> Bill:
    values = {"biller_id": "city-water", "reference": f"INV-{number}", "method": "card", "amount_minor": 12599}
    return Bill(**{**values, "currency": "USD", **changed})  # type: ignore[arg-type]  # the test's own fields


@dataclass
class Town:
    """Everything but the bills. `client` is CTP's present life; `restart` begins the next."""

    clock: Clock = field(default_factory=Clock)
    policy: Policy = field(default_factory=Policy)
    books: AttemptStore = field(default_factory=in_memory)
    client: RolloutClient = field(init=False)

    def __post_init__(self) -> None:
        self.service = FakeService(self.clock.now)
        self.transport = FaultyTransport(self.service)
        self.existing, self.sales, self.store = ExistingStub(), Sales(), MortalStore(self.books)
        self._ids = iter(range(10**9))
        self.current = a_bill()
        self.restart()
        self.transport.meanwhile = self._another_process

    def restart(self) -> None:
        self.client = self.a_client()

    def a_client(self) -> RolloutClient:
        """A process of CTP's on the same store."""
        return RolloutClient(
            self.store,
            PaymentService(self.transport, BASE_URL, NoAuth()),
            self.existing,
            self.sales,
            policy=self.policy,
            now=self.clock.now,
            new_id=lambda: f"att-{next(self._ids)}",
            sleep=self.clock.advance,
        )

    def collect(self, bill: Bill) -> Attempt:
        """Without patience: what cannot end at once is left to `tick`."""
        self.current = bill
        return self.client.collect(bill, patience_s=0)

    def _another_process(self) -> None:
        another = self.a_client()
        another.collect(self.current, patience_s=0)
        another.tick(limit=3)

    def last(self, bill: Bill) -> Attempt:
        """The newest attempt at a bill that was ever written down."""
        attempt = self.books.get(self.store.last[bill.reference])
        assert attempt is not None
        return attempt

    def charges(self, bill: Bill) -> int:
        return self.service.charges(bill.reference) + self.existing.charges(bill.reference)

    def faults(self, fault: Callable[[], str | None], *, at: str) -> None:
        """Changes what goes wrong from now on, in CTP's present life and the next."""
        if at == "service":
            self.transport._fault = fault
        elif at == "existing":
            self.existing._fault = fault
        else:
            self.store._fault = fault


@dataclass
class Life:
    """A town where anything goes wrong by chance, the same for the same seed."""

    seed: int
    town: Town = field(default_factory=Town)
    kills: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.town.service.fate = lambda: self.rng.choice(FATES)
        self.town.service.slow_void = lambda: self.rng.random() < 0.5

    def break_everything(self) -> None:
        self.town.faults(chance(self.rng, 0.35, FAULTS), at="service")
        self.town.faults(
            chance(self.rng, 0.1, ("drop_before", "drop_after", "kill_before", "kill_after")), at="existing"
        )
        self.town.faults(chance(self.rng, 0.05, ("kill_before", "kill_after")), at="store")

    def heal(self) -> None:
        for where in ("service", "existing", "store"):
            self.town.faults(lambda: None, at=where)
        self.town.service.fate = lambda: "approved"

    def collect(self, bills: Iterable[Bill]) -> None:
        """All of them through the faults, with percentages that change; checked after each."""
        for bill in bills:
            service = self.town.service
            service.mode, service.percentage = self.rng.choice(ROLLOUTS)
            service.otherwise = self.rng.choice(("off", "shadow"))
            self._until_killed(partial(self.town.collect, bill))
            self._something_else_happens()
            assert self.town.charges(bill) <= 1, f"seed {self.seed}: {bill.reference} was charged more than once"

    def settle(self, bills: list[Bill]) -> None:
        """No more faults: what is open ends, and what ended without a charge is collected anew."""
        self.heal()
        for _ in range(40):
            self.town.transport.deliver_late()
            self.town.service.resolve()
            self.town.clock.advance(61)
            self.town.client.tick(limit=10**6)
            if not self.town.books.open_attempts(self.town.clock.now().replace(year=2100), 1):
                return

    def _until_killed(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Killed:
            self.kills += 1
            self.town.restart()
            if self.rng.random() < 0.5:
                self._until_killed(self.town.client.resume)

    def _something_else_happens(self) -> None:
        chosen = self.rng.random()
        if chosen < 0.04:
            self._until_killed(self.town.client.tick)
        elif chosen < 0.3:
            self.town.transport.deliver_late()
        elif chosen < 0.33:
            self.town.service.resolve()
        elif chosen < 0.36:
            self.town.clock.advance(self.rng.choice((1, 30, 400, 1000)))
        elif chosen < 0.42:
            self._until_killed(self._give_one_up)

    def _give_one_up(self) -> None:
        open_now = self.town.books.open_attempts(self.town.clock.now().replace(year=2100), 50)
        if open_now:
            self.town.client.give_up(self.rng.choice(open_now).id, "the payer has gone", patience_s=0)


def judged(town: Town, attempt: Attempt) -> None:
    """What is written down about a bill is so in the books of both processors."""
    chase, existing = town.service.charges(attempt.bill.reference), town.existing.charges(attempt.bill.reference)
    told = f"{attempt.bill.reference} is {attempt.phase} by {attempt.processor}: Chase {chase}, existing {existing}"
    if attempt.phase is Phase.CHARGED:
        by = (1, 0) if attempt.processor is Processor.CHASE else (0, 1)
        assert (chase, existing) == by, told
    elif attempt.is_open:
        assert attempt.reason, told
        assert chase + existing <= 1, told
    else:
        assert (chase, existing) == (0, 0), told
