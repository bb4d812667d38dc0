"""The engine that settings name, and how it words what engines word differently."""

from pathlib import Path
from typing import Final

from shared.database import journal
from shared.database.migrations import migrate_sqlite
from shared.database.refusals import UNIQUE_RULES
from shared.database.sqlite import SqliteEngine
from shared.database.sqlserver import SqlServerEngine
from shared.database.sqlserver_login import odbc_login
from shared.database.sqlserver_migrations import migrate_sqlserver
from shared.database.statements import First, first_by_limit, first_by_top
from shared.database.unit_of_work import Engine
from shared.settings import Settings, SettingsError
from shared.use_cases import ports

# A violated rule is told by its name, whichever room's table it is of.
_UNIQUE_RULES: Final = {**UNIQUE_RULES, **journal.UNIQUE_RULES}
_MIGRATIONS: Final = Path(__file__).parents[1] / "database" / "migrations"


def database(settings: Settings, clock: ports.Clock) -> tuple[Engine, First]:
    """The engine that settings name; on a laptop its migrations are applied, elsewhere a deployment does that."""
    if settings.sqlite_path is not None:
        migrate_sqlite(settings.sqlite_path, _MIGRATIONS / "sqlite", now=clock.now())
        return SqliteEngine(settings.sqlite_path, constraints=_UNIQUE_RULES), first_by_limit
    assert settings.sql_connection_string is not None, "settings require one of the two"
    try:
        login = odbc_login(
            settings.sql_connection_string,
            credential=settings.sql_credential,
            login_timeout_s=settings.sql_login_timeout_s,
            query_timeout_s=settings.sql_query_timeout_s,
        )
    except ValueError as error:
        raise SettingsError(f"SQL_CONNECTION_STRING: {error}") from None
    if settings.app_environment == "local":
        migrate_sqlserver(login, _MIGRATIONS / "sqlserver", now=clock.now())
    engine = SqlServerEngine(login, constraints=_UNIQUE_RULES, connections_max=settings.sql_connections_max)
    return engine, first_by_top
