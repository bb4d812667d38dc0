"""
Who is calling, and what may they do.

    authenticator    an Authorization header -> a Caller, or Unauthenticated
    jwt_bearer       Entra ID access tokens     jwks, key_document   the keys that signed them     rs256   PyJWT
    hmac_signature   signed requests            canonical_url        the one spelling of a URL that is signed
    caller           roles and billers
"""
