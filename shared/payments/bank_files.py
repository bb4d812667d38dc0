"""
A file of settlements, or of returns and charge-backs: bytes go in, facts come out, or one error (docs/bank-files.md).

A file is taken whole or not at all. The error names line and column and says what to write; it never repeats a value,
for a value may be what must not be seen.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from shared.payments.bank_columns import LAYOUTS, FileKind, Unfit, read_fact
from shared.payments.bank_facts import BankFact
from shared.payments.cards import brand, passes_luhn

BYTES_MAX: Final = 10 * 1024 * 1024
LINES_MAX: Final = 100_000
VERSION: Final = "1"
HEAD: Final = "bank-file"
TRAILER: Final = "end"

# Names are logged and stored: nothing but these characters, and no card number.
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
# Ids by their form, ours and Chase's: random digits in them would pass for a card number once in some hundred.
_ID: Final = re.compile(r"(?<![\w-])(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{32})(?![\w-])")
# 13-19 digits in a row, or grouped as they are embossed. Longer runs (ARNs) and shorter ones are references.
_CARD: Final = re.compile(
    r"(?<![0-9])(?:[0-9]{13,19}|[0-9]{4}(?:[ -][0-9]{4}){2}[ -][0-9]{1,7}|[0-9]{4}[ -][0-9]{6}[ -][0-9]{5})(?![0-9])"
)
_SHORTER_BRANDS: Final = {"amex": {15}, "visa": {13, 16, 19}, "mastercard": {16}}
_LONGER_BRANDS: Final = {16, 17, 18, 19}
_NO_CARD_NUMBERS: Final = "take out what looks like a card number, and delete every copy of this file"


class BankFileRefused(Exception):
    """The file is not taken, nothing of it. `where` is `line 3, amountMinor`; `write` says what to write there."""

    def __init__(self, where: str, write: str) -> None:
        super().__init__(f"{where}: {write}")
        self.where, self.write = where, write


@dataclass(frozen=True, slots=True)
class BankFile:
    """A file that was read whole. `total_minor` is the sum over all lines: it proves the file whole, and no more."""

    name: str
    sha256: str
    kind: FileKind
    facts: tuple[BankFact, ...]
    total_minor: int


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: tuple[str, ...]


def is_fit(name: str) -> bool:
    """Whether a file's name may be logged and stored."""
    return _NAME.fullmatch(name) is not None and _card_at(name) is None


def sha256_of(data: bytes) -> str:
    """The file's own name for us, whatever it is called."""
    return hashlib.sha256(data).hexdigest()


def parse(name: str, data: bytes) -> BankFile:
    """The file that `data` is. Raises BankFileRefused, and nothing else, whatever the bytes."""
    if not is_fit(name):
        raise BankFileRefused("name", "write 1-120 of A-Z a-z 0-9 . _ - and no card number")
    rows = _rows(_text(data))
    kind = _kind(_next(rows, "the first line"))
    columns = LAYOUTS[kind]
    if (row := _next(rows, "the second line")).cells != columns:
        raise BankFileRefused(f"line {row.line}", f"write the columns, in this order: {','.join(columns)}")
    facts, trailer = _facts(kind, rows)
    total_minor = sum(fact.amount.amount_minor for fact in facts)
    _hold_against(trailer, len(facts), total_minor)
    if (row_after := next(rows, None)) is not None:
        raise BankFileRefused(f"line {row_after.line}", f"write nothing after the line that begins with {TRAILER}")
    return BankFile(name, sha256_of(data), kind, facts, total_minor)


def _text(data: bytes) -> str:
    if len(data) > BYTES_MAX:
        raise BankFileRefused("file", f"write at most {BYTES_MAX} bytes, and more files")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BankFileRefused(f"line {line}", "write UTF-8") from None
    if (at := _card_at(text)) is not None:
        raise BankFileRefused(f"line {text.count(chr(10), 0, at) + 1}", _NO_CARD_NUMBERS)
    return text


def _card_at(text: str) -> int | None:
    """Where something stands that passes for a card number: its length, its brand and its check digit."""
    without_ids = _ID.sub(lambda found: "x" * len(found[0]), text)
    for found in _CARD.finditer(without_ids):
        digits = re.sub("[ -]", "", found[0])
        lengths = _SHORTER_BRANDS.get(brand(digits), _LONGER_BRANDS | ({14} if brand(digits) == "diners" else set()))
        if len(digits) in lengths and brand(digits) != "unknown" and passes_luhn(digits):
            return found.start()
    return None


def _rows(text: str) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            yield _Row(reader.line_num, tuple(cells))
    except csv.Error:
        raise BankFileRefused(
            f"line {reader.line_num}", "write values with commas between them and no quotes"
        ) from None


def _next(rows: Iterator[_Row], what: str) -> _Row:
    row = next(rows, None)
    if row is None:
        raise BankFileRefused("file", f"the file is cut: {what} is missing")
    return row


def _kind(row: _Row) -> FileKind:
    for kind in FileKind:
        if row.cells == (HEAD, kind, VERSION):
            return kind
    known = " or ".join(f"{HEAD},{kind},{VERSION}" for kind in FileKind)
    raise BankFileRefused(f"line {row.line}", f"write {known}")


def _facts(kind: FileKind, rows: Iterator[_Row]) -> tuple[tuple[BankFact, ...], _Row]:
    facts: dict[str, BankFact] = {}
    while (row := _next(rows, f"the line that begins with {TRAILER}")).cells[:1] != (TRAILER,):
        fact = _fact(kind, row)
        if fact.reference in facts:
            raise BankFileRefused(f"line {row.line}, reference", "write each reference once in a file")
        if len(facts) == LINES_MAX:
            raise BankFileRefused(f"line {row.line}", f"write at most {LINES_MAX} facts, and more files")
        facts[fact.reference] = fact
    return tuple(facts.values()), row


def _fact(kind: FileKind, row: _Row) -> BankFact:
    columns = LAYOUTS[kind]
    if len(row.cells) != len(columns):
        raise BankFileRefused(f"line {row.line}", f"write {len(columns)} values: {','.join(columns)}")
    try:
        return read_fact(kind, dict(zip(columns, row.cells, strict=True)))
    except Unfit as unfit:
        raise BankFileRefused(f"line {row.line}, {unfit.column}", unfit.write) from None


def _hold_against(trailer: _Row, count: int, total_minor: int) -> None:
    """The trailer must say what was read: else the file was cut, or changed on its way."""
    said: Sequence[str] = trailer.cells[1:]
    expected = {"count": str(count), "total": str(total_minor)}
    if len(said) != len(expected):
        raise BankFileRefused(f"line {trailer.line}", f"write {TRAILER},<count of facts>,<sum of amountMinor>")
    for (column, value), written in zip(expected.items(), said, strict=True):
        if written != value:
            raise BankFileRefused(f"line {trailer.line}, {column}", f"the facts above give {value}: is the file whole?")
