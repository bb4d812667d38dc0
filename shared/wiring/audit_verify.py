"""
`python -m shared.wiring.audit_verify`: is the history of every payment what was written?

Verifies each payment's chain and each anchor, in constant memory, and writes nothing to the database. What it prints
names payments and places, never a value. Exit 1 where something is wrong, 2 where it could not be asked.
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from shared.database.audit import SqlAuditTrail
from shared.database.sqlite import SqliteEngine
from shared.database.sqlserver import SqlServerEngine
from shared.database.sqlserver_login import odbc_login
from shared.database.statements import First, first_by_limit, first_by_top
from shared.database.unit_of_work import DatabaseError, Engine
from shared.payments.anchor import AnchorBroken, AnchorStoreUnavailable
from shared.payments.audit import Keyring
from shared.settings import AuditSettings, SettingsError
from shared.use_cases.audit_ports import AnchorStore
from shared.use_cases.audit_verification import AuditVerification
from shared.wiring.audit import anchor_store

_NO_STORE: Final = "no anchors are kept: a payment that is gone with its whole history is not missed\n"


def main(environ: Mapping[str, str], write: Callable[[str], object]) -> int:
    """Print the findings and a closing count; what the process exits with."""
    try:
        settings = AuditSettings.from_environment(environ)
        store = anchor_store(settings)
        if store is None:
            write(_NO_STORE)
        return asyncio.run(_verified(settings, store, write))
    except (SettingsError, DatabaseError, AnchorStoreUnavailable, AnchorBroken, ValueError) as error:
        write(f"not verified: {error}\n")
        return 2


async def _verified(settings: AuditSettings, store: AnchorStore | None, write: Callable[[str], object]) -> int:
    engine, first = _engine(settings)
    verification = AuditVerification(SqlAuditTrail(engine, first=first), store, Keyring.of(settings.audit_keys))
    found: Counter[str] = Counter()
    try:
        async for finding in verification.findings():
            found[finding.kind] += 1
            write(f"{finding}\n")
    finally:
        await engine.close()
    write(
        f"{verification.payments} payments, {verification.entries} entries, {verification.anchors} anchors verified; "
        f"{found.total()} findings{''.join(f', {count} {kind}' for kind, count in sorted(found.items()))}\n"
    )
    return 1 if found else 0


def _engine(settings: AuditSettings) -> tuple[Engine, First]:
    """The engine on a database that is there: the verifier makes none, and migrates none."""
    if settings.sqlite_path is not None:
        if not settings.sqlite_path.exists():
            raise ValueError("SQLITE_PATH: there is no such file")
        return SqliteEngine(settings.sqlite_path, constraints={}), first_by_limit
    assert settings.sql_connection_string is not None, "settings require one of the two"
    login = odbc_login(
        settings.sql_connection_string,
        credential=settings.sql_credential,
        login_timeout_s=settings.sql_login_timeout_s,
        query_timeout_s=settings.sql_query_timeout_s,
    )
    return SqlServerEngine(login, constraints={}), first_by_top


if __name__ == "__main__":
    sys.exit(main(os.environ, sys.stdout.write))
