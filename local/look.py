"""
`python -m local.look "SELECT ..."`: one question to this machine's database, opened read-only, a row a line.

For runbooks: what it is asked can change nothing, whatever it says. Exit 2 where it cannot be asked.
"""

import os
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

# local/environment.py says the same, and costs a second to import: a look is asked for ten times in a row.
DATA_DIR: Final = ".local"


def main(arguments: Sequence[str], environ: Mapping[str, str], write: Callable[[str], object]) -> int:
    """Print the names of the columns, then the rows, tabs between values; `(no rows)` where there are none."""
    if len(arguments) != 1:
        write('write one question: python -m local.look "SELECT id, state FROM payments"\n')
        return 2
    path = Path(environ.get("SQLITE_PATH") or Path(environ.get("LOCAL_DATA_DIR") or DATA_DIR) / "payments.sqlite3")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            found = database.execute(arguments[0])
            names, rows = [each[0] for each in found.description or ()], found.fetchall()
    except sqlite3.Error as error:
        write(f"{path} cannot be asked: {error}\n")
        return 2
    lines = [names, *rows] if rows else [["(no rows)"]]
    write("".join("\t".join(str(value) for value in line) + "\n" for line in lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, sys.stdout.write))
