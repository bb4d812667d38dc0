"""
What Bicep cannot say about the database: its migrations, and a user for the app that may read and write rows.

Run as a member of the group that administers the server, from where the server can be reached, with the outputs of the
deployment in the environment: SQL_SERVER_HOST, SQL_DATABASE_NAME, APP_IDENTITY_NAME. Safe to run again.

    python -m infra.scripts.post_provision

Exit 1 where the database lacks something that the migrations make, 2 where a step could not be done.
"""

import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Final

from shared.database import check
from shared.database.sqlserver_connection import Connect
from shared.database.sqlserver_errors import diagnosed, unavailable
from shared.database.sqlserver_login import odbc_login
from shared.database.unit_of_work import DatabaseError
from shared.payments.secret import Secret

NEEDED: Final = ("SQL_SERVER_HOST", "SQL_DATABASE_NAME", "APP_IDENTITY_NAME")

# As main.bicep makes it. It goes into a statement that takes no parameters, so nothing else may.
_IDENTITY: Final = re.compile(r"[A-Za-z0-9-]{3,128}")

# What is append-only (its triggers say so too), and which migrations ran, are not the app's to change.
_GRANTS: Final = (
    "IF DATABASE_PRINCIPAL_ID(N'{user}') IS NULL CREATE USER [{user}] FROM EXTERNAL PROVIDER",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON SCHEMA::dbo TO [{user}]",
    "DENY UPDATE, DELETE ON OBJECT::dbo.history TO [{user}]",
    "DENY UPDATE, DELETE ON OBJECT::dbo.journal_entries TO [{user}]",
    "DENY UPDATE, DELETE ON OBJECT::dbo.audit_anchors TO [{user}]",
    "DENY INSERT, UPDATE, DELETE ON OBJECT::dbo.schema_migrations TO [{user}]",
)


def connection_string(environ: Mapping[str, str]) -> str:
    """For a login by token: it names no user."""
    host, database = environ["SQL_SERVER_HOST"], environ["SQL_DATABASE_NAME"]
    return (
        f"Driver={{ODBC Driver 18 for SQL Server}};Server=tcp:{host},1433;Database={database};"
        "Encrypt=yes;TrustServerCertificate=no"
    )


def statements(user: str) -> list[str]:
    """What gives `user`, an identity of Entra, its rights. Raises ValueError for a name that is not one of ours."""
    if not _IDENTITY.fullmatch(user):
        raise ValueError("APP_IDENTITY_NAME: must be letters, digits and hyphens, as the deployment printed it")
    return [grant.format(user=user) for grant in _GRANTS]


def grant(connect: Connect, user: str) -> None:
    """Make the app's user, where it is not there, and give it its rights. Raises ValueError or DatabaseUnavailable."""
    planned = statements(user)
    try:
        with closing(connect()) as connection, closing(connection.cursor()) as cursor:
            for statement in planned:
                cursor.execute(statement)
    except DatabaseError:
        raise
    except Exception as error:
        raise unavailable(diagnosed(error)) from None


def main(
    environ: Mapping[str, str],
    write: Callable[[str], object],
    migrate: Callable[[Mapping[str, str], Callable[[str], object]], int] = check.main,
    login: Callable[[Secret], Connect] = lambda text: odbc_login(text, credential="entra"),
) -> int:
    """The migrations first, for the grants name their tables; what the process exits with."""
    if missing := [name for name in NEEDED if not environ.get(name)]:
        write(f"set {', '.join(missing)}: outputs of the deployment (azd env get-values)\n")
        return 2
    try:
        statements(environ["APP_IDENTITY_NAME"])
        text = connection_string(environ)
        if status := migrate({"SQL_CONNECTION_STRING": text, "SQL_CREDENTIAL": "entra"}, write):
            return status
        grant(login(Secret(text)), environ["APP_IDENTITY_NAME"])
    except (DatabaseError, ValueError) as error:
        write(f"not done: {error}\n")
        return 2
    write(f"{environ['APP_IDENTITY_NAME']} may read and write rows\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.stdout.write))
