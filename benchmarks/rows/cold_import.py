"""
Row 10: importing `function_app` against importing azure.functions and pydantic alone.

Fresh interpreters, interleaved, medians of wall time (`make bench-import` does the same alone).
"""

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Limit, Row
from benchmarks.imports import measured


def rows(bench: Bench) -> list[Row]:
    floor_s, ours_s = measured(bench.sizes.import_rounds)
    figures = [
        Figure("import / azure.functions + pydantic", ours_s / floor_s, "x", Limit(1.5), Limit(1.25)),
        Figure("import of function_app", 1000 * ours_s, "ms"),
    ]
    return [Row(10, "cold import", figures)]
