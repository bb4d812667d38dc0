"""A CTP as a process of its own, which a test kills: `python -m tests.ctp.mortal_ctp BASE_URL FOLDER BILLS SEED`."""

import random
import sqlite3
import sys
from pathlib import Path

from ctp import (
    Attempt,
    BearerAuth,
    ExistingAnswer,
    PaymentService,
    Policy,
    RequestsTransport,
    RolloutClient,
    SqliteAttempts,
    Within,
)
from local.demo_rollout.lossy import LossyTransport
from tests.ctp.faults import Sales
from tests.ctp.town import a_bill


class ExistingInAFile:
    """Books that survive this process, idempotent by key."""

    def __init__(self, file: Path) -> None:
        self._books = sqlite3.connect(file, isolation_level=None)
        self._books.execute("CREATE TABLE IF NOT EXISTS charges (key TEXT PRIMARY KEY, reference TEXT, calls INTEGER)")

    def charge(self, *, key: str, attempt: Attempt) -> ExistingAnswer:
        self._books.execute(
            "INSERT INTO charges VALUES (?, ?, 1) ON CONFLICT (key) DO UPDATE SET calls = calls + 1",
            (key, attempt.bill.reference),
        )
        return ExistingAnswer("approved", "00", key)


def main(base_url: str, folder: Path, bills: int, seed: int) -> None:
    lossy = LossyTransport(RequestsTransport(), random.Random(seed), 0.2)
    client = RolloutClient(
        SqliteAttempts(folder / "attempts.sqlite3"),
        PaymentService(lossy, base_url, BearerAuth(lambda: "a-token"), Within(sell_s=5)),
        ExistingInAFile(folder / "existing.sqlite3"),
        Sales(),
        policy=Policy(waits_s=(0.01,)),
    )
    client.resume()
    for number in range(bills):
        client.collect(a_bill(number), patience_s=0.05)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
    while client.resume() or client.send_reports():
        pass
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
