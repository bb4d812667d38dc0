"""What host.json says and the local host heeds; the rest of that file is for the platform."""

import json
from pathlib import Path
from typing import NamedTuple


class HostSettings(NamedTuple):
    """Defaults are the platform's."""

    route_prefix: str = "api"
    max_concurrent_calls: int = 16

    @classmethod
    def read(cls, path: Path) -> "HostSettings":
        """Raises OSError or ValueError if the file cannot be read."""
        extensions = json.loads(path.read_text("utf-8")).get("extensions", {})
        return cls(
            route_prefix=extensions.get("http", {}).get("routePrefix", "api"),
            max_concurrent_calls=extensions.get("serviceBus", {}).get("maxConcurrentCalls", 16),
        )
