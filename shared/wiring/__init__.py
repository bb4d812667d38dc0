"""
Joins the rooms: each part is built once, from settings.

Indexing a function app must not need a secret, a network or half a second, so nothing is imported or built before the
first call that needs it.
"""

import logging
import os

from shared.wiring.memory import keep_what_stays
from shared.wiring.services import Services

__all__ = ["Services", "services", "use"]

_services: Services | None = None


def services() -> Services:
    """The parts of this process, built at the first call. Raises SettingsError where the environment is unusable."""
    global _services
    if _services is None:
        from shared.settings import Settings, SettingsError
        from shared.wiring.build import build

        try:
            _services = build(Settings.from_environment(os.environ))
        except SettingsError as error:
            # Its text names settings and never their values.
            logging.getLogger("payments").error("settings refused: %s", error)
            raise
        keep_what_stays()
    return _services


def use(built: Services | None) -> None:
    """Serve with these parts from now on: the local host and tests build their own."""
    global _services
    _services = built
