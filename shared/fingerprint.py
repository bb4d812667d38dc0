"""Keyed fingerprints: a bare hash of a body that holds a PAN can be guessed, an HMAC cannot (PCI DSS 3.5.1.1)."""

import base64
import hmac
from collections.abc import Mapping

from shared.payments.idempotency import Fingerprint
from shared.payments.instrument_identity import identity_of
from shared.payments.mac import hmac_sha256
from shared.payments.requests import Instrument
from shared.payments.secret import Secret


class Fingerprints:
    """HMAC-SHA256 under named keys. The first key makes new fingerprints; the others still verify old ones."""

    def __init__(self, keys: Mapping[str, Secret]) -> None:
        self._keys = {name: base64.b64decode(key.reveal()) for name, key in keys.items()}
        self.current_key = next(iter(self._keys))

    def of(self, data: bytes) -> "BodyFingerprint":
        return BodyFingerprint(self, data)

    def of_instrument(self, instrument: Instrument) -> tuple[Fingerprint, ...]:
        """
        By which the instrument is known again: under the current key first, then under each other key of the settings.

        A key that is retired so forgets nothing while it is still listed. Empty for what cannot be known again.
        """
        identity = identity_of(instrument)
        if identity is None:
            return ()
        data = identity.reveal().encode()
        return tuple(Fingerprint(name, self.digest(data, name)) for name in self._keys)

    def digest(self, data: bytes, key_name: str) -> str:
        """Hex digest of `data`. Raises KeyError for a key that is no longer among the settings."""
        return hmac_sha256(self._keys[key_name], data)


class BodyFingerprint:
    """A caller's body, to be known again when its key is repeated. Holds the bytes no longer than the call lasts."""

    __slots__ = ("_data", "_fingerprints")

    def __init__(self, fingerprints: Fingerprints, data: bytes) -> None:
        self._fingerprints, self._data = fingerprints, data

    @property
    def fingerprint(self) -> Fingerprint:
        """Under the current key: what is stored."""
        key_name = self._fingerprints.current_key
        return Fingerprint(key_name, self._fingerprints.digest(self._data, key_name))

    def matches(self, stored: Fingerprint) -> bool:
        """Whether this is the body that `stored` was made of, whichever key it was made with."""
        return hmac.compare_digest(self._fingerprints.digest(self._data, stored.key_name), stored.digest)
