"""Chase, as the use cases know it (ports.Chase): a sale goes in, an outcome comes out."""

import uuid
from collections.abc import Callable
from functools import partial

from shared.chase import classification, requests
from shared.chase.alarms import ALARM_OF, Alarm
from shared.chase.asking import Asking
from shared.chase.assertion import scheme_of
from shared.chase.attempts import Attempts
from shared.chase.breaker import BreakerState
from shared.chase.calling import Calling
from shared.chase.classification import Expected
from shared.chase.endpoint import ChaseEndpoint
from shared.chase.health import Health, HealthCheck
from shared.chase.judgement import Asked
from shared.chase.moving import Moving
from shared.chase.oauth import TokenEndpoint
from shared.chase.retry import Resending, Wait
from shared.chase.sending import Sending
from shared.chase.tokens import Tokens, TokenUnavailable
from shared.chase.verification import Verification
from shared.chase.wire import addressing
from shared.payments.money import Money
from shared.payments.outcome import Inquiry, Outcome
from shared.payments.payment import Operation, Payment
from shared.payments.requests import Ach, Card, Merchant, Payer, SaleRequest
from shared.payments.retry import Call, Strategies


class ChaseClient:
    """
    One per process. It never raises for what Chase does or does not answer: that is a value. Only cancellation climbs.

    What moves money takes `send_before_s` (on the scale of `boot_s`): past it nothing leaves, and the outcome is
    NotSent. Void, capture and refund go under their operation's request-id, and raise ValueError for a payment whose
    sale Chase has given no transaction id.

    `wait` waits between sends (a laptop makes it shorter), `rng` gives a number from 0 to 1, `boot_s` is the clock that
    send deadlines are on, `alarm` tells a person, `new_request_id` names look-ups, `attempts` tells each of them.
    """

    def __init__(  # noqa: PLR0913 - each is one thing from outside, and named
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
        attempts: Attempts | None = None,
    ) -> None:
        attempts = attempts or Attempts()
        self._endpoint = endpoint
        self._alarm = alarm
        self._new_request_id = new_request_id
        self._sending = Sending(endpoint, boot_s=boot_s)
        resending = Resending(strategies, wait=wait, rng=rng, boot_s=boot_s, retried=attempts.retried)
        self._token_endpoint = TokenEndpoint(
            endpoint.token_url, scheme_of(endpoint), sending=self._sending, resending=resending
        )
        self._tokens = Tokens(self._token_endpoint.fetch, boot_s=boot_s)
        calling = Calling(self._sending, self._tokens, base_url=endpoint.base_url)
        self._asking = Asking(calling, resending, alarm=alarm, attempts=attempts)
        self._moving = Moving(
            calling,
            resending,
            breaker_failures=breaker_failures,
            breaker_cooldown_s=breaker_cooldown_s,
            boot_s=boot_s,
            alarm=alarm,
            attempts=attempts,
        )
        self._health_check = HealthCheck(self._sending, base_url=endpoint.base_url, boot_s=boot_s)

    async def sale(
        self, request: SaleRequest, payment: Payment, merchant: Merchant, *, send_before_s: float
    ) -> Outcome:
        """Charge."""
        sale = requests.sale(request, payment, merchant)
        meaning = partial(classification.sale_outcome, request_id=payment.sale.request_id)
        return await self._moving(Call.SALE, sale, meaning, send_before_s=send_before_s)

    async def void(
        self, payment: Payment, operation: Operation, merchant: Merchant, *, send_before_s: float
    ) -> Outcome:
        """Undo an authorization that is not captured yet. Approved in state VOIDED, for the whole amount."""
        void = requests.void(payment, operation, merchant)
        meaning = partial(
            classification.void_outcome,
            transaction_id=requests.transaction_id(payment),
            amount=operation.amount,
        )
        return await self._moving(Call.VOID, void, meaning, send_before_s=send_before_s)

    async def capture(
        self,
        payment: Payment,
        operation: Operation,
        merchant: Merchant,
        *,
        amount: Money | None,
        send_before_s: float,
    ) -> Outcome:
        """Take what is authorized now, or only `amount` of it."""
        capture = requests.capture(payment, operation, merchant, amount)
        # It takes the money that a sale holds, and goes by the sale's strategy and breaker.
        meaning = partial(classification.capture_outcome, request_id=operation.request_id)
        return await self._moving(Call.SALE, capture, meaning, send_before_s=send_before_s)

    async def refund(
        self, payment: Payment, operation: Operation, merchant: Merchant, *, full: bool, send_before_s: float
    ) -> Outcome:
        """
        Give back the operation's amount; `full` if that is all the sale took, with no refund before.

        Approved with the refund's own transaction id and amount.
        """
        refund = requests.refund(payment, operation, merchant, full=full)
        meaning = partial(classification.refund_outcome, reference=requests.transaction_id(payment))
        return await self._moving(Call.REFUND, refund, meaning, send_before_s=send_before_s)

    async def verify(
        self,
        instrument: Card | Ach,
        payer: Payer,
        merchant: Merchant,
        *,
        currency: str,
        request_id: str,
        send_before_s: float,
    ) -> Verification:
        """Whether the instrument is good, in its issuer's or bank's word; nothing is charged or held."""
        verification = requests.verification(instrument, payer, merchant, currency=currency, request_id=request_id)
        # It carries a card number to an issuer, and like a sale is not repeated after silence.
        return await self._moving(
            Call.SALE, verification, classification.verification_outcome_of, send_before_s=send_before_s
        )

    async def find_sale(self, request_id: str, merchant: Merchant) -> Inquiry:
        """What became of the sale sent under `request_id`. The look-up goes under a request-id of its own."""
        return await self._find(addressing.PAYMENTS, Asked.PAYMENT, request_id, merchant)

    async def find_refund(self, request_id: str, merchant: Merchant) -> Inquiry:
        """What became of the refund sent under `request_id`. The look-up goes under a request-id of its own."""
        return await self._find(addressing.REFUNDS, Asked.REFUND, request_id, merchant)

    async def get_payment(self, transaction_id: str, merchant: Merchant) -> Inquiry:
        """What Chase says of a transaction now."""
        return await self._get(addressing.payment(transaction_id), Asked.PAYMENT, transaction_id, merchant)

    async def get_refund(self, transaction_id: str, merchant: Merchant) -> Inquiry:
        """What Chase says of a refund now; `transaction_id` is the refund's own."""
        return await self._get(addressing.refund(transaction_id), Asked.REFUND, transaction_id, merchant)

    async def health(self) -> Health:
        """How Chase is: degraded too while the latest token could not be had, or a breaker is not closed."""
        return await self._health_check(impaired=self._tokens.failing or self._moving.broken)

    async def warm(self) -> Health:
        """Have a token and an open connection before the first sale needs them."""
        try:
            await self._tokens.current()
        except TokenUnavailable as error:
            self._alarm(ALARM_OF[error.code], message=str(error))
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
        return self._moving.breaker_state(call)

    async def _find(self, collection: str, asked: Asked, request_id: str, merchant: Merchant) -> Inquiry:
        own = self._new_request_id()
        parameter = self._endpoint.lookup_parameter
        request = requests.find(collection, merchant, sought=request_id, parameter=parameter, own=own)
        # Whether the answer carries the sought request-id or the look-up's is not documented; no other is accepted.
        return await self._asking(request, asked, expected=Expected(request_ids=frozenset({request_id, own})))

    async def _get(self, path: str, asked: Asked, transaction_id: str, merchant: Merchant) -> Inquiry:
        request = requests.get(path, transaction_id, merchant)
        return await self._asking(request, asked, expected=Expected(transaction_id=transaction_id))
