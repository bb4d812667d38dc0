"""A payment's history and its head as they are stored: with the seals of the chain."""

from shared.database.rows import history_entry
from shared.database.unit_of_work import Value
from shared.payments.audit import Chain
from shared.payments.payment import Payment

# Beside rows.HISTORY and rows.PAYMENT_CHANGING.
SEAL = ("mac", "mac_key")
HEAD = ("history_length", "history_head", "head_key")

Columns = tuple[Value, ...]


def sealed(chain: Chain, payment: Payment, *, stored: int = 0) -> tuple[Columns, list[Columns]]:
    """
    The head's columns, and a row (HISTORY and SEAL) for each entry behind the first `stored`, which are there already.

    Reads nothing: a stored entry brings its seal, or was stored by this process, which makes the same one again.
    """
    entries = [(history_entry(entry, payment.id), entry.seal) for entry in payment.history]
    seals = chain.seals(payment.id, entries)
    head = chain.head(payment.id, seals)
    rows = [(*values, seal.mac, seal.key) for (values, _), seal in zip(entries, seals, strict=True)]
    return (len(seals), head.mac, head.key), rows[stored:]
