"""Loopback ports: taken before anything else starts, and named with their setting where they cannot be had."""

import errno
import os
import socket
from typing import Final

from local.refusal import CannotStart

LOOPBACK: Final = "127.0.0.1"
# A burst of a load test waits here, not in refused connections.
_BACKLOG: Final = 2048


class PortNotFree(CannotStart):
    """The text names the port, the setting that chose it, and what to do."""


def listening(port: int, setting: str) -> socket.socket:
    """A socket that listens on `port` of this machine only; 0 takes any. Raises PortNotFree."""
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            # Elsewhere this option lets two processes share a port.
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((LOOPBACK, port))
        taken.listen(_BACKLOG)
    except OSError as error:
        taken.close()
        why = "is already in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise PortNotFree(f"Port {port} {why}. Stop what uses it, or set {setting} to another port.") from None
    taken.setblocking(False)
    return taken


def require_free(port: int, setting: str) -> None:
    """Raises PortNotFree if nobody could listen on `port` now."""
    listening(port, setting).close()
