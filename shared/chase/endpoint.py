"""Where Chase is and how patiently we speak to it: plain values, so that this room knows no settings."""

from dataclasses import dataclass

from shared.payments.secret import Secret


@dataclass(frozen=True, slots=True)
class ChaseEndpoint:
    """
    Chase's addresses, our credential there, and the limits of a call; all time-outs in seconds.

    `pool_timeout_s` bounds the wait for a connection, a new one's connect included; `keepalive_s` must be shorter than
    the time after which Chase closes an idle connection. `lookup_parameter` names the query that finds a payment by its
    request-id: published sources differ about it.
    """

    base_url: str
    token_url: str
    client_id: str
    client_secret: Secret
    scope: str
    lookup_parameter: str = "requestIdentifier"
    connect_timeout_s: float = 5.0
    pool_timeout_s: float = 5.0
    read_timeout_s: float = 75.0
    keepalive_s: float = 15.0
    connections_max: int = 256
