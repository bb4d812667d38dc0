"""
Row 9: Chase connections opened per 1,000 sales under steady load after warm-up, and token fetches on the sale path.

Counted by the stub, not by us: a connection at its first payment, a token at the token route. The load is the cell of
64 in flight at 200 ms, after a warm-up of the same load; the worst round counts.
"""

from benchmarks.candidates import OURS
from benchmarks.cells import SLOW, Cell, Cells
from benchmarks.figures import Figure, Limit, Row


def rows(cells: Cells) -> list[Row]:
    opened = cells.of(OURS, SLOW, _opened_per_thousand)
    fetched = cells.of(OURS, SLOW, lambda cell: cell.token_fetches)
    return [
        Row(
            9,
            "Chase connections and tokens, steady load",
            [
                Figure("opened per 1,000 sales", opened.most if opened else None, "", Limit(0), Limit(0), opened),
                Figure("token fetches", fetched.most if fetched else None, "", Limit(0), Limit(0), fetched),
            ],
        )
    ]


def _opened_per_thousand(cell: Cell) -> float:
    return 1000 * cell.connections_opened / max(1, cell.loaded.good)
