"""Application Insights' ingestion on loopback: takes what is posted, and answers as it does."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "00000000-0000-4000-8000-000000000001"


class Ingestion:
    def __init__(self) -> None:
        self.envelopes: list[dict[str, Any]] = []
        self.status = 200
        self.port = 0

    @property
    def connection_string(self) -> str:
        return f"InstrumentationKey={KEY};IngestionEndpoint=http://127.0.0.1:{self.port}/"

    def metrics(self) -> dict[tuple[str, str], float]:
        """(name, dimensions as sorted text) -> value, of everything posted."""
        found = {}
        for envelope in self.envelopes:
            data = envelope["data"]["baseData"]
            for metric in data.get("metrics", []):
                of = " ".join(f"{name}={value}" for name, value in sorted((data.get("properties") or {}).items()))
                found[metric["name"], of] = metric["value"]
        return found


@contextmanager
def ingestion() -> Iterator[Ingestion]:
    taken = Ingestion()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            text = body.decode()
            posted = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
            taken.envelopes += posted
            answer = json.dumps({"itemsReceived": len(posted), "itemsAccepted": len(posted), "errors": []}).encode()
            self.send_response(taken.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
