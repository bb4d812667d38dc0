"""An instrument that waits with us: opened by us alone, for its own payment alone, and shown to nobody."""

import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.payments.requests import (
    AccountType,
    AchAuthorization,
    ApplePay,
    GooglePay,
    Initiator,
    Instrument,
    SaleRequest,
    TokenType,
)
from shared.payments.sealed import CannotOpen, SealedInstrument
from shared.payments.secret import Secret
from shared.sealing import InstrumentSealing
from tests.builders import VISA, a_bank_account, a_card, a_payer, a_sale_request

PAYMENT = "pay_1"
ACCOUNT = "0888271156"
TOKEN_TEXT = "tok-4113-of-the-payer"


def a_sealing(*names: str) -> InstrumentSealing:
    """With a key of its own for each name; the first one seals."""
    keys = {name: Secret(base64.b64encode(name.encode().ljust(32, b".")).decode()) for name in names or ("k1",)}
    return InstrumentSealing(keys)


def a_request(method: Instrument | None = None) -> SaleRequest:
    return a_sale_request(
        method=method or a_bank_account(), statement_descriptor="CITY WATER*BILL", metadata={"channel": "wéb"}
    )


TOKEN = a_card(TOKEN_TEXT, token_type=TokenType.NETWORK, cvv=None)


class TestWhatMayBeKept:
    @pytest.mark.parametrize("method", [a_bank_account(), TOKEN], ids=["a bank account", "a token"])
    def test_comes_back_whole(self, method: Instrument) -> None:
        sealed = a_sealing().seal(a_request(method), PAYMENT)

        assert a_sealing().open(sealed, PAYMENT) == a_request(method)

    @pytest.mark.parametrize("account_type", AccountType)
    @pytest.mark.parametrize("authorization", AchAuthorization)
    def test_comes_back_with_every_kind_of_account(
        self, account_type: AccountType, authorization: AchAuthorization
    ) -> None:
        request = a_request(a_bank_account(account_type=account_type, authorization=authorization))

        assert a_sealing().open(a_sealing().seal(request, PAYMENT), PAYMENT) == request

    @given(st.text(), st.text(), st.sampled_from(Initiator), st.none() | st.text())
    def test_comes_back_whatever_is_written_in_it(
        self, name: str, reference: str, initiator: Initiator, line2: str | None
    ) -> None:
        payer = replace(a_payer(), first_name=name, address=replace(a_payer().address, line2=line2))
        request = replace(a_request(), reference=reference, initiator=initiator, payer=payer)

        assert a_sealing().open(a_sealing().seal(request, PAYMENT), PAYMENT) == request

    def test_never_has_a_cvv_for_nobody_may_keep_one(self) -> None:
        sealed = a_sealing().seal(a_request(replace(TOKEN, cvv=Secret("111"))), PAYMENT)

        assert a_sealing().open(sealed, PAYMENT).method == TOKEN


class TestWhatMayNotBeKept:
    @pytest.mark.parametrize(
        "method",
        [
            a_card(),
            ApplePay("EC_v1", Secret("sealed"), Secret("signed"), "key", "hash", "31ab"),
            GooglePay("ECv2", Secret("sealed"), Secret("signed"), "key"),
        ],
        ids=["a card number", "Apple Pay", "Google Pay"],
    )
    def test_is_refused(self, method: Instrument) -> None:
        with pytest.raises(ValueError, match="never kept") as refused:
            a_sealing().seal(a_request(method), PAYMENT)

        assert VISA not in str(refused.value)


class TestASealedText:
    def test_shows_nothing_of_what_is_in_it(self) -> None:
        for method, secret in ((a_bank_account(), ACCOUNT), (TOKEN, TOKEN_TEXT)):
            sealed = a_sealing().seal(a_request(method), PAYMENT)
            inside = base64.b64decode(sealed.text)

            assert secret not in repr(sealed)
            assert secret.encode() not in inside
            assert b"Byron" not in inside

    def test_is_another_each_time(self) -> None:
        assert len({a_sealing().seal(a_request(), PAYMENT).text for _ in range(20)}) == 20

    def test_opens_for_its_own_payment_alone(self) -> None:
        sealed = a_sealing().seal(a_request(), PAYMENT)

        with pytest.raises(CannotOpen):
            a_sealing().open(sealed, "pay_2")

    @pytest.mark.parametrize("place", [0, 11, 12, 40, -1])
    def test_that_was_changed_anywhere_does_not_open(self, place: int) -> None:
        sealed = a_sealing().seal(a_request(), PAYMENT)
        changed = bytearray(base64.b64decode(sealed.text))
        changed[place] ^= 1

        with pytest.raises(CannotOpen):
            a_sealing().open(replace(sealed, text=base64.b64encode(changed).decode()), PAYMENT)

    @pytest.mark.parametrize("text", ["", "c2VhbGVk", "not base64!", "é", "A", "A" * 400])
    def test_that_is_none_does_not_open(self, text: str) -> None:
        with pytest.raises(CannotOpen) as refused:
            a_sealing().open(SealedInstrument("k1", text), PAYMENT)

        assert refused.value.__cause__ is None

    def test_that_does_not_open_tells_nothing_of_it(self) -> None:
        sealed = a_sealing().seal(a_request(), PAYMENT)

        with pytest.raises(CannotOpen) as refused:
            a_sealing().open(sealed, "pay_2")

        assert ACCOUNT not in str(refused.value)
        assert sealed.text not in str(refused.value)


class TestKeys:
    def test_the_first_seals_and_all_open(self) -> None:
        old = a_sealing("k1").seal(a_request(), PAYMENT)
        rotated = a_sealing("k2", "k1")

        assert rotated.seal(a_request(), PAYMENT).key_name == "k2"
        assert rotated.open(old, PAYMENT) == a_request()

    def test_one_that_is_gone_is_named(self) -> None:
        old = a_sealing("k1").seal(a_request(), PAYMENT)

        with pytest.raises(CannotOpen, match="k1 is not among INSTRUMENT_KEYS"):
            a_sealing("k2").open(old, PAYMENT)

    def test_of_another_text_does_not_open(self) -> None:
        old = a_sealing("k1").seal(a_request(), PAYMENT)

        with pytest.raises(CannotOpen):
            a_sealing("k2").open(replace(old, key_name="k2"), PAYMENT)

    def test_are_not_printed(self) -> None:
        keys = {"k1": Secret(base64.b64encode(b"x" * 32).decode())}

        assert json.dumps(repr(keys)).count("eHh4") == 0
