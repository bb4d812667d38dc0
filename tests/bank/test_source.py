"""Settings name a folder, a container, or nothing; never both, and never a key in a URL."""

from pathlib import Path

import pytest

from shared.bank.blob import BlobBankFiles
from shared.bank.folder import FolderBankFiles
from shared.bank.source import bank_files
from shared.settings import Settings
from tests.builders import NOW
from tests.test_settings import an_environment, refusal_of

URL = "https://account.blob.core.windows.net/bank"


@pytest.mark.parametrize(
    ("named", "kind"),
    [
        ({}, type(None)),
        ({"BANK_FILES_FOLDER": "in"}, FolderBankFiles),
        ({"BANK_FILES_CONTAINER_URL": URL}, BlobBankFiles),
    ],
)
def test_files_come_from_where_settings_say(named: dict[str, str], kind: type) -> None:
    settings = Settings.from_environment(an_environment(**named))

    assert type(bank_files(settings, now=lambda: NOW)) is kind


def test_a_folder_is_taken_as_it_is_named(tmp_path: Path) -> None:
    settings = Settings.from_environment(an_environment(BANK_FILES_FOLDER=str(tmp_path)))

    assert settings.bank_files_folder == tmp_path


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"BANK_FILES_FOLDER": "in", "BANK_FILES_CONTAINER_URL": URL}, "give at most one of the two"),
        ({"BANK_FILES_CONTAINER_URL": f"{URL}?sig=secret"}, "BANK_FILES_CONTAINER_URL: must be a container's URL"),
        ({"BANK_FILES_CONTAINER_URL": "http://account.example/bank"}, "BANK_FILES_CONTAINER_URL: must be an https URL"),
        ({"BANK_FILES_UNSETTLED_AFTER_DAYS": "0"}, "BANK_FILES_UNSETTLED_AFTER_DAYS"),
        ({"BANK_FILES_QUIET_S": "-1"}, "BANK_FILES_QUIET_S"),
    ],
)
def test_a_place_that_cannot_be_meant_stops_the_start(named: dict[str, str], said: str) -> None:
    refused = refusal_of(an_environment(**named))

    assert said in refused
    assert "secret" not in refused.replace("CHASE_CLIENT_SECRET", "")
