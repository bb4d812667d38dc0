import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared.auth.key_document import DOCUMENT_BYTES_MAX, fetch


class Answers(BaseHTTPRequestHandler):
    """One answer per path."""

    def do_GET(self) -> None:
        if self.path == "/nonsense":
            self.wfile.write(b"no status line\r\n")
            return
        status, body = {
            "/keys?v=2": (200, b'{"keys":[]}'),
            "/": (200, b"root"),
            "/moved": (302, b""),
            "/huge": (200, b"x" * (DOCUMENT_BYTES_MAX + 1)),
        }.get(self.path, (404, b""))
        self.send_response(status)
        self.send_header("Location", "/keys?v=2")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.005})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


async def test_reads_a_file_whose_name_needs_encoding(tmp_path):
    file = tmp_path / "the keys é.json"
    file.write_bytes(b"{}")

    assert await fetch(file.as_uri()) == b"{}"


async def test_reads_over_http_from_this_machine(server):
    assert await fetch(f"{server}/keys?v=2#top") == b'{"keys":[]}'
    assert await fetch(server) == b"root"


async def test_follows_no_redirect(server):
    with pytest.raises(OSError, match="302"):
        await fetch(f"{server}/moved")


async def test_an_answer_that_is_not_http_is_an_os_error(server):
    with pytest.raises(OSError, match="not HTTP"):
        await fetch(f"{server}/nonsense")


async def test_uses_no_proxy_from_the_environment(server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert await fetch(server) == b"root"


async def test_refuses_what_is_larger_than_256_kib(server, tmp_path):
    file = tmp_path / "keys.json"
    file.write_bytes(b"x" * (DOCUMENT_BYTES_MAX + 1))

    for url in (f"{server}/huge", file.as_uri()):
        with pytest.raises(ValueError, match="larger than 262144 bytes"):
            await fetch(url)


async def test_a_missing_file_and_a_closed_port_are_os_errors(tmp_path):
    for url in ((tmp_path / "none.json").as_uri(), "http://127.0.0.1:1/keys", "https://127.0.0.1:1/keys"):
        with pytest.raises(OSError, match=r"No such file|refused"):
            await fetch(url)


@pytest.mark.parametrize(
    "url", ["http://login.example.com/keys", "ftp://127.0.0.1/keys", "https:///keys", "data:,{}", "keys.json", ""]
)
async def test_reads_from_nowhere_else(url):
    with pytest.raises(ValueError, match="from a file or over https"):
        await fetch(url)
