"""Who may call, as settings say."""

import time

from shared.auth.authenticator import Authenticator
from shared.auth.hmac_signature import HmacKey, HmacVerifier
from shared.auth.jwks import JwksSource
from shared.auth.jwt_bearer import JwtVerifier
from shared.settings import Settings
from shared.use_cases import ports


def authenticator(settings: Settings, telemetry: ports.Telemetry) -> Authenticator:
    keys = {
        key_id: HmacKey(key, name, caller.roles, None if caller.billers == "*" else caller.billers)
        for name, caller in settings.hmac_callers.items()
        for key_id, key in caller.keys.items()
    }
    jwt = JwtVerifier(
        jwks=JwksSource(settings.jwt_jwks_url),
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        now_s=time.time,
    )
    return Authenticator(
        jwt,
        HmacVerifier(keys, time.time),
        settings.auth_mode,
        lambda reason: telemetry.event("auth.would_refuse", reason=reason),
    )
