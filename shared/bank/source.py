"""Which of the two places settings name, if any."""

from collections.abc import Callable
from datetime import datetime

from shared.bank.blob import BlobBankFiles
from shared.bank.folder import FolderBankFiles
from shared.settings import Settings


def bank_files(settings: Settings, *, now: Callable[[], datetime]) -> FolderBankFiles | BlobBankFiles | None:
    """Where the bank's files are; None where none are imported. `now` is real time. Opens nothing yet."""
    if settings.bank_files_folder is not None:
        return FolderBankFiles(settings.bank_files_folder, quiet_s=settings.bank_files_quiet_s, now=now)
    if settings.bank_files_container_url is not None:
        return BlobBankFiles(settings.bank_files_container_url)
    return None
