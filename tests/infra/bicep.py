"""What a Bicep file declares, read from its syntax tree: parameters, outputs, modules and resources."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

INFRA = Path(__file__).parents[2] / "infra"
FILES = sorted(INFRA.rglob("*.bicep"))
MAIN = INFRA / "main.bicep"

_PARSER = Parser(Language(tree_sitter_bicep.language()))


@dataclass(frozen=True)
class Param:
    """`required` is what has no default."""

    name: str
    type: str
    required: bool
    secure: bool
    allowed: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """A resource (`what` is its type@version) or a module (`what` is its path, from the file that declares it)."""

    symbol: str
    what: str
    existing: bool
    body: Node

    def text(self, *path: str) -> str:
        """The source of the value at `path` of its body. Raises KeyError where there is none."""
        return text(at(self.body, *path))


@dataclass(frozen=True)
class BicepFile:
    path: Path
    root: Node
    params: Mapping[str, Param]
    outputs: Mapping[str, Node]
    variables: Mapping[str, Node]
    resources: Mapping[str, Block]
    modules: Mapping[str, Block]

    @property
    def name(self) -> str:
        return self.path.relative_to(INFRA).as_posix()

    def names_used(self) -> set[str]:
        """Every plain name that some expression reads."""
        return {text(node) for node in walk(self.root) if node.type == "identifier" and not _declares(node)}


def text(node: Node) -> str:
    assert node.text is not None
    return node.text.decode()


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def properties(node: Node) -> dict[str, Node]:
    """The properties of an object, by name."""
    assert node.type == "object", text(node)
    pairs = [child.named_children for child in node.named_children if child.type == "object_property"]
    return {text(key).strip("'"): rest[-1] for key, *rest in pairs}


def at(node: Node, *path: str) -> Node:
    for name in path:
        node = properties(node)[name]
    return node


def strings(node: Node) -> list[str]:
    """Every string literal below `node`, without its quotes."""
    return [text(found)[1:-1] for found in walk(node) if found.type == "string"]


@cache
def read(path: Path) -> BicepFile:
    root = _PARSER.parse(path.read_bytes()).root_node
    params: dict[str, Param] = {}
    outputs: dict[str, Node] = {}
    variables: dict[str, Node] = {}
    resources: dict[str, Block] = {}
    modules: dict[str, Block] = {}
    decorators: list[Node] = []
    for node in root.named_children:
        children = node.named_children
        if node.type == "decorators":
            decorators = node.named_children
            continue
        if node.type == "parameter_declaration":
            params[text(children[0])] = _param(children, decorators)
        elif node.type == "output_declaration":
            outputs[text(children[0])] = children[-1]
        elif node.type == "variable_declaration":
            variables[text(children[0])] = children[-1]
        elif node.type in ("resource_declaration", "module_declaration"):
            block = _block(node)
            (resources if node.type == "resource_declaration" else modules)[block.symbol] = block
        decorators = []
    return BicepFile(path, root, params, outputs, variables, resources, modules)


def _param(children: list[Node], decorators: list[Node]) -> Param:
    allowed = [item for item in decorators if text(item).startswith("@allowed")]
    return Param(
        name=text(children[0]),
        type=text(children[1]),
        required=len(children) == 2,
        secure=any(text(item).startswith("@secure") for item in decorators),
        allowed=tuple(value for item in allowed for value in (strings(item) or text(item)[10:-2].split())),
    )


def _block(node: Node) -> Block:
    symbol, what = node.named_children[:2]
    head = text(node).split("{", 1)[0].splitlines()[0]
    body = next(found for found in walk(node) if found.type == "object" and _is_body(found))
    return Block(text(symbol), text(what).strip("'"), " existing " in head, body)


def _is_body(node: Node) -> bool:
    """The object of a declaration itself, behind a loop or a condition, and not one inside of those."""
    parent = node.parent
    assert parent is not None
    return parent.type in ("resource_declaration", "module_declaration", "for_statement", "if_statement")


def _declares(node: Node) -> bool:
    parent = node.parent
    if parent is None or parent.named_children[0] != node:
        return False
    return parent.type.endswith("_declaration") or parent.type == "object_property"
