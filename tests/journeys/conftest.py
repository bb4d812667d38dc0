"""Houses whose sinks are watched."""

from functools import partial

import pytest

from tests.conftest import OpenHouse
from tests.journeys.watch import Watching, watched


@pytest.fixture
def watching(opened: OpenHouse, capfd: pytest.CaptureFixture[str]) -> Watching:
    """Opens a house on this test's own files, with settings of one's own, and watches what it says and keeps."""
    return partial(watched, opened, capfd)
