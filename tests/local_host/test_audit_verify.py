"""`make audit-verify`: exit 0 where all is whole, 1 with findings, 2 where it could not be asked."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from local.audit_verify import main
from local.keys import local_keys
from shared.anchors.blobs import BlobAnchors
from shared.anchors.directory import DirectoryAnchors
from shared.database.check import MIGRATIONS
from shared.database.migrations import migrate_sqlite
from shared.database.payments import SqlPayments
from shared.database.refusals import UNIQUE_RULES
from shared.database.sqlite import SqliteEngine
from shared.database.statements import first_by_limit
from shared.payments.audit import Chain, Keyring
from shared.payments.idempotency import Fingerprint
from shared.settings import AuditSettings
from shared.wiring import audit_verify
from tests.builders import NOW, a_submitted_payment

ROOT = Path(__file__).parents[2]


def verified(environ: dict[str, str]) -> tuple[int, list[str]]:
    lines: list[str] = []
    return main(environ, lines.append), lines


@pytest.fixture
def laptop(tmp_path: Path) -> dict[str, str]:
    """A laptop with two payments, sealed by its own key."""
    path = tmp_path / "payments.sqlite3"
    migrate_sqlite(path, MIGRATIONS / "sqlite", now=NOW)
    keyring = Keyring.of({"local": local_keys(tmp_path).audit_key})

    async def sold() -> None:
        engine = SqliteEngine(path, constraints=UNIQUE_RULES)
        payments = SqlPayments(engine, first=first_by_limit, chain=Chain(keyring))
        for number in (1, 2):
            payment = a_submitted_payment(number=number, reference=f"INV-{number}")
            await payments.begin_sale(payment, Fingerprint("k1", "f" * 64), None)
        await engine.close()

    asyncio.run(sold())
    return {"LOCAL_DATA_DIR": str(tmp_path)}


def tampered(laptop: dict[str, str], *statements: str) -> None:
    with closing(sqlite3.connect(Path(laptop["LOCAL_DATA_DIR"], "payments.sqlite3"))) as db, db:
        for statement in statements:
            db.execute(statement)


class TestALaptop:
    def test_that_is_whole_is_told_so(self, laptop: dict[str, str]) -> None:
        assert verified(laptop) == (0, ["2 payments, 2 entries, 0 anchors verified; 0 findings\n"])

    def test_that_was_tampered_with_is_told_where_and_never_what(self, laptop: dict[str, str]) -> None:
        tampered(laptop, "DROP TRIGGER history_is_never_changed", "UPDATE history SET actor = 'MALLORY'")

        code, lines = verified(laptop)

        assert code == 1
        assert [" ".join(line.split()) for line in lines] == [
            f"edited {a_submitted_payment(number=1).id} sequence 1",
            f"edited {a_submitted_payment(number=2).id} sequence 1",
            "2 payments, 2 entries, 0 anchors verified; 2 findings, 2 edited",
        ]

    def test_without_a_database_is_not_verified_and_none_is_made(self, tmp_path: Path) -> None:
        code, [said] = verified({"LOCAL_DATA_DIR": str(tmp_path)})

        assert (code, said) == (2, "not verified: SQLITE_PATH: there is no such file\n")
        assert not (tmp_path / "payments.sqlite3").exists()

    def test_whose_database_is_older_than_the_audit_is_not_verified(self, laptop: dict[str, str]) -> None:
        tampered(laptop, "DROP TABLE audit_anchors")

        code, lines = verified(laptop)

        assert code == 2
        assert lines[-1].startswith("not verified: ")

    def test_with_an_unreadable_store_is_not_verified(self, laptop: dict[str, str]) -> None:
        (Path(laptop["LOCAL_DATA_DIR"]) / "audit-anchors" / "2026-11-23.jsonl").mkdir(parents=True)

        code, lines = verified(laptop)

        assert code == 2
        assert lines[-1].startswith("not verified: the directory of anchors")


class TestADeployment:
    """The same settings as the service's, and no others."""

    def environ(self, laptop: dict[str, str]) -> dict[str, str]:
        directory = Path(laptop["LOCAL_DATA_DIR"])
        key = local_keys(directory).audit_key.reveal()
        return {"SQLITE_PATH": str(directory / "payments.sqlite3"), "AUDIT_KEYS": json.dumps({"local": key})}

    def test_is_verified_by_the_command(self, laptop: dict[str, str]) -> None:
        ran = subprocess.run(
            [sys.executable, "-m", "shared.wiring.audit_verify"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **self.environ(laptop)},
            capture_output=True,
            text=True,
            check=False,
        )

        assert (ran.returncode, ran.stderr) == (0, "")
        assert ran.stdout.splitlines() == [
            "no anchors are kept: a payment that is gone with its whole history is not missed",
            "2 payments, 2 entries, 0 anchors verified; 0 findings",
        ]

    @pytest.mark.parametrize("name", ["SQLITE_PATH", "AUDIT_KEYS"])
    def test_that_lacks_a_setting_is_told_which(self, laptop: dict[str, str], name: str) -> None:
        lines: list[str] = []

        code = audit_verify.main({**self.environ(laptop), name: ""}, lines.append)

        assert code == 2
        assert lines[0].startswith(f"not verified: {name}")

    def test_whose_connection_string_cannot_work_is_told_without_its_values(self, laptop: dict[str, str]) -> None:
        lines: list[str] = []
        string = "Server=x;UID=u;PWD=hidden"
        environ = {
            **self.environ(laptop),
            "SQLITE_PATH": "",
            "SQL_CONNECTION_STRING": string,
            "SQL_CREDENTIAL": "entra",
        }

        assert audit_verify.main(environ, lines.append) == 2
        assert "hidden" not in "".join(lines)

    @pytest.mark.parametrize(
        ("named", "kind"),
        [
            ({"AUDIT_ANCHOR_CONTAINER_URL": "https://store.example.com/audit-anchors"}, BlobAnchors),
            ({"AUDIT_ANCHOR_DIRECTORY": "anchors"}, DirectoryAnchors),
            ({}, type(None)),
        ],
        ids=["a container", "a directory", "nowhere"],
    )
    def test_reads_its_anchors_where_they_are_kept(
        self, laptop: dict[str, str], named: dict[str, str], kind: type
    ) -> None:
        settings = AuditSettings.from_environment({**self.environ(laptop), **named})

        assert isinstance(audit_verify.anchor_store(settings), kind)
