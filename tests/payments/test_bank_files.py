"""A bank file is taken whole or refused with one error that says what to write and never what stood there."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.payments import bank_files
from shared.payments.bank_columns import COLUMNS, LAYOUTS, FileKind
from shared.payments.bank_facts import FactKind
from shared.payments.bank_files import BYTES_MAX, LINES_MAX, BankFileRefused, is_fit, parse, sha256_of
from shared.payments.money import AMOUNT_MINOR_MAX, Money
from tests.bank_file_writer import (
    ORDER_NUMBER,
    a_chargeback,
    a_fact,
    a_return,
    bytes_of,
    lines_of,
)
from tests.builders import MASTERCARD, VISA

TWO = [a_fact("SET-1", 125_99), a_fact("SET-2", 50_00)]
RETURNS = [a_return("RET-1"), a_chargeback("CBK-1"), a_chargeback("CBK-2", kind=FactKind.CHARGEBACK_REVERSAL)]
AMEX, DINERS = "378282246310005", "30569309025904"


def refusal_of(data: bytes, name: str = "settled.csv") -> str:
    with pytest.raises(BankFileRefused) as refused:
        parse(name, data)
    return str(refused.value)


def changed(line: int, change: Callable[[str], str]) -> bytes:
    """TWO's file with one line (from 1) changed."""
    lines = lines_of(TWO)
    lines[line - 1] = change(lines[line - 1])
    return "".join(f"{line}\n" for line in lines if line is not None).encode()


def with_value(column: str, value: str, kind: FileKind = FileKind.SETTLEMENT, row: int = 0) -> bytes:
    """A file whose fact number `row` has `value` in `column`."""
    lines = lines_of(TWO if kind is FileKind.SETTLEMENT else RETURNS)
    cells = lines[2 + row].split(",")
    cells[LAYOUTS[kind].index(column)] = value
    lines[2 + row] = ",".join(cells)
    return "\n".join(lines).encode()


class TestAFile:
    def test_of_settlements_is_read_whole(self) -> None:
        data = bytes_of(TWO)

        file = parse("settled.csv", data)

        assert (file.name, file.kind, file.facts, file.total_minor) == ("settled.csv", "settlement", tuple(TWO), 175_99)
        assert file.sha256 == sha256_of(data)

    def test_of_returns_and_charge_backs_is_read_whole(self) -> None:
        file = parse("returns.csv", bytes_of(RETURNS))

        assert (file.kind, file.facts) == ("returns", tuple(RETURNS))

    @pytest.mark.parametrize("kind", FileKind)
    def test_may_be_empty_of_facts(self, kind: FileKind) -> None:
        assert parse("none.csv", bytes_of([], kind)).facts == ()

    @pytest.mark.parametrize("line_end", ["\r\n", "\r"])
    def test_may_have_the_line_ends_of_another_system_and_its_byte_order_mark(self, line_end: str) -> None:
        assert parse("a.csv", b"\xef\xbb\xbf" + bytes_of(TWO, line_end=line_end)).facts == tuple(TWO)

    def test_may_end_without_a_line_end(self) -> None:
        assert parse("a.csv", bytes_of(TWO).rstrip(b"\n")).facts == tuple(TWO)

    def test_has_columns_that_are_all_explained(self) -> None:
        assert {column for columns in LAYOUTS.values() for column in columns} == set(COLUMNS)


class TestAFileIsRefused:
    @pytest.mark.parametrize(
        ("line", "change", "said"),
        [
            (1, lambda line: line.replace(",1", ",2"), "line 1: write bank-file,settlement,1 or bank-file,returns,1"),
            (1, lambda line: "ACT-10", "line 1: write bank-file,settlement,1 or bank-file,returns,1"),
            (2, lambda line: line + ",fee", "line 2: write the columns, in this order: reference,"),
            (2, lambda line: line.replace("settledAt", "SettledAt"), "line 2: write the columns, in this order"),
            (3, lambda line: line + ",1", "line 3: write 7 values: reference,"),
            (3, lambda line: "", "line 3: write 7 values: reference,"),
            (4, lambda line: line.replace("SET-2", "SET-1"), "line 4, reference: write each reference once in a file"),
            (5, lambda line: "end,3,17599", "line 5, count: the facts above give 2"),
            (5, lambda line: "end,2,17598", "line 5, total: the facts above give 17599"),
            (5, lambda line: "end,02,17599", "line 5, count: the facts above give 2"),
            (5, lambda line: "end,2", "line 5: write end,<count of facts>,<sum of amountMinor>"),
            (5, lambda line: line + "\nmore", "line 6: write nothing after the line that begins with end"),
            (3, lambda line: f'"{line}', "write values with commas between them and no quotes"),
        ],
    )
    def test_for_a_line_that_is_wrong(self, line: int, change: Callable[[str], str], said: str) -> None:
        assert said in refusal_of(changed(line, change))

    @pytest.mark.parametrize("lines", range(len(lines_of(TWO))))
    def test_for_being_cut_after_any_line(self, lines: int) -> None:
        data = "\n".join(lines_of(TWO)[:lines]).encode()

        assert refusal_of(data).startswith("file: the file is cut: ")

    @pytest.mark.parametrize("cut", range(1, 12))
    def test_for_being_cut_inside_its_last_line(self, cut: int) -> None:
        assert refusal_of(bytes_of(TWO).rstrip(b"\n")[:-cut])

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("reference", ""),
            ("reference", "-1"),
            ("reference", "A" * 65),
            ("reference", "SET 1"),
            ("transactionId", "b1f7/1"),
            ("merchantOrderNumber", ORDER_NUMBER[:-1]),
            ("merchantOrderNumber", "A" * 32),
            ("merchantId", ""),
            ("merchantId", "1234567"),
            ("amountMinor", "0"),
            ("amountMinor", "-5"),
            ("amountMinor", "1.00"),
            ("amountMinor", "1e3"),
            ("amountMinor", "007"),
            ("amountMinor", "١٢٣"),
            ("amountMinor", "999999999999"),
            ("currency", "usd"),
            ("currency", "US"),
            ("settledAt", "2026-11-24"),
            ("settledAt", "2026-11-23T18:00:00+01:00"),
            ("settledAt", "2026-11-23T18:00:00.1Z"),
            ("settledAt", "2026-02-30T18:00:00Z"),
            ("settledAt", "2026-11-23T24:30:00Z"),
            ("settledAt", "0000-01-01T00:00:00Z"),
        ],
    )
    def test_for_a_value_that_does_not_fit_its_column(self, column: str, value: str) -> None:
        said = refusal_of(with_value(column, value))

        assert said.startswith(f"line 3, {column}: write ")
        assert value not in said or len(value) < 4

    @pytest.mark.parametrize(
        ("row", "column", "value", "said"),
        [
            (0, "returnCode", "", "write the ACH return code"),
            (0, "returnCode", "R00", "write the ACH return code"),
            (0, "returnCode", "C01", "write the ACH return code"),
            (1, "returnCode", "R01", "leave it empty where kind is not return"),
            (1, "reason", "", "write 1-60 of"),
            (2, "reason", "a;b", "write 1-60 of"),
            (0, "kind", "refund", "write return, chargeback or chargeback_reversal"),
            (0, "kind", "", "write return, chargeback or chargeback_reversal"),
            (2, "occurredAt", "2026-13-01T00:00:00Z", "write a day and a time that the calendar has"),
        ],
    )
    def test_for_a_return_that_does_not_say_why(self, row: int, column: str, value: str, said: str) -> None:
        data = with_value(column, value, FileKind.RETURNS, row)

        assert refusal_of(data).startswith(f"line {row + 3}, {column}: {said}")

    @pytest.mark.parametrize("fact", [a_fact(), a_return()])
    def test_for_a_fact_of_no_payment(self, fact: bank_files.BankFact) -> None:
        nameless = type(fact)(fact.kind, fact.reference, fact.amount, fact.occurred_at, None, None,
                              fact.merchant_id, fact.code, fact.reason)  # fmt: skip

        said = refusal_of(bytes_of([nameless]))

        assert said == "line 3, transactionId: write Chase's transactionId, or the merchantOrderNumber, or both"

    def test_for_another_encoding(self) -> None:
        assert refusal_of(changed(4, lambda line: line).replace(b"SET-2", b"SET-\xe92")) == "line 4: write UTF-8"

    def test_for_its_size(self) -> None:
        assert refusal_of(b" " * (BYTES_MAX + 1)) == f"file: write at most {BYTES_MAX} bytes, and more files"

    def test_for_its_length(self) -> None:
        head, columns, fact, _ = lines_of([a_return("R0", 1, order_number=None, transaction_id="t")])
        facts = [fact.replace("R0,", f"R{number},", 1) for number in range(LINES_MAX + 1)]
        whole = [head, columns, *facts[:-1], f"end,{LINES_MAX},{LINES_MAX}"]

        assert len(parse("long.csv", "\n".join(whole).encode()).facts) == LINES_MAX
        said = refusal_of("\n".join([head, columns, *facts, "end,1,1"]).encode())
        assert said == f"line {LINES_MAX + 3}: write at most {LINES_MAX} facts, and more files"

    @pytest.mark.parametrize("name", ["", "../up.csv", ".hidden", "a b.csv", "a\n.csv", "a" * 121, f"{VISA}.csv"])
    def test_for_a_name_that_may_not_be_told(self, name: str) -> None:
        assert refusal_of(bytes_of(TWO), name).startswith("name: write 1-120 of")
        assert not is_fit(name)


class TestWhatLooksLikeACardNumber:
    @pytest.mark.parametrize(
        "number",
        [VISA, MASTERCARD, AMEX, DINERS, "4112 3441 1234 4113", "4112-3441-1234-4113", "3782 822463 10005"],
    )
    @pytest.mark.parametrize("column", ["reference", "transactionId", "merchantId", "amountMinor", "settledAt"])
    def test_refuses_the_file_wherever_it_stands_and_is_not_repeated(self, number: str, column: str) -> None:
        said = refusal_of(with_value(column, number, row=1))

        assert said == "line 4: take out what looks like a card number, and delete every copy of this file"

    @pytest.mark.parametrize("around", ["x{}", "{}x", "ref.{}_9", "-{}-"])
    def test_is_found_inside_of_words(self, around: str) -> None:
        assert "card number" in refusal_of(changed(1, lambda line: around.format(VISA)))

    def test_is_found_in_a_reason(self) -> None:
        assert "card number" in refusal_of(with_value("reason", f"card {VISA}", FileKind.RETURNS, row=1))

    @pytest.mark.parametrize(
        "reference",
        [
            "4112344112344114",  # the check digit is wrong
            "021000021234567",  # an ACH trace number
            "74112344112344113000011",  # an ARN, 23 digits
            "41123441123441",  # no Visa has 14 digits
            "0000000000000000",  # no brand begins so
            "411234411234",  # too short
        ],
    )
    def test_is_not_any_long_number(self, reference: str) -> None:
        assert parse("a.csv", bytes_of([a_fact(reference)])).facts[0].reference == reference

    @pytest.mark.parametrize("number", [f"{VISA}{'a' * 16}", f"{'0' * 16}{VISA}", f"{'b' * 15}{VISA}c"])
    def test_is_not_looked_for_in_ids_of_our_own_form(self, number: str) -> None:
        fact = a_fact(order_number=number, transaction_id="41123441-1234-4113-8000-000000000001")

        assert parse("a.csv", bytes_of([fact])).facts == (fact,)


references = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,20}", fullmatch=True).filter(lambda text: text != "end")
amounts = st.builds(Money, st.integers(1, AMOUNT_MINOR_MAX), st.sampled_from(["USD", "CAD"]))
moments = st.integers(0, 4_000_000_000_000).map(
    lambda milliseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
)
names = st.one_of(
    st.fixed_dictionaries({"transaction_id": st.uuids().map(str), "order_number": st.none()}),
    st.fixed_dictionaries({"transaction_id": st.none(), "order_number": st.uuids().map(lambda given: given.hex)}),
    st.fixed_dictionaries(
        {"transaction_id": st.uuids().map(str), "order_number": st.uuids().map(lambda given: given.hex)}
    ),
)
settlements = st.builds(
    lambda reference, amount, at, named: a_fact(reference, amount=amount, occurred_at=at, **named),
    references, amounts, moments, names,
)  # fmt: skip
returns = st.builds(
    lambda reference, amount, at, named, code, reason: a_return(
        reference, amount=amount, occurred_at=at, code=code, reason=reason, **named
    ),
    references, amounts, moments, names, st.integers(1, 99).map(lambda code: f"R{code:02}"), st.none() | references,
)  # fmt: skip
files = st.one_of(
    st.lists(settlements, max_size=8, unique_by=lambda fact: fact.reference).map(
        lambda facts: bytes_of(facts, "settlement")
    ),
    st.lists(returns, max_size=8, unique_by=lambda fact: fact.reference).map(lambda facts: bytes_of(facts, "returns")),
)


class TestWhateverIsWritten:
    @given(st.lists(settlements, min_size=1, max_size=20, unique_by=lambda fact: fact.reference))
    def test_as_settlements_is_read_as_it_was_written(self, facts: list[bank_files.BankFact]) -> None:
        assert parse("a.csv", bytes_of(facts)).facts == tuple(facts)

    @given(st.lists(returns, min_size=1, max_size=20, unique_by=lambda fact: fact.reference))
    def test_as_returns_is_read_as_it_was_written(self, facts: list[bank_files.BankFact]) -> None:
        assert parse("a.csv", bytes_of(facts)).facts == tuple(facts)

    @given(st.text(max_size=30), st.binary(max_size=400))
    @example("a.csv", b"\x00")
    @example("a.csv", b'"')
    def test_at_all_is_read_or_refused(self, name: str, data: bytes) -> None:
        with suppress(BankFileRefused):
            parse(name, data)

    @given(files, st.data())
    def test_over_a_good_file_is_read_or_refused_and_never_half_read(self, data: bytes, draw: st.DataObject) -> None:
        at = draw.draw(st.integers(0, len(data)))
        until = draw.draw(st.integers(at, min(len(data), at + 20)))
        put = draw.draw(st.sampled_from([b"", b",", b'"', b"\n", b"\r", b"\x00", b"end,", b"9", "é".encode()]))
        damaged = data[:at] + put + data[until:]

        with suppress(BankFileRefused):
            file = parse("a.csv", damaged)
            assert f"end,{len(file.facts)},{file.total_minor}".encode() in damaged
