"""What callers send wrongly, and with it a card number in the wrong place, is neither said back nor kept."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.builders import VISA, a_sale_body
from tests.functions.forgeries import FORGED_SIGNATURES, FORGED_TOKENS, Premises
from tests.functions.routes import Door, http_routes
from tests.journeys.watch import CVV, Watching, a_card

# A card number as it slips into a place that is not for it.
SPELLINGS = (VISA, "4112-3441-1234-4113", "4112 3441 1234 4113", "4112.3441.1234.4113", f"trace{VISA}x", f"00{VISA}")


@pytest.fixture(scope="module")
def strangers_key() -> str:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class TestAfterBadInput:
    @pytest.mark.parametrize("spelled", SPELLINGS)
    async def test_with_a_card_number_in_a_path_a_query_or_a_header_of_any_route(
        self, watching: Watching, spelled: str
    ) -> None:
        async with watching() as watch:
            for route in http_routes({}):
                plain, slipped = "/" + route.template, spelled.replace(" ", "%20")
                paths = [route.path(slipped), f"{plain}/{slipped}", f"{plain}?{slipped}=1"]
                paths += [f"{plain}?{name}={slipped}" for name in ("state", "reference", "idempotencyKey", "refresh")]
                for path in paths:
                    await watch.call(route.method, path, b"", watch.house.bearer())
                for name in ("X-Correlation-Id", "Idempotency-Key", "If-Match", "Content-Type", "User-Agent"):
                    sent = {**watch.house.bearer(), "Idempotency-Key": "attempt", name: spelled}
                    await watch.call(route.method, plain, _sale(), sent)

        assert watch.leaks() == []

    @pytest.mark.parametrize("spelled", SPELLINGS)
    async def test_with_a_card_number_as_any_value_or_name_of_a_sale(self, watching: Watching, spelled: str) -> None:
        async with watching() as watch:
            for number, body in enumerate(_bodies_with(spelled)):
                await watch.sent(json.dumps(body).encode(), f"attempt-{number}")

        assert watch.statuses <= {201, 400}
        assert watch.leaks() == []

    async def test_that_is_no_json_or_no_sale(self, watching: Watching) -> None:
        async with watching() as watch:
            for number, body in enumerate(_broken_bodies()):
                await watch.sent(body, f"attempt-{number}")

        assert watch.statuses == {400, 413}
        assert watch.leaks() == []


class TestAfterCallersThatAreRefused:
    @pytest.mark.parametrize("auth_mode", ["enforce", "audit"])
    async def test_whatever_their_credentials_are(self, watching: Watching, strangers_key: str, auth_mode: str) -> None:
        async with watching(AUTH_MODE=auth_mode) as watch:
            premises = Premises(watch.house, "pay_0", strangers_key)
            for route in http_routes({"Sale": Door(None, body=a_sale_body(method=a_card()))}):
                forged = [forge(premises) for forge, _ in FORGED_TOKENS.values()]
                forged += [forge(premises, route) for forge, _ in FORGED_SIGNATURES.values()]
                for number, headers in enumerate((*forged, *_odd_credentials())):
                    named = {"Idempotency-Key": f"{route.name}-{number}", **headers}
                    await watch.call(route.method, route.path("pay_0"), route.body, named)

        # 428: the rollout's document is changed by who says what they last saw of it.
        assert watch.statuses == ({200, 401} if auth_mode == "enforce" else {200, 201, 400, 404, 428})
        assert watch.leaks() == []

    async def test_for_what_they_may_not_do(self, watching: Watching) -> None:
        async with watching() as watch:
            sold = await watch.sale()
            for claim, value in (("roles", []), ("roles", [VISA]), ("billers", ["county-tax"]), ("billers", [VISA])):
                headers = watch.house.bearer(**{claim: value})
                await watch.sale(headers=headers)
                await watch.get(f"/payments/{sold.body['id']}?refresh=true", headers)
                await watch.get("/payments?state=authorized", headers)

        assert watch.statuses == {200, 201, 403, 404}
        assert watch.leaks() == []


def _odd_credentials() -> Iterator[dict[str, str]]:
    for credentials in (
        VISA,
        f"Bearer {VISA}",
        f"Bearer {VISA}.{VISA}.{VISA}",
        f"Basic {VISA}",
        "Bearer " + VISA * 2000,
    ):
        yield {"Authorization": credentials}
    parts = f"timestamp=1,nonce={VISA},signature={VISA}"
    yield {"Authorization": f"IC-HMAC-SHA256 keyId={VISA},{parts}"}
    yield {"Authorization": f"IC-HMAC-SHA256 {VISA}"}


def _sale(**changed: Any) -> bytes:
    return json.dumps(a_sale_body(method=a_card(), **changed)).encode()


def _bodies_with(text: str) -> Iterator[dict[str, Any]]:
    """Sales that hold `text` in place of each of their values in turn, and as a name in each of their objects."""
    whole = a_sale_body(method=a_card(), control={"status": "approved", "code": "00", "processorReference": "ch_1"})
    for path in _paths(whole, (text, f"pan_{text}", f"pan.{text}")):
        changed = json.loads(json.dumps(whole))
        *outer, last = path
        inner = changed
        for name in outer:
            inner = inner[name]
        inner[last] = text
        yield changed


def _paths(value: dict[str, Any], new_names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, inner in value.items():
        yield (name,)
        if isinstance(inner, dict):
            yield from ((name, *path) for path in _paths(inner, new_names))
    yield from ((name,) for name in new_names)


def _broken_bodies() -> Iterator[bytes]:
    good = _sale()
    yield good[:-1]
    yield good[: good.index(VISA.encode()) + 12]
    yield good + good
    yield good + b"\xff"
    yield good.replace(b'"USD"', b"NaN")
    yield good.replace(b"12599", VISA.encode())
    yield good.replace(b"12599", VISA.encode() + b".0")
    yield good.replace(b"12599", VISA.encode() * 50)
    yield good.replace(f'"{VISA}"'.encode(), VISA.encode())
    yield good.replace(f'"{CVV}"'.encode(), CVV.encode())
    yield good.replace(f'"{CVV}"'.encode(), f'["{CVV}"]'.encode())
    yield good.replace(f'"{CVV}"'.encode(), f'"{CVV}a"'.encode())
    yield good.replace(b'"city-water"', f'"city-water", "{VISA}": 1, "{VISA}": 2'.encode())
    yield good.replace(b'"currency"', b'"amountMinor": 1, "currency"')
    yield good.replace(VISA.encode(), VISA[:-1].encode() + b"4")
    yield b"[" * 2000 + VISA.encode() + b"]" * 2000
    yield f'"{VISA}"'.encode()
    yield VISA.encode()
    yield b'{"a":' * 11 + f'"{VISA}"'.encode() + b"}" * 11
    yield good.replace(b'"web"', b'"' + VISA.encode() * 5000 + b'"')
    yield good.replace(b'"web"', f'"\\u0000{VISA}"'.encode())
    yield good.replace(b'"web"', f'"\\ud800{VISA}"'.encode())
    yield f"number={VISA}&cvv={CVV}".encode()
