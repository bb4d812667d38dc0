"""A thread that tells the service of shadow sales, so that no caller waits for it."""

import logging
import threading
from types import TracebackType

from ctp.client import RolloutClient

_LOG = logging.getLogger("ctp")


class ReportingThread:
    """
    Sends reports beside the callers: `with ReportingThread(client): ...`. Use it where nothing calls `tick`.

    What it has not sent when it ends stays due in the store.
    """

    def __init__(self, client: RolloutClient, *, every_s: float = 1.0) -> None:
        self._client, self._every_s = client, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="ctp-reports")

    def __enter__(self) -> "ReportingThread":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self._sent():
                self._stop.wait(self._every_s)

    def _sent(self) -> bool:
        try:
            return self._client.send_reports(limit=20) > 0
        except Exception:
            # The store may be busy or gone for a moment; reports must outlive that.
            _LOG.exception("reports were not sent")
            return False
