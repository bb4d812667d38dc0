"""What FindPayments looks for, as a WHERE."""

from shared.database.unit_of_work import Value
from shared.payments.search import Search


def conditions(search: Search) -> tuple[str, tuple[Value, ...]]:
    """The WHERE of a search, in portable SQL, with its values in order."""
    by_key = "id IN (SELECT payment_id FROM idempotency_keys WHERE caller = ? AND idempotency_key = ?)"
    wanted: list[tuple[str, tuple[Value, ...]]] = []
    if search.billers is not None:
        billers = tuple(sorted(search.billers))
        wanted.append((f"biller_id IN ({', '.join('?' * len(billers))})" if billers else "1 = 0", billers))
    if search.reference is not None:
        wanted.append(("reference = ?", (search.reference,)))
    if search.idempotency_key is not None:
        wanted.append((by_key, (search.caller, search.idempotency_key)))
    if search.state is not None:
        wanted.append(("state = ?", (search.state,)))
    if search.before is not None:
        wanted.append(("id < ?", (search.before,)))
    clauses = [clause for clause, _ in wanted] or ["1 = 1"]
    return " AND ".join(clauses), tuple(value for _, values in wanted for value in values)
