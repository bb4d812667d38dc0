"""By what an instrument is known again: a keyed digest, never the instrument."""

import hashlib
import hmac
from typing import Any

import pytest

from shared.fingerprint import Fingerprints
from shared.payments.instrument_identity import identity_of
from shared.payments.requests import AccountType, Ach, AchAuthorization, ApplePay, GooglePay, Instrument, TokenType
from shared.payments.secret import Secret
from tests.builders import MASTERCARD, VISA, a_card

K1, K2 = Secret("eHh4" * 10 + "eHg="), Secret("eXl5" * 10 + "eXk=")
FINGERPRINTS = Fingerprints({"k1": K1})

APPLE_PAY = ApplePay("EC_v1", Secret("d"), Secret("s"), "key", "hash", "id")
GOOGLE_PAY = GooglePay("ECv2", Secret("m"), Secret("s"), "key")


def an_account(**changed: Any) -> Ach:
    values = {
        "routing_number": "122000247",
        "account_number": Secret("0888271156"),
        "account_type": AccountType.CHECKING,
        "authorization": AchAuthorization.WEB,
    }
    return Ach(**{**values, **changed})


class TestAnInstrument:
    def test_is_known_again_by_its_whole_number(self) -> None:
        [made] = FINGERPRINTS.of_instrument(a_card(VISA))

        assert made.key_name == "k1"
        assert made.digest == hmac.new(b"x" * 32, b"instrument:card:" + VISA.encode(), hashlib.sha256).hexdigest()

    @pytest.mark.parametrize("changed", [{"month": 6}, {"year": 2031}, {"cvv": None}])
    def test_is_the_same_card_whatever_else_is_said_of_it(self, changed: dict[str, Any]) -> None:
        assert FINGERPRINTS.of_instrument(a_card(VISA, **changed)) == FINGERPRINTS.of_instrument(a_card(VISA))

    @pytest.mark.parametrize(
        "changed", [{"account_type": AccountType.SAVINGS}, {"authorization": AchAuthorization.TEL}]
    )
    def test_is_the_same_account_whatever_else_is_said_of_it(self, changed: dict[str, Any]) -> None:
        assert FINGERPRINTS.of_instrument(an_account(**changed)) == FINGERPRINTS.of_instrument(an_account())

    def test_is_not_taken_for_another(self) -> None:
        instruments: list[Instrument] = [
            a_card(VISA),
            a_card(MASTERCARD),
            a_card(VISA, token_type=TokenType.SAFETECH),
            a_card(VISA, token_type=TokenType.NETWORK),
            an_account(),
            an_account(account_number=Secret("0888271157")),
            an_account(routing_number="021000021"),
        ]

        assert len({FINGERPRINTS.of_instrument(each) for each in instruments}) == len(instruments)

    def test_has_another_fingerprint_than_a_body_of_the_same_bytes(self) -> None:
        [made] = FINGERPRINTS.of_instrument(a_card(VISA))

        assert made != FINGERPRINTS.of(VISA.encode()).fingerprint

    @pytest.mark.parametrize("wallet", [APPLE_PAY, GOOGLE_PAY])
    def test_in_a_wallet_cannot_be_known_again(self, wallet: Instrument) -> None:
        assert FINGERPRINTS.of_instrument(wallet) == ()

    def test_is_not_shown_by_what_its_fingerprint_is_made_of(self) -> None:
        assert VISA not in repr(identity_of(a_card(VISA)))


class TestANewKey:
    def test_makes_the_fingerprints_and_the_old_ones_are_still_looked_up(self) -> None:
        before = Fingerprints({"k1": K1}).of_instrument(a_card())
        after = Fingerprints({"k2": K2, "k1": K1}).of_instrument(a_card())

        assert [made.key_name for made in after] == ["k2", "k1"]
        assert after[1:] == before
