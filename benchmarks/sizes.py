"""How much is measured: the whole, `BENCH=quick` in three minutes, `BENCH=tiny` for the harness's own tests."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Sizes:
    """
    `rounds` interleaved, `cell_s` seconds each after `warm_s` of warm-up; the latency cells run with `latency_ms`.

    `payments_few` and `payments_many` are the databases of row 11, `sales_before` and `sales_after` the two moments of
    row 12, `overload_s` is how long a round of row 13 offers twice what can be carried, `outbox_rows` what row 14
    sweeps.
    """

    name: str
    rounds: int
    cell_s: float
    warm_s: float
    latency_ms: int
    connections: int
    connections_many: int
    payments_few: int
    payments_many: int
    growth_rounds: int
    growth_sales: int
    sales_before: int
    sales_after: int
    overload_s: float
    outbox_rows: int
    import_rounds: int


FULL: Final = Sizes(
    name="full",
    rounds=5,
    cell_s=4.0,
    warm_s=1.0,
    latency_ms=200,
    connections=64,
    connections_many=256,
    payments_few=10_000,
    payments_many=1_000_000,
    growth_rounds=5,
    growth_sales=800,
    sales_before=10_000,
    sales_after=100_000,
    overload_s=5.0,
    outbox_rows=20_000,
    import_rounds=9,
)
QUICK: Final = replace(
    FULL,
    name="quick",
    rounds=2,
    cell_s=1.5,
    warm_s=0.5,
    payments_few=2_000,
    payments_many=100_000,
    growth_rounds=2,
    growth_sales=300,
    sales_before=1_000,
    sales_after=3_000,
    overload_s=3.0,
    outbox_rows=4_000,
    import_rounds=3,
)
TINY: Final = replace(
    QUICK,
    name="tiny",
    rounds=1,
    cell_s=0.2,
    warm_s=0.1,
    latency_ms=20,
    connections=4,
    connections_many=8,
    payments_few=20,
    payments_many=60,
    growth_rounds=1,
    growth_sales=8,
    sales_before=8,
    sales_after=16,
    overload_s=0.3,
    outbox_rows=60,
    import_rounds=1,
)
_BY_NAME: Final = {sizes.name: sizes for sizes in (FULL, QUICK, TINY)}


def sizes_of(environ: Mapping[str, str]) -> Sizes:
    """
    BENCH chooses; BENCH_ROUNDS, BENCH_PAYMENTS (row 11's big database) and BENCH_SALES (row 12's end) change one size.

    Raises ValueError, which names the variable.
    """
    name = environ.get("BENCH") or FULL.name
    if name not in _BY_NAME:
        raise ValueError(f"BENCH: write one of {', '.join(_BY_NAME)}, or leave it out for {FULL.name}")
    sizes = _BY_NAME[name]
    return replace(
        sizes,
        rounds=_count(environ, "BENCH_ROUNDS", sizes.rounds, least=1),
        payments_many=_count(environ, "BENCH_PAYMENTS", sizes.payments_many, least=sizes.payments_few),
        sales_after=_count(environ, "BENCH_SALES", sizes.sales_after, least=sizes.sales_before),
    )


def _count(environ: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isascii() or not text.isdecimal() or int(text) < least:
        raise ValueError(f"{name}: write a whole number, at least {least}")
    return int(text)
