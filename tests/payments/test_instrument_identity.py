"""What tells an instrument apart from every other."""

from dataclasses import replace

from shared.payments.instrument_identity import identity_of
from shared.payments.requests import GooglePay, TokenType
from shared.payments.secret import Secret
from tests.builders import MASTERCARD, VISA, a_bank_account, a_card


def test_is_the_whole_number_the_token_and_its_kind_or_the_account_at_its_bank() -> None:
    account = a_bank_account()
    instruments = [
        a_card(VISA),
        a_card(MASTERCARD),
        a_card(VISA, token_type=TokenType.SAFETECH),
        a_card(VISA, token_type=TokenType.NETWORK),
        account,
        replace(account, routing_number="021000021"),
    ]

    identities = [identity_of(instrument) for instrument in instruments]

    assert None not in identities
    assert len(set(identities)) == len(instruments)


def test_does_not_depend_on_when_it_expires() -> None:
    assert identity_of(a_card()) == identity_of(a_card(month=6, year=2031, cvv=None))


def test_of_a_wallet_is_none_for_its_bundle_is_another_each_time() -> None:
    assert identity_of(GooglePay("ECv2", Secret("sealed"), Secret("signed"), "key")) is None
