"""
Our words <-> Chase's JSON (Online Payments API v2). The only package that knows its field names.

(The token endpoint's are those of RFC 6749 and RFC 7523; they stand in oauth and assertion.)

    addressing    paths and headers                 encoding    a body as text
    instruments   card, ACH, Apple Pay, Google Pay  parties     who sells, who pays
    sale · follow_ups · verification                the body of each operation
    answers       what stands in an answer, not yet judged
"""
