"""A sale as it goes out, field by field."""

import pytest

from shared.payments.money import Money
from shared.payments.requests import AccountType, AchAuthorization, Initiator, Instrument, Payer, TokenType
from tests.chase.desk import a_card, a_google_pay, a_merchant, a_request, an_ach, an_address, an_apple_pay
from tests.chase.wire.bodies import SOFTWARE, body_of

ADA = {
    "firstName": "Ada",
    "lastName": "Byron",
    "fullName": "Ada Byron",
    "email": "ada@example.com",
    "billingAddress": {
        "line1": "1 Main St",
        "city": "Boston",
        "state": "MA",
        "postalCode": "02110",
        "countryCode": "USA",
    },
}


class TestASaleByCard:
    def test_with_every_field(self) -> None:
        request = a_request(
            statement_descriptor="CITY WATER*BILL",
            payer=Payer("Ada", "Byron", "ada@example.com", an_address(line2="Apt 2")),
            metadata={"channel": "web", "campaign": "spring"},
        )
        merchant = a_merchant(soft_merchant_name="City Water", category_code="4900")

        body = body_of(request, merchant)

        assert body == {
            "captureMethod": "DELAYED",
            "amount": 12599,
            "currency": "USD",
            "merchantOrderNumber": "0193561a7c4d00112233445566778899",
            "statementDescriptor": "CITY WATER*BILL",
            "initiatorType": "CARDHOLDER",
            "accountOnFile": "NOT_STORED",
            "isAmountFinal": True,
            "partialAuthorizationSupport": "NOT_SUPPORTED",
            "merchant": {
                "merchantSoftware": {
                    "companyName": "JPMC",
                    "productName": "IC Chase Payment Processing",
                    "version": "1",
                },
                "merchantCategoryCode": "4900",
                "softMerchant": {"name": "City Water"},
            },
            "accountHolder": {
                "firstName": "Ada",
                "lastName": "Byron",
                "fullName": "Ada Byron",
                "email": "ada@example.com",
                "billingAddress": {
                    "line1": "1 Main St",
                    "line2": "Apt 2",
                    "city": "Boston",
                    "state": "MA",
                    "postalCode": "02110",
                    "countryCode": "USA",
                },
            },
            "paymentMetadataList": [
                {"metadataAttribute": "channel", "metadataAttributeValue": "web"},
                {"metadataAttribute": "campaign", "metadataAttributeValue": "spring"},
            ],
            "paymentMethodType": {
                "card": {
                    "accountNumber": "4112344112344113",
                    "accountNumberType": "PAN",
                    "expiry": {"month": 5, "year": 2029},
                    "cvv": "011",
                    "isBillPayment": True,
                }
            },
        }

    def test_with_the_fewest_fields(self) -> None:
        body = body_of(a_request(method=a_card(cvv=None)))

        assert body == {
            "captureMethod": "DELAYED",
            "amount": 12599,
            "currency": "USD",
            "merchantOrderNumber": "0193561a7c4d00112233445566778899",
            "initiatorType": "CARDHOLDER",
            "accountOnFile": "NOT_STORED",
            "isAmountFinal": True,
            "partialAuthorizationSupport": "NOT_SUPPORTED",
            "merchant": {
                "merchantSoftware": {
                    "companyName": "JPMC",
                    "productName": "IC Chase Payment Processing",
                    "version": "1",
                }
            },
            "accountHolder": {
                "firstName": "Ada",
                "lastName": "Byron",
                "fullName": "Ada Byron",
                "email": "ada@example.com",
                "billingAddress": {
                    "line1": "1 Main St",
                    "city": "Boston",
                    "state": "MA",
                    "postalCode": "02110",
                    "countryCode": "USA",
                },
            },
            "paymentMethodType": {
                "card": {
                    "accountNumber": "4112344112344113",
                    "accountNumberType": "PAN",
                    "expiry": {"month": 5, "year": 2029},
                    "isBillPayment": True,
                }
            },
        }

    def test_of_a_biller_that_captures_at_once(self) -> None:
        assert body_of(a_request(), a_merchant(capture_delay=False))["captureMethod"] == "NOW"

    def test_that_the_biller_initiates_says_that_the_card_is_on_file(self) -> None:
        body = body_of(a_request(initiator=Initiator.BILLER))

        assert (body["initiatorType"], body["accountOnFile"]) == ("MERCHANT", "STORED")

    @pytest.mark.parametrize(
        ("token_type", "number_type"),
        [(None, "PAN"), (TokenType.SAFETECH, "SAFETECH_TOKEN"), (TokenType.NETWORK, "NETWORK_TOKEN")],
    )
    def test_says_what_kind_of_number_it_carries(self, token_type: TokenType | None, number_type: str) -> None:
        body = body_of(a_request(method=a_card(token_type=token_type)))

        assert body["paymentMethodType"]["card"]["accountNumberType"] == number_type

    @pytest.mark.parametrize(
        ("requests_own", "merchants", "sent"),
        [("REQUEST", "MERCHANT", "REQUEST"), (None, "MERCHANT", "MERCHANT"), ("REQUEST", None, "REQUEST")],
    )
    def test_prefers_the_requests_statement_descriptor(
        self, requests_own: str | None, merchants: str | None, sent: str
    ) -> None:
        body = body_of(a_request(statement_descriptor=requests_own), a_merchant(statement_descriptor=merchants))

        assert body["statementDescriptor"] == sent

    @pytest.mark.parametrize(
        ("first", "last", "full_name"),
        [("A", "B", None), ("Al", "B", "Al B"), ("A" * 40, "B" * 40, "A" * 40 + " " + "B" * 29)],
    )
    def test_gives_a_full_name_that_chase_takes(self, first: str, last: str, full_name: str | None) -> None:
        body = body_of(a_request(payer=Payer(first, last, "a@b.example", an_address())))

        assert body["accountHolder"].get("fullName") == full_name

    def test_is_written_whatever_characters_a_name_holds(self) -> None:
        body = body_of(a_request(payer=Payer("Žofie\ud800", '"}', "a@b.example", an_address())))

        assert body["accountHolder"]["lastName"] == '"}'

    def test_keeps_a_large_amount_exact(self) -> None:
        assert body_of(a_request(amount=Money(99_999_999_999, "USD")))["amount"] == 99_999_999_999


class TestASaleByAch:
    def test_with_every_field(self) -> None:
        request = a_request(
            method=an_ach(),
            statement_descriptor="CITY WATER*BILL",
            payer=Payer("Ada", "Byron", "ada@example.com", an_address(line2="Apt 2")),
            metadata={"channel": "web"},
        )

        body = body_of(request, a_merchant(soft_merchant_name="City Water", category_code="4900"))

        assert body == {
            "captureMethod": "NOW",
            "amount": 12599,
            "currency": "USD",
            "merchantOrderNumber": "0193561a7c4d00112233445566778899",
            "statementDescriptor": "CITY WATER*BILL",
            "initiatorType": "CARDHOLDER",
            "accountOnFile": "NOT_STORED",
            "isAmountFinal": True,
            "partialAuthorizationSupport": "NOT_SUPPORTED",
            "merchant": {
                "merchantSoftware": SOFTWARE,
                "merchantCategoryCode": "4900",
                "softMerchant": {"name": "City Water", "merchantPurchaseDescription": "City Water"},
            },
            "accountHolder": {**ADA, "billingAddress": {**ADA["billingAddress"], "line2": "Apt 2"}},
            "paymentMetadataList": [{"metadataAttribute": "channel", "metadataAttributeValue": "web"}],
            "paymentMethodType": {
                "ach": {
                    "accountNumber": "0888271156",
                    "financialInstitutionRoutingNumber": "122000247",
                    "accountType": "CHECKING",
                    "paymentType": "WEB",
                }
            },
        }

    def test_with_the_fewest_fields(self) -> None:
        body = body_of(a_request(method=an_ach()), a_merchant(statement_descriptor="CITY WATER*BILL"))

        assert body == {
            "captureMethod": "NOW",
            "amount": 12599,
            "currency": "USD",
            "merchantOrderNumber": "0193561a7c4d00112233445566778899",
            "statementDescriptor": "CITY WATER*BILL",
            "initiatorType": "CARDHOLDER",
            "accountOnFile": "NOT_STORED",
            "isAmountFinal": True,
            "partialAuthorizationSupport": "NOT_SUPPORTED",
            "merchant": {
                "merchantSoftware": SOFTWARE,
                "softMerchant": {"merchantPurchaseDescription": "CITY WATER*BILL"},
            },
            "accountHolder": ADA,
            "paymentMethodType": {
                "ach": {
                    "accountNumber": "0888271156",
                    "financialInstitutionRoutingNumber": "122000247",
                    "accountType": "CHECKING",
                    "paymentType": "WEB",
                }
            },
        }

    @pytest.mark.parametrize("delayed", [True, False])
    def test_is_taken_now_whatever_the_biller_does_with_cards(self, delayed: bool) -> None:
        assert body_of(a_request(method=an_ach()), a_merchant(capture_delay=delayed))["captureMethod"] == "NOW"

    @pytest.mark.parametrize(
        ("kind", "named"),
        [
            (AccountType.CHECKING, "CHECKING"),
            (AccountType.SAVINGS, "SAVING"),
            (AccountType.CORPORATE_CHECKING, "CORPORATE_CHECKING"),
        ],
    )
    def test_names_the_kind_of_account(self, kind: AccountType, named: str) -> None:
        body = body_of(a_request(method=an_ach(account_type=kind)))

        assert body["paymentMethodType"]["ach"]["accountType"] == named

    @pytest.mark.parametrize("authorization", AchAuthorization)
    def test_says_how_the_payer_authorized_it(self, authorization: AchAuthorization) -> None:
        body = body_of(a_request(method=an_ach(authorization=authorization)))

        assert body["paymentMethodType"]["ach"]["paymentType"] == authorization.name


class TestASaleByApplePay:
    def test_with_every_field(self) -> None:
        request = a_request(method=an_apple_pay(application_data="94ee05"), statement_descriptor="CITY WATER*BILL")

        body = body_of(request, a_merchant(soft_merchant_name="City Water", category_code="4900"))

        assert body == {
            "captureMethod": "DELAYED",
            "amount": 12599,
            "currency": "USD",
            "merchantOrderNumber": "0193561a7c4d00112233445566778899",
            "statementDescriptor": "CITY WATER*BILL",
            "initiatorType": "CARDHOLDER",
            "accountOnFile": "NOT_STORED",
            "isAmountFinal": True,
            "partialAuthorizationSupport": "NOT_SUPPORTED",
            "merchant": {
                "merchantSoftware": SOFTWARE,
                "merchantCategoryCode": "4900",
                "softMerchant": {"name": "City Water"},
            },
            "accountHolder": ADA,
            "paymentMethodType": {
                "applepay": {
                    "latLong": "1,1",
                    "encryptedPaymentBundle": {
                        "encryptedPayload": "c2VhbGVkIGJ5IEFwcGxl",
                        "signature": "YSBzaWduYXR1cmU=",
                        "protocolVersion": "EC_v1",
                        "encryptedPaymentHeader": {
                            "ephemeralPublicKey": "YW4gZXBoZW1lcmFsIGtleQ==",
                            "publicKeyHash": "YSBoYXNo",
                            "walletTransactionId": "31ab0c2d",
                            "walletApplicationData": "94ee05",
                        },
                    },
                }
            },
        }

    def test_without_application_data_says_nothing_of_it(self) -> None:
        body = body_of(a_request(method=an_apple_pay()))

        header = body["paymentMethodType"]["applepay"]["encryptedPaymentBundle"]["encryptedPaymentHeader"]
        assert set(header) == {"ephemeralPublicKey", "publicKeyHash", "walletTransactionId"}


class TestASaleByGooglePay:
    def test_carries_the_signed_message_as_it_was_signed(self) -> None:
        body = body_of(a_request(method=a_google_pay()))

        assert body == {
            "captureMethod": "DELAYED",
            "amount": 12599,
            "currency": "USD",
            "merchantOrderNumber": "0193561a7c4d00112233445566778899",
            "initiatorType": "CARDHOLDER",
            "accountOnFile": "NOT_STORED",
            "isAmountFinal": True,
            "partialAuthorizationSupport": "NOT_SUPPORTED",
            "merchant": {"merchantSoftware": SOFTWARE},
            "accountHolder": ADA,
            "paymentMethodType": {
                "googlepay": {
                    "latLong": "1,1",
                    "encryptedPaymentBundle": {
                        "encryptedPayload": '{"encryptedMessage":"c2VhbGVk","ephemeralPublicKey":"a2V5","tag":"dGFn"}',
                        "encryptedPaymentHeader": {"ephemeralPublicKey": "a2V5"},
                        "signature": "YSBzaWduYXR1cmU=",
                        "protocolVersion": "ECv2",
                    },
                }
            },
        }


@pytest.mark.parametrize("wallet", [an_apple_pay(), a_google_pay()])
@pytest.mark.parametrize(("delayed", "method"), [(True, "DELAYED"), (False, "NOW")])
def test_a_wallet_is_captured_as_the_billers_cards_are(wallet: Instrument, delayed: bool, method: str) -> None:
    assert body_of(a_request(method=wallet), a_merchant(capture_delay=delayed))["captureMethod"] == method
