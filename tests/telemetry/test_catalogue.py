"""Every figure that the code tells is in the catalogue, with its kind and its dimensions; and the other way round."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.telemetry.catalogue import METRICS

ROOT = Path(__file__).parents[2]
KINDS = {"count": "count", "observe_ms": "duration", "span": "duration", "gauge": "gauge", "watch": "gauge"}
# Never: who pays, what, or anything that a caller chose.
IDS = {"paymentId", "billerId", "reference", "caller", "correlationId", "requestId", "email", "error_text", "key"}
# Told by the exporters themselves.
OF_EXPORTERS = {"telemetry.dropped"}


def _told() -> Iterator[tuple[str, str, set[str], bool, str]]:
    """Name, kind, dimensions, whether there may be more (**), and where."""
    for folder in ("functions", "shared"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                    continue
                verb = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if verb in KINDS and isinstance(node.args[0].value, str) and "." in node.args[0].value:
                    fields = {keyword.arg for keyword in node.keywords if keyword.arg}
                    more = len(fields) < len(node.keywords) or verb in ("span", "watch")
                    yield node.args[0].value, KINDS[verb], fields, more, f"{path.name}:{node.lineno}"


TOLD = list(_told())


@pytest.mark.parametrize(("name", "kind", "dimensions", "more", "where"), TOLD, ids=[told[-1] for told in TOLD])
def test_what_is_told_is_in_the_catalogue(name: str, kind: str, dimensions: set[str], more: bool, where: str) -> None:
    assert name in METRICS, where
    assert METRICS[name].kind == kind
    assert dimensions <= METRICS[name].dimensions
    assert more or dimensions == METRICS[name].dimensions


def test_what_is_in_the_catalogue_is_told() -> None:
    assert set(METRICS) - {name for name, *_ in TOLD} == OF_EXPORTERS


@pytest.mark.parametrize("name", METRICS)
def test_no_dimension_is_an_id(name: str) -> None:
    assert METRICS[name].dimensions & IDS == set()
    assert METRICS[name].about
