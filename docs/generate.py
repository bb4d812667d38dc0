"""
`python -m docs.generate`: writes into the pages here what the code already knows.

With `--check` nothing is written: it exits 1 and names each page that is stale. A test runs that, so a page cannot lie.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from docs import openapi_schemas, payment_states, runbook_heads, scale

DOCS: Final = Path(__file__).parent
# Page -> the page anew, from its present text.
PAGES: Final[Mapping[Path, Callable[[str], str]]] = {
    DOCS / "payment-states.md": lambda _present: payment_states.page(),
    DOCS / "openapi.yaml": openapi_schemas.filled,
    DOCS / "scale.md": scale.filled,
    **runbook_heads.pages(),
}


def main(arguments: Sequence[str]) -> int:
    """`arguments` as on the command line; the exit code."""
    check = "--check" in arguments
    for page, text in stale():
        if check:
            print(f"docs/{page.relative_to(DOCS)} is stale: run `make docs`", file=sys.stderr)
        else:
            page.write_text(text, "utf-8")
            print(f"wrote docs/{page.relative_to(DOCS)}")
    return int(check and any(stale()))


def stale() -> Iterator[tuple[Path, str]]:
    """Each page that differs from what the code says, with the text that it should have."""
    for page, anew in PAGES.items():
        present = page.read_text("utf-8") if page.exists() else ""
        text = anew(present)
        if text != present:
            yield page, text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
