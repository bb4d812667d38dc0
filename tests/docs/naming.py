"""Tests that pages name: `path::name`, `path::Class::name`."""

import ast
import re
from functools import cache
from pathlib import Path

from tests.house import ROOT

TEST = re.compile(r"`(tests/[\w/]+\.py::[\w:]+)`")


def missing(text: str) -> list[str]:
    """The tests that `text` names and that do not exist."""
    return [named for named in TEST.findall(text) if not _exists(named)]


def _exists(named: str) -> bool:
    path, _, name = named.partition("::")
    return (ROOT / path).exists() and name in _defined(ROOT / path)


@cache
def _defined(path: Path) -> frozenset[str]:
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = (each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}::{each.name}" for each in inner}
    return frozenset(found)
