"""
How a connection to SQL Server is had: pyodbc, imported only here and only when the first one is opened.

A bare Debian has no driver manager, and `import pyodbc` fails there; who uses SQLite must never meet that.
"""

import importlib
import re
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, Literal

from shared.database.sqlserver_connection import Connect, OdbcConnection
from shared.database.unit_of_work import DatabaseUnavailable
from shared.payments.secret import Secret

# A paused or moving database answers a login late.
LOGIN_TIMEOUT_S: Final = 30
# Beyond any healthy batch; shorter than the patience of who waits for an answer (SALE_ANSWER_WITHIN_S).
QUERY_TIMEOUT_S: Final = 15

# `string`: all that a login needs stands in the connection string. `entra`: a token of azure-identity.
Credential = Literal["string", "entra"]
TokenSource = Callable[[], str]

_SCOPE: Final = "https://database.windows.net/.default"
_SQL_COPT_SS_ACCESS_TOKEN: Final = 1256
# With a token beside them the driver refuses the login (FA005).
_NOT_WITH_A_TOKEN: Final = frozenset({"uid", "pwd", "authentication", "trusted_connection"})
_PAIRS: Final = re.compile(r"\s*([^=;]+?)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;]*)(?:;|$)")
# Driver manager: no such data source; or the driver's library cannot be opened.
_NO_DRIVER: Final = frozenset({"IM002", "01000", "IM003"})


def odbc_login(
    connection_string: Secret,
    *,
    credential: Credential = "string",
    login_timeout_s: int = LOGIN_TIMEOUT_S,
    query_timeout_s: int = QUERY_TIMEOUT_S,
    token: TokenSource | None = None,
) -> Connect:
    """
    What opens a connection: `Authentication=ActiveDirectoryMsi` or a user and password in the string, or a token.

    Opens nothing yet. Raises ValueError for a string that cannot work; the text names its keywords, never a value.
    """
    keywords = {name.lower(): value for name, value in _PAIRS.findall(connection_string.reveal())}
    if clash := _NOT_WITH_A_TOKEN & keywords.keys():
        _refuse(credential == "entra", f"with a token the connection string holds no {', '.join(sorted(clash))}")
    off = keywords.get("quotedid", "yes").lower() in ("no", "0", "off")
    _refuse(off, "QuotedId=No cannot write to filtered indexes: leave it out")
    token = token or _entra_token

    def connect() -> OdbcConnection:
        driver = _pyodbc()
        before = {_SQL_COPT_SS_ACCESS_TOKEN: token_bytes(token())} if credential == "entra" else {}
        try:
            connection: OdbcConnection = driver.connect(
                connection_string.reveal(), autocommit=True, timeout=login_timeout_s, attrs_before=before
            )
        except driver.Error as error:
            if error.args[0] in _NO_DRIVER:
                raise DatabaseUnavailable(_no_such_driver(driver)) from None
            raise
        connection.timeout = query_timeout_s
        return connection

    return connect


def token_bytes(token: str) -> bytes:
    """An access token as ODBC takes it: its length in bytes, then its UTF-16."""
    encoded = token.encode("utf-16-le")
    return struct.pack(f"<I{len(encoded)}s", len(encoded), encoded)


@lru_cache(1)
def _pyodbc() -> Any:
    try:
        driver: Any = importlib.import_module("pyodbc")
    except ImportError as error:
        raise DatabaseUnavailable(
            f"SQL Server is configured and pyodbc cannot be imported ({error.name or error}): install pyodbc, unixODBC"
            " and Microsoft's ODBC Driver 18 for SQL Server, or use SQLite"
        ) from None
    # The driver manager's pool is process-wide and hands out state that we did not set: ours is the only one.
    driver.pooling = False
    return driver


def _no_such_driver(driver: Any) -> str:
    there = ", ".join(driver.drivers()) or "none"
    return f"the connection string names an ODBC driver that is not installed (installed: {there})"


def _entra_token() -> str:
    """Asked for each new connection: azure-identity keeps it until it is about to expire."""
    try:
        text: str = _entra_credential().get_token(_SCOPE).token
    except Exception as error:
        raise DatabaseUnavailable(f"no token for the database: {type(error).__name__}") from None
    return text


@lru_cache(1)
def _entra_credential() -> Any:
    return importlib.import_module("azure.identity").DefaultAzureCredential()


def _refuse(wrong: bool, sentence: str) -> None:
    if wrong:
        raise ValueError(sentence)
