"""What one payment leaves behind: counts that docs/scale.md rests on, and that hold on any machine."""

from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.footprint import measured
from benchmarks.sizes import TINY


async def test_a_payment_is_seven_round_trips_one_message_and_two_events(tmp_path: Path) -> None:
    found = await measured(tmp_path, Bench(TINY, None, tmp_path), payments=20)

    assert (found.round_trips, found.commits, found.messages, found.events) == (7, 6, 1, 2)
    assert 300 < found.event_bytes < 700
    assert found.database_bytes > 0
