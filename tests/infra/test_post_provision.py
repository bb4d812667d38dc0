"""After the deployment: migrations, then a user for the app with as few rights as it needs."""

from collections.abc import Callable, Mapping

import pytest

from infra.scripts.post_provision import NEEDED, connection_string, main, statements
from shared.database.sqlserver_connection import Connect
from shared.database.sqlserver_login import odbc_login
from shared.payments.secret import Secret
from tests.database.scripted_odbc import Says, ScriptedDriver

OUTPUTS = {
    "SQL_SERVER_HOST": "sql-payments-dev-abc.database.windows.net",
    "SQL_DATABASE_NAME": "payments",
    "APP_IDENTITY_NAME": "id-payments-dev-abc",
}


class Deployment:
    """What the script did, in order, against a database that says yes."""

    def __init__(self, migrated: int = 0, *script: Says) -> None:
        self.driver = ScriptedDriver(*script)
        self.did: list[str] = []
        self.said = ""
        self._migrated = migrated

    def run(self, environ: Mapping[str, str]) -> int:
        return main(environ, self._write, self._migrate, self._login)

    def _write(self, text: str) -> None:
        self.said += text

    def _migrate(self, environ: Mapping[str, str], write: Callable[[str], object]) -> int:
        self.did.append(f"migrated as {environ['SQL_CREDENTIAL']}")
        return self._migrated

    def _login(self, text: Secret) -> Connect:
        # The real one refuses a string that names a user beside the token.
        odbc_login(text, credential="entra", token=lambda: "token")
        self.did.append("logged in")
        return self.driver.connect


def test_migrates_first_and_then_makes_the_user_and_grants() -> None:
    deployment = Deployment(0, *(Says() for _ in statements("id-payments-dev-abc")))

    assert deployment.run(OUTPUTS) == 0

    assert deployment.did == ["migrated as entra", "logged in"]
    assert [asked.sql for asked in deployment.driver.asked] == statements("id-payments-dev-abc")
    assert deployment.driver.open == set()


def test_a_database_that_lacks_something_gets_no_user() -> None:
    deployment = Deployment(1)

    assert deployment.run(OUTPUTS) == 1
    assert deployment.driver.asked == []


@pytest.mark.parametrize("name", NEEDED)
def test_an_output_that_is_missing_is_named(name: str) -> None:
    deployment = Deployment()

    assert deployment.run({**OUTPUTS, name: ""}) == 2
    assert name in deployment.said
    assert deployment.did == []


@pytest.mark.parametrize("name", ["id]; DROP TABLE payments --", "x' OR '1'='1", "id payments", "=;"])
def test_a_name_that_could_be_more_than_a_name_is_refused_before_anything_is_done(name: str) -> None:
    deployment = Deployment()

    assert deployment.run({**OUTPUTS, "APP_IDENTITY_NAME": name}) == 2
    assert deployment.did == []
    assert name not in deployment.said


def test_what_the_server_refuses_is_told_and_ends_it() -> None:
    deployment = Deployment(0, Says(error=RuntimeError("no permission")))

    assert deployment.run(OUTPUTS) == 2
    assert "not done" in deployment.said


def test_the_user_comes_from_entra_and_is_made_once() -> None:
    first, *_ = statements("id-payments-dev-abc")

    assert first.startswith("IF DATABASE_PRINCIPAL_ID(N'id-payments-dev-abc') IS NULL CREATE USER")
    assert first.endswith("FROM EXTERNAL PROVIDER")


def test_what_is_append_only_is_not_the_apps_to_change() -> None:
    for table in ("history", "journal_entries", "audit_anchors"):
        assert f"DENY UPDATE, DELETE ON OBJECT::dbo.{table} TO [id-payments-dev-abc]" in statements(
            "id-payments-dev-abc"
        )
    assert [sql for sql in statements("id-payments-dev-abc") if "db_owner" in sql or "ALTER" in sql] == []


def test_the_login_names_nobody() -> None:
    text = connection_string(OUTPUTS).lower()

    assert [word for word in ("uid=", "pwd=", "authentication=") if word in text] == []
    assert "encrypt=yes" in text
