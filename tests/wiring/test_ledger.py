"""Postings go to the service that settings name, or else into our own database."""

from pathlib import Path

from shared.database.journal import EmbeddedJournal
from shared.database.sqlite import SqliteEngine
from shared.settings import Settings
from shared.wiring.ledger import ledger
from tests.ledger.ledger_service import ledger_service
from tests.ledger.test_client import ID, a_posting
from tests.test_settings import an_environment


async def test_without_an_address_the_ledger_is_the_embedded_journal(tmp_path: Path) -> None:
    engine = SqliteEngine(tmp_path / "payments.sqlite3", constraints={})

    made, close = ledger(Settings.from_environment(an_environment()), engine)
    await close()
    await engine.close()

    assert isinstance(made, EmbeddedJournal)


async def test_with_an_address_it_is_the_service_there_under_the_token_of_the_settings(tmp_path: Path) -> None:
    engine = SqliteEngine(tmp_path / "payments.sqlite3", constraints={})
    async with ledger_service() as service:
        settings = an_environment(LEDGER_URL=f"{service.url}/", LEDGER_TOKEN="a-token", LEDGER_TIMEOUT_S="10")

        made, close = ledger(Settings.from_environment(settings), engine)
        await made.post(a_posting())
        await close()

        [(headers, body)] = service.requests
        assert (body["id"], headers["Authorization"]) == (ID, "Bearer a-token")
    await engine.close()
