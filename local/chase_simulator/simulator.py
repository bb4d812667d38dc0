"""Chase on a developer's machine: two listeners over one set of books and one clock."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from local.chase_simulator.assertions import Assertions
from local.chase_simulator.books import Books
from local.chase_simulator.chase_door import Arrived, ChaseDoor
from local.chase_simulator.client_secrets import ClientSecrets
from local.chase_simulator.control import ControlDoor
from local.chase_simulator.credentials import Credential, apart
from local.chase_simulator.desk import Desk, EmptyLookup, OnDuplicate
from local.chase_simulator.faults import FAULTY, Fault, Faults, Operation, Order
from local.chase_simulator.listener import Listener
from local.chase_simulator.routes import ASSERTION_TOKEN_PATH, BASE_PATH, TOKEN_PATH, chase_app
from local.chase_simulator.tokens import Tokens
from local.clock import LocalClock
from shared.clock import SystemClock

DEFAULT_CONTROL_PORT: Final = 7072

# Chase's own answer: a little under an hour.
_TOKEN_LIFETIME_S: Final = 3599
# What 0 means for `refuse_connection`: long enough to be met, short enough to sit out.
_REFUSE_DEFAULT_MS: Final = 500


class ChaseSimulator:
    """
    Stateful Chase. `books` is the path of its file (or ":memory:"), which also keeps the offset of `clock`.

    `ends_after_s` (real time) is Chase's limit for a transaction. `on_duplicate` is what a repeated request-id gets:
    409, or the first body again. `empty_lookup` is how a look-up by request-id says that nothing is there: 404, or 200
    with an empty body or an empty object. `authentication_now` is the time that tokens and assertions go by: the real
    one, whatever `clock` says. `calls` counts the requests that arrived, per operation.

    Raises CannotStart for a file that is not its own or of a later version, ValueError for credentials that contradict.
    """

    def __init__(
        self,
        *,
        books: Path | str,
        clock: LocalClock,
        ends_after_s: float,
        credentials: Sequence[Credential],
        on_duplicate: OnDuplicate = "reject",
        lookup_parameter: str = "requestIdentifier",
        empty_lookup: EmptyLookup = "404",
        token_lifetime_s: int = _TOKEN_LIFETIME_S,
        authentication_now: Callable[[], datetime] | None = None,
    ) -> None:
        self._clock = clock
        real_now, known = authentication_now or SystemClock().now, apart(credentials)
        self._books = Books(books)
        clock.remember_in(self._books)
        self._faults = Faults()
        self._tokens = Tokens(self._books, known, real_now=real_now, lifetime_s=token_lifetime_s)
        desk = Desk(self._books, self._tokens, clock.now, uuid4, on_duplicate, lookup_parameter, empty_lookup)
        assertions = Assertions(self._books, self._tokens, url=lambda: self.assertion_token_url)
        self._door = ChaseDoor(self._faults, ends_after_s=ends_after_s, boot_s=clock.boot_s)
        self._chase = Listener(chase_app(self._door, desk, ClientSecrets(self._tokens), assertions))
        self._control = Listener(ControlDoor(self).app())
        self._host = ""

    async def start(self, *, control_port: int = 0, chase_port: int | None = None, host: str = "127.0.0.1") -> None:
        """
        Listen. Port 0 takes a free one; without `chase_port` Chase's routes are one above a fixed control port.

        Raises OSError when a port is taken.
        """
        self._host = host
        if chase_port is None:
            chase_port = control_port + 1 if control_port else 0
        await self._control.start(host, control_port)
        await self._chase.start(host, chase_port)

    async def stop(self) -> None:
        await self._door.stop()
        await self._chase.stop()
        await self._control.stop()
        self._books.close()

    @property
    def base_url(self) -> str:
        return f"http://{self._host}:{self._chase.port}{BASE_PATH}"

    @property
    def token_url(self) -> str:
        """For a client secret."""
        return f"http://{self._host}:{self._chase.port}{TOKEN_PATH}"

    @property
    def assertion_token_url(self) -> str:
        """For a signed assertion."""
        return f"http://{self._host}:{self._chase.port}{ASSERTION_TOKEN_PATH}"

    @property
    def control_url(self) -> str:
        return f"http://{self._host}:{self._control.port}"

    @property
    def calls(self) -> Counter[str]:
        return self._door.calls

    @property
    def requests(self) -> Sequence[Arrived]:
        """The request log, the oldest first: what arrived of late, by operation, under which ids."""
        return tuple(self._door.requests)

    @property
    def connections_opened(self) -> int:
        """To Chase's own routes."""
        return self._chase.connections_opened

    def books(self) -> list[dict[str, Any]]:
        """Every approved payment as of now, oldest first; amounts in minor units."""
        now = self._clock.now()
        return [
            payment.as_of(now).entry(self._books.refunds(payment.transaction_id)) for payment in self._books.approved()
        ]

    def fault(self, operation: str, fault: str, times: int = 1, delay_ms: int = 0) -> None:
        """
        The next `times` calls of `operation` meet `fault`. `delay_ms` is real time.

        Raises ValueError for unknown words, and for `refuse_connection`, which is `refuse_connections()` here.
        """
        if fault == Fault.REFUSE_CONNECTION or operation not in FAULTY:
            raise ValueError(f"no fault {fault} for the operation {operation}")
        self._faults.add(Order(Operation(operation), Fault(fault), times, delay_ms))

    async def refuse_connections(self, delay_ms: int = 0) -> None:
        """Close Chase's listener and its open connections before returning; listen again after `delay_ms` (0 = 500)."""
        await self._chase.shut_for((delay_ms or _REFUSE_DEFAULT_MS) / 1000)

    async def until_listening(self) -> None:
        """Returns once Chase's routes accept connections again."""
        await self._chase.until_open()

    def clear_faults(self) -> None:
        self._faults.clear()

    def expire_tokens_after(self, lifetime_s: int) -> None:
        """How long the tokens granted from now on are good for (`expires_in`)."""
        self._tokens.lifetime_s = lifetime_s

    def revoke_tokens(self) -> None:
        """Every token issued so far is refused from now on."""
        self._books.drop_tokens()

    async def order(self, order: Order) -> None:
        """A fault as the control endpoint takes it."""
        if order.fault is Fault.REFUSE_CONNECTION:
            await self.refuse_connections(order.delay_ms)
        else:
            self._faults.add(order)

    async def advance(self, seconds: float) -> datetime:
        """Move the local clock and let what fell due run; the local time afterwards."""
        await self._clock.advance(seconds)
        return self._clock.now()
