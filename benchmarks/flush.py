"""What one durable write costs on this disk, now: the floor under every commit."""

import os
import statistics
import time
from pathlib import Path
from typing import Final

_TIMES: Final = 40
_PAGE: Final = b"\0" * 4096


def flush_ms(folder: Path, *, times: int = _TIMES) -> float:
    """The median of a 4 KiB write with fdatasync, in milliseconds, in a file of its own in `folder`."""
    path = folder / "flush"
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    took_s = []
    try:
        for number in range(times):
            began_s = time.perf_counter()
            os.pwrite(file, _PAGE, number * len(_PAGE))
            os.fdatasync(file)
            took_s.append(time.perf_counter() - began_s)
    finally:
        os.close(file)
        path.unlink()
    return 1000 * statistics.median(took_s)
