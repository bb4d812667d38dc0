"""How a connection is had, on machines that have a driver and on those that have none."""

import struct
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.database import sqlserver_login
from shared.database.sqlserver_login import odbc_login, token_bytes
from shared.database.unit_of_work import DatabaseUnavailable
from shared.payments.secret import Secret

MSI = Secret("Driver={ODBC Driver 18 for SQL Server};Server=tcp:x.example,1433;Authentication=ActiveDirectoryMsi")
BARE = Secret("Driver={ODBC Driver 18 for SQL Server};Server=tcp:x.example,1433;Database=payments")

SQLITE_ONLY = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
import shared.database.sqlserver, shared.database.sqlserver_migrations, shared.database.check
from shared.database.migrations import migrate_sqlite
from shared.database.payments import SqlPayments
from shared.database.refusals import UNIQUE_RULES
from shared.database.statements import first_by_limit
from shared.database.sqlite import SqliteEngine
from tests.builders import CHAIN

async def main(path):
    migrate_sqlite(path, Path("shared/database/migrations/sqlite"), now=datetime(2026, 1, 2, tzinfo=UTC))
    engine = SqliteEngine(path, constraints=UNIQUE_RULES)
    assert await SqlPayments(engine, first=first_by_limit, chain=CHAIN).get("pay_1") is None
    await engine.close()

asyncio.run(main(sys.argv[1]))
print([name for name in ("pyodbc", "azure.identity") if name in sys.modules])
"""
WITHOUT_DRIVER_MANAGER = """
import sys
sys.path.insert(0, sys.argv[1])
from shared.database.sqlserver_login import odbc_login
from shared.database.unit_of_work import DatabaseUnavailable
from shared.payments.secret import Secret

try:
    odbc_login(Secret("Driver={ODBC Driver 18 for SQL Server};Server=x;UID=u;PWD=hidden"))()
except DatabaseUnavailable as error:
    print(error)
"""


class Driver(types.ModuleType):
    """A pyodbc that remembers how it was called."""

    class Error(Exception):
        pass

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__("pyodbc")
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.pooling = True
        self.failure = error

    def connect(self, text: str, **options: Any) -> Any:
        self.calls.append((text, options))
        if self.failure is not None:
            raise self.failure
        return types.SimpleNamespace(timeout=0)

    def drivers(self) -> list[str]:
        return ["SQLite3"]


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    made = Driver()
    monkeypatch.setitem(sys.modules, "pyodbc", made)
    sqlserver_login._pyodbc.cache_clear()
    yield made
    sqlserver_login._pyodbc.cache_clear()


def _python(code: str, *arguments: object) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


class TestTheDriver:
    def test_is_never_imported_where_sqlite_is_used(self, tmp_path: Path) -> None:
        assert _python(SQLITE_ONLY, tmp_path / "payments.sqlite3") == "[]"

    def test_that_lacks_its_driver_manager_is_one_clear_sentence(self, tmp_path: Path) -> None:
        broken = 'raise ImportError("libodbc.so.2: cannot open shared object file: No such file or directory")\n'
        (tmp_path / "pyodbc.py").write_text(broken, encoding="utf-8")

        said = _python(WITHOUT_DRIVER_MANAGER, tmp_path)

        assert said.startswith("SQL Server is configured and pyodbc cannot be imported (libodbc.so.2")
        assert "install" in said
        assert "hidden" not in said
        assert "\n" not in said

    def test_that_the_string_names_and_nobody_installed_is_told_with_those_that_are(self, driver: Driver) -> None:
        driver.failure = Driver.Error("01000", "[01000] [unixODBC][Driver Manager]Can't open lib 'x' (0) (SQLDriver)")

        with pytest.raises(DatabaseUnavailable, match=r"not installed \(installed: SQLite3\)"):
            odbc_login(MSI)()

    def test_keeps_no_pool_of_its_own(self, driver: Driver) -> None:
        odbc_login(MSI)()

        assert driver.pooling is False


class TestLogin:
    def test_by_managed_identity_or_password_is_all_in_the_string(self, driver: Driver) -> None:
        connection = odbc_login(MSI, login_timeout_s=31, query_timeout_s=7)()

        assert driver.calls == [(MSI.reveal(), {"autocommit": True, "timeout": 31, "attrs_before": {}})]
        assert connection.timeout == 7

    def test_by_token_takes_a_new_one_for_each_connection(self, driver: Driver) -> None:
        tokens = iter(["one", "two"])
        connect = odbc_login(BARE, credential="entra", token=lambda: next(tokens))

        connect(), connect()

        assert [options["attrs_before"] for _, options in driver.calls] == [
            {1256: token_bytes("one")},
            {1256: token_bytes("two")},
        ]

    def test_a_token_is_its_length_in_bytes_and_its_utf_16(self) -> None:
        assert token_bytes("ab") == struct.pack("<I", 4) + b"a\0b\0"

    @pytest.mark.parametrize(
        "clash", ["UID=me", "pwd={a;b}", "Authentication=ActiveDirectoryMsi", " Trusted_Connection = yes"]
    )
    def test_by_token_is_refused_beside_credentials_in_the_string(self, clash: str) -> None:
        with pytest.raises(ValueError, match=r"holds no (uid|pwd|authentication|trusted_connection)$"):
            odbc_login(Secret(f"{BARE.reveal()};{clash}"), credential="entra")

    def test_a_word_inside_a_value_is_no_keyword(self) -> None:
        odbc_login(Secret("Driver={x;UID=1};Server=pwd"), credential="entra")

    def test_without_quoted_identifiers_is_refused(self) -> None:
        with pytest.raises(ValueError, match="QuotedId"):
            odbc_login(Secret(f"{BARE.reveal()};QuotedId=No"))

    def test_that_gets_no_token_says_why_and_asks_nobody(self, driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        class CredentialUnavailableError(Exception):
            pass

        class Credential:
            def get_token(self, scope: str) -> None:
                raise CredentialUnavailableError(scope)

        identity = types.ModuleType("azure.identity")
        monkeypatch.setattr(identity, "DefaultAzureCredential", Credential, raising=False)
        monkeypatch.setitem(sys.modules, "azure.identity", identity)
        sqlserver_login._entra_credential.cache_clear()

        with pytest.raises(DatabaseUnavailable, match="no token for the database: CredentialUnavailableError"):
            odbc_login(BARE, credential="entra")()

        sqlserver_login._entra_credential.cache_clear()
        assert driver.calls == []
