"""Which ledger postings go to: the service that LEDGER_URL names, or the journal in our own database."""

from collections.abc import Awaitable, Callable

from shared.database.journal import EmbeddedJournal
from shared.database.unit_of_work import Engine
from shared.ledger.client import HttpLedger
from shared.settings import Settings
from shared.use_cases import ports


def ledger(settings: Settings, engine: Engine) -> tuple[ports.Ledger, Callable[[], Awaitable[None]]]:
    """The ledger, and what lets go of it at shutdown (the engine is its owner's to close). Opens nothing yet."""
    if settings.ledger_url is None:
        return EmbeddedJournal(engine), _nothing
    remote = HttpLedger(settings.ledger_url, token=settings.ledger_token, timeout_s=settings.ledger_timeout_s)
    return remote, remote.close


async def _nothing() -> None: ...
