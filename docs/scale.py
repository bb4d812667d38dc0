"""
The sums of docs/scale.md, done again by `make docs`: change a figure, and all that follows from it follows.

A table is known by its head. `| name | what | value | unit | from |` gives figures; those that a benchmark, a setting,
a parameter or the code knows are filled in (scale_figures.py). `| name | what | formula | in numbers | is | unit |` is
arithmetic over the names above it. `| name | what | formula | 10 | 100 | ... | unit |` is the same for each `rate` of
its head. In text, a number before a name in brackets, as in 42 (`name`), is that name's. What is shown is what is
reckoned on with, so a reader who does a sum again finds what the page says.
"""

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any, Final

from docs import scale_figures

Names = dict[str, Decimal]
_OPERATORS: Final[Mapping[type, Callable[[Decimal, Decimal], Decimal]]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
}
_FUNCTIONS: Final[Mapping[str, Callable[..., Decimal]]] = {
    "ceil": lambda value: value.to_integral_value(ROUND_CEILING),
    "min": min,
    "max": max,
}
_IN_TEXT: Final = re.compile(r"-?\d[\d,.]*(?= \(`(\w+)`\))")
_FIGURES: Final = ["name", "what", "value", "unit", "from"]
_SUMS: Final = ["name", "what", "formula", "in numbers", "is", "unit"]
_RATES: Final = ["name", "what", "formula"]


def filled(page: str, results: Mapping[str, Any] | None = None) -> str:
    """
    The page with its values anew. `results` as in scale_figures; by default those of the last whole benchmark.

    Raises ValueError for a formula that is none, or that names what stands nowhere above it.
    """
    results = scale_figures.results() if results is None else results
    known: Names = {}
    of_rate: dict[str, Names] = {}
    head: list[str] = []
    lines = []
    for line in page.splitlines():
        cells = _cells(line)
        if not cells:
            head = []
        elif not head:
            head = cells
        elif not set("".join(cells)) <= set("-: "):
            lines.append(_row(_anew(head, cells, known, of_rate, results)))
            continue
        lines.append(line)
    return "\n".join(line if line.startswith("|") else _told(line, known) for line in lines) + "\n"


def value_of(formula: str, known: Mapping[str, Decimal]) -> Decimal:
    """`formula` over `known`: + - * /, ceil, min, max. Raises ValueError."""
    return _value(ast.parse(formula, mode="eval").body, known)


def shown(value: Decimal, unit: str) -> str:
    """Money in cents; else three digits at least, and none behind the point from 100 on."""
    if unit.startswith("$"):
        places = 2
    else:
        places = 0 if abs(value) >= 100 or value == value.to_integral_value() else max(0, 2 - value.adjusted())
    text = f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,}"
    return text if "." not in text or unit.startswith("$") else text.rstrip("0").rstrip(".")


def _anew(
    head: Sequence[str], cells: list[str], known: Names, of_rate: dict[str, Names], results: Mapping[str, Any] | None
) -> list[str]:
    """A table's row with what is reckoned; what it names is added to what is known. Other tables stay as they are."""
    name, formula = cells[0].strip("`"), cells[2].strip("`") if len(cells) > 2 else ""
    if head == _FIGURES:
        found = scale_figures.looked_up(cells[4], results)
        cells[2] = cells[2] if found is None else _text(found)
        known[name] = _number(cells[2])
    elif head == _SUMS:
        cells[3] = f"`{_in_numbers(formula, known)}`"
        cells[4] = shown(value_of(formula, known), cells[5])
        known[name] = _number(cells[4])
    elif head[:3] == _RATES:
        for at, rate in enumerate(head[3:-1], start=3):
            names = of_rate.setdefault(rate, {"rate": _number(rate)})
            cells[at] = shown(value_of(formula, known | names), cells[-1])
            names[name] = _number(cells[at])
    return cells


def _value(node: ast.AST, known: Mapping[str, Decimal]) -> Decimal:
    match node:
        case ast.Constant(value=int() | float() as number):
            return Decimal(str(number))
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return _OPERATORS[type(operator)](_value(left, known), _value(right, known))
        case ast.Call(func=ast.Name(id=function), args=arguments) if function in _FUNCTIONS:
            return _FUNCTIONS[function](*(_value(argument, known) for argument in arguments))
    raise ValueError(f"no figure, sum or known name: {ast.unparse(node)}")


def _in_numbers(formula: str, known: Mapping[str, Decimal]) -> str:
    return re.sub(r"[a-z_]\w*", lambda word: f"{known[word[0]]:f}" if word[0] in known else word[0], formula)


def _told(line: str, known: Mapping[str, Decimal]) -> str:
    """A line of text with its numbers anew. Raises KeyError for a name that no table has."""
    return _IN_TEXT.sub(lambda found: _text(known[found[1]]), line)


def _text(found: object) -> str:
    number = Decimal(str(found))
    return f"{int(number):,}" if number == number.to_integral_value() else f"{number:,f}"


def _number(cell: str) -> Decimal:
    return Decimal(cell.replace(",", ""))


def _cells(line: str) -> list[str]:
    """Of a table's line; none of another."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
