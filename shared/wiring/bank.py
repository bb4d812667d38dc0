"""The import of bank files, where settings name a place for them."""

from datetime import timedelta

from shared.bank.blob import BlobBankFiles
from shared.bank.folder import FolderBankFiles
from shared.database.bank_files import SqlBankLedger
from shared.database.statements import First
from shared.database.unit_of_work import Engine
from shared.settings import Settings
from shared.use_cases.applying_facts import ApplyingFacts
from shared.use_cases.bank_file_import import BankFileImport
from shared.use_cases.ports import Outside


def bank_import(
    settings: Settings,
    outside: Outside,
    engine: Engine,
    first: First,
    applying: ApplyingFacts,
    source: FolderBankFiles | BlobBankFiles | None,
) -> BankFileImport | None:
    """None where no bank files are imported."""
    if source is None:
        return None
    return BankFileImport(
        outside,
        source,
        SqlBankLedger(engine, first=first),
        applying.apply,
        unsettled_older_than=timedelta(days=settings.bank_files_unsettled_after_days),
    )
