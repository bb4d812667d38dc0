"""An anchor: what stood on its day is known for ever, however the payments grew since."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.payments.anchor import (
    Anchor,
    AnchorBroken,
    Leaf,
    RunningAnchor,
    Standing,
    anchor_of,
    leaf_in,
    leaf_of,
    verify_leaf,
)
from shared.payments.audit import Keyring
from shared.payments.audit_verification import Kind, SealedPayment, SealedRow
from tests.payments.test_audit import KEYS, sealed

DAY = date(2026, 11, 23)
LEAVES = [Leaf("pay_1", 2, "a" * 64), Leaf("pay_2", 3, "b" * 64)]


class TestAnAnchor:
    def test_counts_payments_and_entries_under_the_current_key(self) -> None:
        anchor = anchor_of(DAY, LEAVES, KEYS)

        assert (anchor.day, anchor.payments, anchor.entries, anchor.key) == (DAY, 2, 5, "new")

    def test_of_a_day_without_payments_is_one_too(self) -> None:
        assert (anchor_of(DAY, [], KEYS).payments, len(anchor_of(DAY, [], KEYS).root)) == (0, 64)

    @given(st.lists(st.builds(Leaf, st.text(max_size=3), st.integers(0, 9), st.text(max_size=3)), max_size=4))
    def test_has_another_root_for_other_leaves(self, leaves: list[Leaf]) -> None:
        assert (anchor_of(DAY, leaves, KEYS) == anchor_of(DAY, LEAVES, KEYS)) == (leaves == LEAVES)

    def test_has_another_root_for_another_day_or_key(self) -> None:
        root = anchor_of(DAY, LEAVES, KEYS).root

        assert anchor_of(date(2026, 11, 24), LEAVES, KEYS).root != root
        assert anchor_of(DAY, LEAVES, Keyring({"new": b"f" * 32})).root != root

    def test_is_read_again_from_its_lines(self) -> None:
        written = RunningAnchor(DAY, "old", KEYS)
        read = RunningAnchor.begun(written.head, KEYS)

        for leaf in LEAVES:
            written.add(leaf)
            assert leaf_in(leaf.line) == leaf
            read.add(leaf)

        assert read.ended() == written.ended()
        assert leaf_in(written.ended().end) is None

    @pytest.mark.parametrize(
        "line", ["", "[]", "{}", '{"day": "2026-11-23"}', '{"day": "soon", "key": "new"}', '{"day": 1, "key": "new"}',
                 '{"day": "2026-11-23", "key": "gone"}']
    )  # fmt: skip
    def test_whose_head_is_none_of_ours_is_broken(self, line: str) -> None:
        with pytest.raises(AnchorBroken, match="head"):
            RunningAnchor.begun(line, KEYS)

    @pytest.mark.parametrize("line", ["", "[1, 2", "[]", '["pay_1", "2", "m"]', "{}", "7"])
    def test_with_a_line_that_is_no_leaf_and_no_end_is_broken(self, line: str) -> None:
        with pytest.raises(AnchorBroken, match="line"):
            leaf_in(line)

    def test_is_a_value(self) -> None:
        assert anchor_of(DAY, LEAVES, KEYS) == Anchor(DAY, 2, 5, anchor_of(DAY, LEAVES, KEYS).root, "new")


class TestALeaf:
    def test_is_the_end_of_a_payments_chain(self) -> None:
        payment = sealed(3)

        assert leaf_of(payment) == Leaf("pay_1", 3, str(payment.rows[-1].mac))

    def test_is_not_had_of_what_is_not_sealed(self) -> None:
        assert leaf_of(SealedPayment("pay_1", None, ())) is None
        assert leaf_of(SealedPayment("pay_1", None, (SealedRow(sealed(1).rows[0].values, None, None),))) is None

    @pytest.mark.parametrize(
        ("now", "kind"),
        [
            (Standing(payment=True, row=True, mac="a" * 64), None),
            (Standing(payment=False, row=False), Kind.MISSING_PAYMENT),
            (Standing(payment=False, row=True, mac="a" * 64), Kind.MISSING_PAYMENT),
            (Standing(payment=True, row=False), Kind.SHORTENED),
            (Standing(payment=True, row=True, mac="c" * 64), Kind.REWRITTEN),
            (Standing(payment=True, row=True, mac=None), Kind.REWRITTEN),
        ],
        ids=["as it was", "gone", "gone but for its history", "shorter", "written anew", "without its seal"],
    )
    def test_is_held_against_what_stands_now(self, now: Standing, kind: Kind | None) -> None:
        assert verify_leaf(LEAVES[0], now) is kind
