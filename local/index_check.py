"""`make index-check`: every installed Python that we support indexes the same functions."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

SUPPORTED: Final = ("3.11", "3.12", "3.13")
ROOT: Final = Path(__file__).parents[1]

# Runs in the interpreter under test, which has only requirements.txt: what the platform would index there.
_INDEX: Final = """
import importlib.metadata, json, function_app
functions = []
for function in function_app.app.get_functions():
    bindings = [json.dumps(binding.get_dict_repr(), sort_keys=True, default=str) for binding in function.get_bindings()]
    functions.append([function.get_function_name(), sorted(bindings)])
print(json.dumps({"library": importlib.metadata.version("azure-functions"), "functions": sorted(functions)}))
"""


def main() -> int:
    """Exits 1 if two lists differ; with one interpreter alone it says that there is nothing to compare."""
    found = {version: path for version in SUPPORTED if (path := _interpreter(version))}
    lists = {}
    for version, interpreter in found.items():
        indexed = _indexed(version, interpreter)
        lists[version] = indexed["functions"]
        names = ", ".join(name for name, _ in indexed["functions"])
        print(f"Python {version}, azure-functions {indexed['library']}: {names}")
    for version in SUPPORTED:
        if version not in found:
            print(f"Python {version}: not installed here, not checked")
    if len(lists) < 2:
        print("nothing to compare: install a second Python of those")
    same = len({json.dumps(listed) for listed in lists.values()}) == 1
    print("all index the same functions" if same else "the lists DIFFER")
    return 0 if same else 1


def _interpreter(version: str) -> str | None:
    """On the PATH, or among those of pyenv; one that starts."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"{version}.*/bin/python{version}")))]
    return next((path for path in candidates if path and _starts(path)), None)


def _starts(interpreter: str) -> bool:
    return subprocess.run([interpreter, "--version"], check=False, capture_output=True).returncode == 0


def _indexed(version: str, interpreter: str) -> dict[str, list[list[str]]]:
    home = ROOT / ".venv" / "index-check" / version
    python = str(home / "bin" / "python")
    if not home.exists():
        print(f"installing requirements.txt for Python {version} ...", file=sys.stderr)
        subprocess.run([interpreter, "-m", "venv", str(home)], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"]
    subprocess.run(install, check=True, cwd=ROOT)
    shown = subprocess.run([python, "-c", _INDEX], check=True, cwd=ROOT, capture_output=True, text=True)
    indexed: dict[str, list[list[str]]] = json.loads(shown.stdout)
    return indexed


if __name__ == "__main__":
    sys.exit(main())
