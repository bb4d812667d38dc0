"""`make bench-import`: importing function_app against importing azure.functions + pydantic alone, in one run."""

import statistics
import subprocess
import sys
import time

ROUNDS = 9
# A cold start pays this before its first sale; half as much again as the libraries alone is the limit.
RATIO_MAX = 1.5
FLOOR = "import azure.functions, pydantic"
OURS = "import function_app"


def main() -> int:
    """Prints both and their ratio; exits 1 above RATIO_MAX."""
    floor, ours = measured(ROUNDS)
    ratio = ours / floor
    print(f"floor  {floor * 1000:6.0f} ms   ({FLOOR})")
    print(f"ours   {ours * 1000:6.0f} ms   ({OURS})")
    print(f"ratio  {ratio:6.2f}      (limit {RATIO_MAX}; medians of {ROUNDS} interleaved rounds)")
    return 0 if ratio <= RATIO_MAX else 1


def measured(rounds: int) -> tuple[float, float]:
    """Interleaved fresh interpreters: the medians of the floor's and of our wall time, in seconds."""
    floor_s, ours_s = [], []
    for code in (FLOOR, OURS):
        _seconds(code)
    for _ in range(rounds):
        floor_s.append(_seconds(FLOOR))
        ours_s.append(_seconds(OURS))
    return statistics.median(floor_s), statistics.median(ours_s)


def _seconds(code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
