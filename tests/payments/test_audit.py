"""A sealed history: whoever has no key and changes it anywhere is found, by the place."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.payments.audit import SEALED, Chain, Keyring, Seal, Values, genesis, head_mac, link, packed
from shared.payments.audit_verification import Finding, Head, Kind, SealedPayment, SealedRow, verify_payment
from shared.payments.secret import Secret

KEYS = Keyring({"new": b"n" * 32, "old": b"o" * 32})
OLD = Keyring({"old": b"o" * 32})
FORGED = Keyring({"new": b"f" * 32})
PAYMENT = "pay_1"


def an_entry(sequence: int, payment_id: str = PAYMENT, *, detail: str | None = None) -> Values:
    event = "sale_submitted" if sequence == 1 else "sale_authorized"
    return (payment_id, sequence, event, "received", "submitted", "ctp", "2026-11-23T18:00:00.000", "op_1", detail)


def sealed(length: int = 4, *, keyring: Keyring = KEYS, payment_id: str = PAYMENT) -> SealedPayment:
    """A payment whose history was written by us."""
    return grown([], [an_entry(number, payment_id) for number in range(1, length + 1)], keyring)


def grown(stored: list[SealedRow], new: list[Values], keyring: Keyring = KEYS) -> SealedPayment:
    """The next step of a history, as its writer makes it: the stored rows bring their seals."""
    chain = Chain(keyring)
    entries = [(row.values, Seal(str(row.mac), str(row.key)) if row.mac else None) for row in stored]
    seals = chain.seals(PAYMENT, [*entries, *((values, None) for values in new)])
    head = chain.head(PAYMENT, seals)
    added = [SealedRow(values, seal.mac, seal.key) for values, seal in zip(new, seals[len(stored) :], strict=True)]
    return SealedPayment(PAYMENT, Head(len(seals), head.mac, head.key), (*stored, *added))


def found(payment: SealedPayment, keyring: Keyring = KEYS) -> list[tuple[str, int | None]]:
    return [(str(finding.kind), finding.sequence) for finding in verify_payment(payment, keyring)]


def with_rows(payment: SealedPayment, *rows: SealedRow) -> SealedPayment:
    return replace(payment, rows=rows)


def edited(row: SealedRow, column: str, value: object) -> SealedRow:
    at = SEALED.index(column)
    return replace(row, values=(*row.values[:at], value, *row.values[at + 1 :]))


class TestAWholeHistory:
    @pytest.mark.parametrize("length", [1, 2, 7])
    def test_is_found_whole(self, length: int) -> None:
        assert found(sealed(length)) == []

    def test_stays_whole_when_its_key_gives_way_to_a_new_one(self) -> None:
        before = sealed(2, keyring=OLD)

        after = grown(list(before.rows), [an_entry(3)])

        assert [row.key for row in after.rows] == ["old", "old", "new"]
        assert found(after) == []

    def test_is_sealed_the_same_whether_its_rows_were_read_or_just_written(self) -> None:
        chain = Chain(KEYS)
        entries = [an_entry(number) for number in (1, 2, 3)]
        read = [(row.values, Seal(str(row.mac), str(row.key))) for row in sealed(2).rows]

        assert chain.seals(PAYMENT, [(values, None) for values in entries]) == chain.seals(
            PAYMENT, [*read, (entries[2], None)]
        )

    def test_is_no_other_payments(self) -> None:
        rows = tuple(edited(row, "payment_id", "pay_2") for row in sealed(2).rows)

        assert found(replace(sealed(2), id="pay_2", rows=rows))[0] == ("edited", 1)


class TestATamperedHistory:
    @pytest.mark.parametrize("column", [column for column in SEALED if column != "sequence"])
    def test_with_an_edited_row_is_told_which(self, column: str) -> None:
        first, second, *rest = sealed().rows

        assert found(with_rows(sealed(), first, edited(second, column, "other"), *rest)) == [("edited", 2)]

    def test_with_an_edited_last_row_is_told_which(self) -> None:
        *before, last = sealed().rows

        assert found(with_rows(sealed(), *before, edited(last, "actor", "somebody"))) == [("edited", 4)]

    def test_with_another_seal_is_told_where_and_that_the_head_does_not_fit(self) -> None:
        *before, last = sealed().rows

        assert found(with_rows(sealed(), *before, replace(last, mac="0" * 64))) == [("edited", 4), ("head_mismatch", 4)]

    def test_with_a_row_sealed_anew_by_another_key_of_that_name_is_told_which(self) -> None:
        forged = sealed(4, keyring=FORGED).rows[1]
        first, _, *rest = sealed().rows

        assert found(with_rows(sealed(), first, forged, *rest)) == [("edited", 2), ("edited", 3)]

    def test_with_a_missing_row_is_told_which(self) -> None:
        first, _, *rest = sealed().rows

        assert found(with_rows(sealed(), first, *rest)) == [("missing", 2)]

    def test_whose_gap_was_closed_is_found(self) -> None:
        first, _, third, fourth = sealed().rows
        closed = with_rows(sealed(), first, edited(third, "sequence", 2), edited(fourth, "sequence", 3))

        assert found(closed)[0] == ("edited", 2)
        assert found(closed)[-1] == ("cut_tail", 4)

    def test_with_two_rows_exchanged_is_told_which(self) -> None:
        first, second, third, fourth = sealed().rows
        moved = with_rows(sealed(), first, edited(third, "sequence", 2), edited(second, "sequence", 3), fourth)

        assert found(moved) == [("reordered", 2), ("reordered", 3), ("reordered", 4)]

    def test_with_a_row_at_no_place_is_told(self) -> None:
        *before, last = sealed().rows

        assert found(with_rows(sealed(), *before, edited(last, "sequence", "four"))) == [
            ("edited", -1),
            ("cut_tail", 0),
        ]

    def test_whose_tail_is_cut_is_told_where(self) -> None:
        assert found(with_rows(sealed(), *sealed().rows[:2])) == [("cut_tail", 3)]

    def test_without_a_row_is_told(self) -> None:
        assert found(with_rows(sealed())) == [("cut_tail", 1)]
        assert found(SealedPayment(PAYMENT, None, ())) == [("missing", 1)]
        assert found(SealedPayment(PAYMENT, Head(0, "0" * 64, "new"), ())) == [("head_mismatch", 0)]

    def test_whose_tail_is_cut_and_its_length_lowered_with_it_is_found(self) -> None:
        assert sealed().head is not None
        lowered = replace(sealed().head, length=2)  # type: ignore[type-var] - it has a head

        assert found(SealedPayment(PAYMENT, lowered, sealed().rows[:2])) == [("head_mismatch", 2)]

    def test_with_a_row_behind_its_end_is_found(self) -> None:
        longer = SealedPayment(PAYMENT, sealed(4).head, sealed(5).rows)

        assert found(longer) == [("head_mismatch", 4)]

    def test_put_back_to_an_earlier_state_with_its_head_is_not_found_here_but_by_its_anchor(self) -> None:
        assert found(sealed(2)) == []

    def test_without_its_head_is_found(self) -> None:
        assert found(replace(sealed(), head=None)) == [("head_mismatch", 4)]

    @pytest.mark.parametrize("head", [Head("4", "0" * 64, "new"), Head(4, None, "new"), Head(4, b"\xff", "new")])
    def test_with_another_head_is_found(self, head: Head) -> None:
        assert found(replace(sealed(), head=head))[-1][0] == "head_mismatch"

    def test_without_a_seal_is_told_where_and_what_follows_is_still_judged(self) -> None:
        first, second, third, fourth = sealed().rows
        stripped = replace(second, mac=None)

        assert found(with_rows(sealed(), first, stripped, third, fourth)) == [("unsealed", 2)]
        changed = edited(stripped, "actor", "somebody")
        assert found(with_rows(sealed(), first, changed, third, fourth)) == [("unsealed", 2), ("edited", 3)]

    def test_older_than_the_seals_is_told_row_by_row(self) -> None:
        rows = tuple(replace(row, mac=None, key=None) for row in sealed(2).rows)

        assert found(SealedPayment(PAYMENT, None, rows)) == [("unsealed", 1), ("unsealed", 2)]

    def test_that_grew_since_it_was_older_than_the_seals_hangs_on_what_was_there(self) -> None:
        old = [replace(row, mac=None, key=None) for row in sealed(2).rows]

        assert found(grown(old, [an_entry(3)])) == [("unsealed", 1), ("unsealed", 2)]

    def test_under_a_key_that_we_have_not_is_told_where(self) -> None:
        assert found(sealed(2), OLD) == [("unknown_key", 1), ("unknown_key", 2), ("unknown_key", 2)]

    def test_too_long_to_be_searched_is_found_all_the_same(self) -> None:
        rows = list(sealed(60).rows)
        rows[49], rows[50] = edited(rows[50], "sequence", 50), edited(rows[49], "sequence", 51)

        assert found(with_rows(sealed(60), *rows)) == [("edited", 50), ("edited", 51), ("edited", 52)]


COLUMNS = st.sampled_from([column for column in SEALED if column != "payment_id"])
VALUES = st.one_of(st.none(), st.text(max_size=8), st.integers(0, 9), st.binary(max_size=4), st.just(1.5))


@st.composite
def tampered(draw: st.DrawFn) -> tuple[SealedPayment, SealedPayment]:
    """A history, and the same after one change by somebody without a key, in the order in which it is read back."""
    length = draw(st.integers(1, 8))
    whole = sealed(length, keyring=draw(st.sampled_from([KEYS, OLD])))
    rows = list(whole.rows)
    at = draw(st.integers(0, length - 1))
    change = draw(st.sampled_from(["edit", "delete", "cut", "swap", "insert", "move seal"]))
    other = draw(st.integers(0, length - 1))
    if change == "edit":
        rows[at] = edited(rows[at], draw(COLUMNS), draw(VALUES))
    elif change == "delete":
        del rows[at]
    elif change == "cut":
        del rows[at:]
    elif change == "swap":
        there, here = edited(rows[other], "sequence", at + 1), edited(rows[at], "sequence", other + 1)
        rows[at], rows[other] = there, here
    elif change == "move seal":
        rows[at] = replace(rows[at], mac=rows[other].mac)
    else:
        rows.insert(at, edited(rows[other], "sequence", at + 1))
        rows[at + 1 :] = [edited(row, "sequence", number) for number, row in enumerate(rows[at + 1 :], start=at + 2)]
    return whole, with_rows(whole, *rows)


class TestAnyHistory:
    @given(tampered())
    def test_that_one_change_touched_is_found(self, both: tuple[SealedPayment, SealedPayment]) -> None:
        whole, touched = both

        assert found(whole) == []
        assert (found(touched) == []) == (touched == whole)


PARTS = st.lists(st.one_of(st.none(), st.text(max_size=4), st.integers(), st.binary(max_size=4)), max_size=5)


class TestPacking:
    @given(PARTS, PARTS)
    def test_tells_apart_whatever_differs(self, ours: list[Any], theirs: list[Any]) -> None:
        assert (packed(*ours) == packed(*theirs)) == (ours == theirs)

    def test_takes_texts_that_are_none_of_utf_8s(self) -> None:
        assert packed("\ud800") != packed("\ud801")

    def test_is_the_same_for_ever(self) -> None:
        """Whoever verifies in ten years, in another language perhaps, must come to these."""
        key = b"k" * 32
        first = link(genesis("pay_1"), packed(*an_entry(1, detail='{"code":"é"}')), key)

        assert (
            packed("é", None, 12) == b"s" + bytes(7) + b"\x02\xc3\xa9" + b"n" + bytes(8) + b"o" + bytes(7) + b"\x0212"
        )
        assert first == "e7e3c5d0472bb6f058ad01682130fb4b6e837b7df952f905ecb3ca9cad70912e"
        assert head_mac("pay_1", 1, first, key) == "9569852c6a53135b68623f38dbe341b21de7f88c9104f979825558a0e1ae69d8"


class TestKeys:
    def test_are_read_from_base64_and_never_shown(self) -> None:
        keyring = Keyring.of({"a": Secret("YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=")})

        assert (keyring.current, keyring.keys["a"]) == ("a", b"a" * 32)
        assert "aaaa" not in repr(keyring)


class TestAFinding:
    def test_names_its_place_and_no_value(self) -> None:
        assert str(Finding(Kind.EDITED, "pay_1", 2)) == "edited          pay_1 sequence 2"
        assert str(Finding(Kind.ANCHOR_MISSING)).strip() == "anchor_missing"
