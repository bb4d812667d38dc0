"""Consumer of `ledger-posting`: brings a posting to the ledger, once, however often its message comes."""

from dataclasses import replace
from typing import Final

from shared.payments.beside import Received
from shared.payments.errors import AlreadyReceived
from shared.payments.messages import Message
from shared.payments.posting import LedgerRefused, LedgerUnavailable, Posting
from shared.payments.requeue import requeue_s
from shared.use_cases.ports import Outside
from shared.use_cases.setting_aside import CannotSucceed

CONSUMER: Final = "ledger_posting"


class LedgerPosting:
    """The ledger counts an id once, so posting comes before the mark: a crash in between has it posted again."""

    def __init__(self, outside: Outside) -> None:
        self._postings, self._ledger = outside.postings, outside.ledger
        self._clock, self._chance, self._telemetry = outside.clock, outside.chance, outside.telemetry

    async def consume(self, message: Message) -> None:
        """
        Post what the message names, or put it off where the ledger is away: either way the message is done with.

        Raises CannotSucceed for what is no posting of ours, and for what the ledger refuses.
        """
        kept = await self._postings.get(message.ids["postingId"])
        if kept is None or kept.posting.payment_id != message.payment_id:
            raise CannotSucceed("no such posting of that payment")
        if kept.posted:
            return
        received = Received(CONSUMER, message.id)
        try:
            await self.post(kept.posting, received)
        except AlreadyReceived:
            # Another delivery of it came first, and saw to what follows.
            self._telemetry.count("messages.duplicates", queue=message.queue.value)
        except LedgerUnavailable as error:
            await self._put_off(message, received, error)
        except LedgerRefused as error:
            raise CannotSucceed(str(error)) from None

    async def post(self, posting: Posting, message: Received | None = None) -> None:
        """Post, then mark it. Raises LedgerUnavailable, LedgerRefused, or AlreadyReceived: posted all the same."""
        await self._ledger.post(posting)
        await self._postings.posted(posting, self._clock.now(), message)

    async def _put_off(self, message: Message, received: Received, error: LedgerUnavailable) -> None:
        due_at = self._clock.after(requeue_s(message.attempt, self._chance()))
        again = replace(message, due_at=due_at, attempt=message.attempt + 1)
        try:
            await self._postings.put_off(received, again, self._clock.now())
        except AlreadyReceived:
            return
        told = {"paymentId": message.payment_id, "attempt": message.attempt, "error": str(error)}
        self._telemetry.event("ledger.put_off", **told)
