"""HMAC-SHA256 under the few keys of the settings."""

import hmac
from functools import lru_cache


def hmac_sha256(key: bytes, data: bytes) -> str:
    """In hex."""
    made = _keyed(key).copy()
    made.update(data)
    return made.hexdigest()


@lru_cache(maxsize=64)
def _keyed(key: bytes) -> hmac.HMAC:
    """Before its data: to look the algorithm up and to take the key in costs more than a seal's data do."""
    return hmac.new(key, digestmod="sha256")
