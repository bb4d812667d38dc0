"""The fake service behind a real socket, and servers that are worse than none."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.ctp.fake_service import FakeService

PREFIX = "/api/v1"


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive, as the real one."""

    protocol_version = "HTTP/1.1"
    # One packet an answer: two small ones wait for an acknowledgement between them.
    wbufsize = 64 * 1024
    service: FakeService

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.service.handle(self.path.removeprefix(PREFIX), headers, body)
        told = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {**answer.headers, "content-length": str(len(told))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: object) -> None:
        """Not on the test's stderr."""


@contextmanager
def served(service: FakeService) -> Iterator[str]:
    """Yields the base URL."""
    handler = type("Handler", (_Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class BadServer:
    """
    Takes connections and answers nothing ("mute"), or a byte now and then for ever ("drip").

    A drip keeps every time-out between two bytes from firing: only a bound on the whole call ends it.
    """

    DRIP_S = 0.05

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._taken: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{PREFIX}"

    @property
    def connections(self) -> int:
        return len(self._taken)

    def __enter__(self) -> "BadServer":
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._taken:
            connection.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._taken.append(connection)
            if self._kind == "drip":
                self._start(self._drip, connection)

    def _drip(self, connection: socket.socket) -> None:
        try:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not self._stop.wait(self.DRIP_S):
                connection.sendall(b"z")
        except OSError:
            return

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]  # one of ours
        self._threads.append(thread)
        thread.start()
