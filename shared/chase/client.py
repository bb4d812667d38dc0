"""Chase, as the use cases know it (ports.Chase): a sale goes in, an outcome comes out."""

import uuid
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from shared.chase import codes, wire
from shared.chase.breaker import Breaker, BreakerState
from shared.chase.calling import Calling, MessageWith
from shared.chase.classification import Expected, found, sale_outcome
from shared.chase.endpoint import ChaseEndpoint
from shared.chase.health import HEALTH_WITHIN_S, Health, HealthStatus, is_impaired
from shared.chase.oauth import ClientSecret, TokenEndpoint, Tokens, TokenUnavailable
from shared.chase.retry import Resending, Wait
from shared.chase.sending import Message, Reply, Sending
from shared.payments.outcome import Inquiry, NoAnswer, NothingFound, NotSent, Outcome, Unknown
from shared.payments.payment import Payment
from shared.payments.requests import Merchant, SaleRequest
from shared.payments.retry import MOVES_MONEY, Call, Strategies
from shared.payments.secret import Secret

# What a person must look at, and what the alarm is called.
ALARM_OF: Final[Mapping[str, str]] = {
    codes.UNFAMILIAR_ANSWER: "chase_unfamiliar_answer",
    codes.UNREADABLE_ANSWER: "chase_unfamiliar_answer",
    codes.OTHER_PAYMENT_FOUND: "chase_other_payment_found",
    codes.FORBIDDEN: "chase_forbidden",
    codes.AUTH_REFUSED: "chase_token_refused",
    codes.AUTH_UNAVAILABLE: "chase_token_unavailable",
}


class Alarm(Protocol):
    """Tells a person; no field is ever a secret (Telemetry.alarm fits)."""

    def __call__(self, name: str, /, **fields: object) -> None: ...


class ChaseClient:
    """
    One per process. It never raises for what Chase does or does not answer: that is a value. Only cancellation climbs.

    `wait` waits between sends (a laptop makes it shorter), `rng` gives a number from 0 to 1, `boot_s` is the clock that
    send deadlines are on, `alarm` tells a person, `new_request_id` names look-ups.
    """

    def __init__(
        self,
        endpoint: ChaseEndpoint,
        *,
        strategies: Strategies,
        breaker_failures: int,
        breaker_cooldown_s: float,
        wait: Wait,
        rng: Callable[[], float],
        boot_s: Callable[[], float],
        alarm: Alarm,
        new_request_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._endpoint = endpoint
        self._boot_s = boot_s
        self._alarm = alarm
        self._new_request_id = new_request_id
        self._sending = Sending(endpoint, boot_s=boot_s)
        self._resending = Resending(strategies, wait=wait, rng=rng, boot_s=boot_s)
        scheme = ClientSecret(endpoint.client_id, endpoint.client_secret, endpoint.scope)
        self._token_endpoint = TokenEndpoint(
            endpoint.token_url, scheme, sending=self._sending, resending=self._resending
        )
        self._tokens = Tokens(self._token_endpoint.fetch, boot_s=boot_s)
        self._calling = Calling(self._sending, self._tokens)
        self._breakers = {
            call: Breaker(failures_max=breaker_failures, cooldown_s=breaker_cooldown_s, boot_s=boot_s)
            for call in MOVES_MONEY
        }

    async def sale(
        self, request: SaleRequest, payment: Payment, merchant: Merchant, *, send_before_s: float
    ) -> Outcome:
        """Charge. Past `send_before_s` (on the scale of `boot_s`) nothing leaves, and the outcome is NotSent."""
        body = wire.sale_body(request, payment, merchant)
        request_id = payment.sale.request_id

        def message(token: Secret) -> Message:
            headers = wire.headers(token, merchant.merchant_id, request_id)
            return Message("POST", self._endpoint.base_url + wire.PAYMENTS, headers, body=body)

        async def attempt() -> Outcome:
            return await self._attempt(Call.SALE, message, sale_outcome, send_before_s)

        outcome = await self._resending(Call.SALE, attempt, until_s=send_before_s)
        self._tell(Call.SALE, outcome, request_id)
        return outcome

    async def find_sale(self, request_id: str, merchant: Merchant) -> Inquiry:
        """What became of the sale sent under `request_id`. The look-up goes under a request-id of its own."""
        own = self._new_request_id()

        def message(token: Secret) -> Message:
            headers = wire.headers(token, merchant.merchant_id, own)
            query = {self._endpoint.lookup_parameter: request_id}
            return Message("GET", self._endpoint.base_url + wire.PAYMENTS, headers, query)

        # Whether the answer carries the sale's request-id or the look-up's is not documented; no other is accepted.
        return await self._inquiry(message, Expected(request_ids=frozenset({request_id, own})), request_id)

    async def get_payment(self, transaction_id: str, merchant: Merchant) -> Inquiry:
        """What Chase says of a transaction now."""

        def message(token: Secret) -> Message:
            url = self._endpoint.base_url + wire.payment_path(transaction_id)
            return Message("GET", url, wire.headers(token, merchant.merchant_id))

        return await self._inquiry(message, Expected(transaction_id=transaction_id), transaction_id)

    async def health(self) -> Health:
        """
        Down: not reached within HEALTH_WITHIN_S.

        Degraded: it answers so, the latest token could not be had, or a breaker is not closed.
        """
        began_s = self._boot_s()
        message = Message("GET", self._endpoint.base_url + wire.HEALTH, {"Accept": "application/json"})
        reply = await self._sending.exchange(message, within_s=HEALTH_WITHIN_S)
        latency_s = self._boot_s() - began_s
        if not isinstance(reply, Reply):
            return Health(HealthStatus.DOWN, latency_s)
        broken = any(breaker.state is not BreakerState.CLOSED for breaker in self._breakers.values())
        impaired = broken or self._tokens.failing or is_impaired(reply)
        return Health(HealthStatus.DEGRADED if impaired else HealthStatus.OK, latency_s)

    async def warm(self) -> Health:
        """Have a token and an open connection before the first sale needs them."""
        try:
            await self._tokens.current()
        except TokenUnavailable as error:
            self._alarm(ALARM_OF[codes.AUTH_UNAVAILABLE], message=str(error))
        return await self.health()

    async def close(self) -> None:
        """End what is under way and close every connection."""
        await self._tokens.close()
        await self._sending.close()

    @property
    def connections_opened(self) -> int:
        return self._sending.connections_opened

    @property
    def token_fetches(self) -> int:
        return self._token_endpoint.fetches

    def breaker_state(self, call: Call) -> BreakerState:
        """For what moves money; an inquiry has no breaker."""
        return self._breakers[call].state

    async def _attempt(
        self, call: Call, message: MessageWith, meaning: Callable[[Reply], Outcome], send_before_s: float
    ) -> Outcome:
        breaker = self._breakers[call]
        if not breaker.may_send():
            return NotSent(codes.BREAKER_OPEN, "Chase has been failing: not tried, so as not to wait for it")
        reply = await self._calling(message, send_before_s=send_before_s)
        outcome = meaning(reply) if isinstance(reply, Reply) else reply
        if outcome.code == codes.SEND_DEADLINE_PASSED:
            return outcome
        if breaker.note(failed=isinstance(outcome, NotSent | Unknown) and codes.is_outage(outcome.code)):
            self._alarm("chase_breaker_opened", call=call.value, code=outcome.code)
        return outcome

    async def _inquiry(self, message: MessageWith, expected: Expected, about: str) -> Inquiry:
        async def attempt() -> Outcome | NothingFound:
            reply = await self._calling(message)
            return found(reply, expected=expected) if isinstance(reply, Reply) else reply

        answer = await self._resending(Call.INQUIRY, attempt)
        if not isinstance(answer, NotSent | Unknown):
            return answer
        self._tell(Call.INQUIRY, answer, about)
        return NoAnswer(answer.code, answer.message)

    def _tell(self, call: Call, outcome: Outcome, about: str) -> None:
        if isinstance(outcome, NotSent | Unknown) and outcome.code in ALARM_OF:
            self._alarm(
                ALARM_OF[outcome.code], call=call.value, about=about, code=outcome.code, message=outcome.message
            )
