"""Builders and a caller for the Chase simulator: what a merchant's system would send."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from local.chase_simulator import ChaseSimulator, Credential
from shared.payments.secret import Secret

VISA = "4112344112344113"
MASTERCARD = "5112345112345114"
AMEX = "371144371144376"
DISCOVER = "6011016011016011"

LIVE_MERCHANT = "000017904371"
TEST_MERCHANT = "998482157630"
OTHER_TEST_MERCHANT = "998482157631"

LIVE = Credential("live", "live-client", Secret("live-client-secret"), frozenset({LIVE_MERCHANT}))
TEST = Credential("test", "test-client", Secret("test-client-secret"), frozenset({TEST_MERCHANT, OTHER_TEST_MERCHANT}))


def a_card(number: str = VISA, **more: Any) -> dict[str, Any]:
    return {"accountNumber": number, "expiry": {"month": 5, "year": 2029}, **more}


def a_payment(*, card: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A DELAYED card payment of 125.99 USD with no more than it needs, but for what `more` adds or replaces."""
    return {
        "captureMethod": "DELAYED",
        "amount": 12599,
        "currency": "USD",
        "merchant": {"merchantSoftware": {"companyName": "JPMC", "productName": "Bill Payments"}},
        "paymentMethodType": {"card": card or a_card()},
        **more,
    }


def a_full_payment() -> dict[str, Any]:
    """A bill payment with every field that a card sale may have."""
    address = {
        "line1": "1 Main St",
        "line2": "Flat 2",
        "city": "Boston",
        "state": "MA",
        "postalCode": "02110-1234",
        "countryCode": "USA",
    }
    phone = {"countryCode": 1, "phoneNumber": "6175550100"}
    return a_payment(
        isCapture=True,
        merchantOrderNumber="0193a5c2e0007b1c9d4f00112233aabb",
        statementDescriptor="CITY WATER*BILL",
        initiatorType="CARDHOLDER",
        accountOnFile="NOT_STORED",
        isAmountFinal=True,
        partialAuthorizationSupport="NOT_SUPPORTED",
        authorizationPurpose="RESUBMISSION",
        recurring={
            "recurringSequence": "FIRST",
            "agreementId": "A-1",
            "paymentAgreementExpiryDate": "2030-01-01",
            "isVariableAmount": False,
        },
        merchant={
            "merchantSoftware": {"companyName": "JPMC", "productName": "Bill Payments", "version": "1.0"},
            "merchantCategoryCode": "4900",
            "softMerchant": {
                "name": "City Water",
                "phone": "6175550101",
                "email": "desk@example.com",
                "url": "https://example.com",
                "address": address,
                "merchantPurchaseDescription": "Water bill",
            },
        },
        accountHolder={
            "referenceId": "payer-1",
            "fullName": "Ada Byron",
            "firstName": "Ada",
            "middleName": "K",
            "lastName": "Byron",
            "email": "ada@example.com",
            "phone": phone,
            "mobile": phone,
            "IPAddress": "192.0.2.1",
            "billingAddress": address,
        },
        paymentMetadataList=[{"metadataAttribute": "channel", "metadataAttributeValue": "web"}],
        card=a_card(
            cvv="111",
            accountNumberType="PAN",
            walletProvider="APPLE_PAY",
            isBillPayment=True,
            originalNetworkTransactionId="014072692161152",
            authentication={
                "threeDS": {},
                "electronicCommerceIndicator": "5",
                "tokenAuthenticationValue": "AAAA",
                "SCAExemptionReason": "LOW_VALUE",
            },
            merchantSalesChannelName="INTERNET",
            merchantPreferredRouting="CREDIT",
            accountUpdater={"requestAccountUpdater": False},
            encryptionIntegrityCheck="x",
        ),
    )


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Merchant:
    """A merchant's system: holds a token, and sends what it is told to."""

    simulator: ChaseSimulator
    session: aiohttp.ClientSession
    credential: Credential = TEST
    merchant_id: str = TEST_MERCHANT
    token: str = ""

    async def ask_token(self, **form: str) -> Answered:
        """With the secret in the form body, unless `form` says otherwise."""
        fields = {
            "grant_type": "client_credentials",
            "scope": "jpm:payments:sandbox",
            "client_id": self.credential.client_id,
            "client_secret": self.credential.client_secret.reveal() if self.credential.client_secret else "",
        }
        return await self.send("POST", self.simulator.token_url, data={**fields, **form}, headers={})

    async def sign_in(self) -> None:
        self.token = (await self.ask_token()).body["access_token"]

    async def pay(self, request_id: str, body: Any = None, **headers: str) -> Answered:
        body = a_payment() if body is None else body
        return await self.send("POST", self._url("payments"), json=body, headers=self._headers(request_id, headers))

    async def void(self, transaction_id: str, request_id: str, body: Any = None, **headers: str) -> Answered:
        body = {"isVoid": True} if body is None else body
        url = self._url(f"payments/{transaction_id}")
        return await self.send("PATCH", url, json=body, headers=self._headers(request_id, headers))

    async def capture(self, transaction_id: str, request_id: str, body: Any = None) -> Answered:
        body = {"captureMethod": "NOW"} if body is None else body
        url = self._url(f"payments/{transaction_id}/captures")
        return await self.send("POST", url, json=body, headers=self._headers(request_id, {}))

    async def post(self, kind: str, request_id: str, body: Any) -> Answered:
        """To `refunds` or `verifications`."""
        return await self.send("POST", self._url(kind), json=body, headers=self._headers(request_id, {}))

    async def find(self, request_id: str, *, kind: str = "payments", parameter: str = "requestIdentifier") -> Answered:
        headers = self._headers("an-inquiry-of-its-own", {})
        return await self.send("GET", self._url(kind), params={parameter: request_id}, headers=headers)

    async def get(self, transaction_id: str, *, kind: str = "payments") -> Answered:
        return await self.send("GET", self._url(f"{kind}/{transaction_id}"), headers=self._headers("", {}))

    async def send(self, method: str, url: str, **parts: Any) -> Answered:
        async with self.session.request(method, url, **parts) as response:
            return Answered(response.status, await response.json(content_type=None), response.headers)

    def _url(self, path: str) -> str:
        return f"{self.simulator.base_url}/{path}"

    def _headers(self, request_id: str, changed: Mapping[str, str]) -> dict[str, str]:
        usual = {"Authorization": f"Bearer {self.token}", "merchant-id": self.merchant_id, "request-id": request_id}
        return {name: value for name, value in {**usual, **changed}.items() if value}
