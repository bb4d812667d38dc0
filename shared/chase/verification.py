"""What a verification brings: not an approval, since no money and no state of it stands at Chase."""

from dataclasses import dataclass

from shared.payments.outcome import Declined, NotSent, Pending, Unknown


@dataclass(frozen=True, slots=True)
class Verified:
    """
    The instrument is good, in its issuer's or bank's word.

    `avs` and `cvv` are to be judged by who asked: Chase says SUCCESS whatever they are.
    """

    transaction_id: str
    code: str
    message: str
    avs: str | None = None
    cvv: str | None = None
    network_transaction_id: str | None = None


Verification = Verified | Declined | Pending | NotSent | Unknown
