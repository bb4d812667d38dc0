"""What a developer reads when everything is up: where it is, and a card sale to paste. It holds no secret."""

import shlex
from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin

# The settings that decide which key signs a token, and for whom: another terminal does not know them.
_SETTINGS_OF_A_TOKEN: Final = ("LOCAL_DATA_DIR", "JWT_ISSUER", "JWT_AUDIENCE")

# Chase's public test card. %s: the end of the reference.
_SALE: Final = """\
{ "billerId": "city-water", "reference": "INV-%s", "amountMinor": 12599, "currency": "USD",
  "method": { "type": "card", "number": "4112344112344113", "expiry": {"month": 5, "year": 2029}, "cvv": "111" },
  "payer": { "firstName": "Ada", "lastName": "Byron", "email": "ada@example.com",
             "address": { "line1": "1 Main St", "city": "Boston", "state": "MA", "postalCode": "02110",
                          "country": "USA" } },
  "initiator": "payer", "statementDescriptor": "CITY WATER*BILL", "metadata": {"channel": "web"} }"""


def greeting(*, api_url: str, simulator_url: str, data_dir: str, unique: str, environ: Mapping[str, str]) -> str:
    """`unique` makes the sale a new one: it is the Idempotency-Key and the end of the reference."""
    token = " ".join([*_settings(environ), "make -s token"])
    dashboard_url = urljoin(api_url, "/dashboard")
    return f"""\
Ready: {api_url}
  Chase simulator  {simulator_url}  (what it holds: {simulator_url}/simulator/books)
  dashboard        {dashboard_url}
  data             {data_dir}

A bearer token, in this folder:

{token}

A card sale, in this folder from another terminal:

curl -sS -i {api_url}/payments \\
  -H "Authorization: Bearer $({token})" \\
  -H "Idempotency-Key: {unique}" \\
  -H "Content-Type: application/json" \\
  -d '{_SALE % unique[:13]}'
"""


def _settings(environ: Mapping[str, str]) -> list[str]:
    return [f"{name}={shlex.quote(environ[name])}" for name in _SETTINGS_OF_A_TOKEN if environ.get(name)]
