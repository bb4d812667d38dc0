"""The audit never praises what it could not look up, and fails for a known advisory alone."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from local.dependency_audit import main, read, told

INSTALLED = ["PyJWT", "aiohttp", "typing_extensions"]
SKIPPED = {"name": "aiohttp", "skip_reason": "Dependency not found on PyPI and could not be audited"}
GOOD = {"name": "pyjwt", "version": "2.15.1", "vulns": []}
BAD = {"name": "PyJWT", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.0"], "description": "x"}]}


def answer(*dependencies: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(dependencies), "fixes": []})


class TestWhatIsTold:
    @pytest.mark.parametrize("said", ["", "nonsense", "[]", "{}", "null"])
    def test_without_an_answer_nothing_was_audited_and_the_reason_is_told(self, said: str) -> None:
        audit = read(said, "trace\nno such host\n", INSTALLED)

        assert told(audit) == "dependency audit: not run (no such host); 3 packages were not audited\n"

    def test_of_a_service_that_knows_no_package_is_that_it_was_not_run(self) -> None:
        # pip-audit itself calls this "no known vulnerabilities found".
        audit = read(answer(SKIPPED), "No known vulnerabilities found", INSTALLED)

        assert "not run" in told(audit)
        assert "3 packages were not audited" in told(audit)

    def test_names_each_package_that_was_skipped_or_left_out(self) -> None:
        audit = read(answer(GOOD, SKIPPED), "", INSTALLED)

        assert told(audit).splitlines() == [
            "dependency audit: 1 of 1 audited packages have no known advisory",
            "2 packages were not audited: aiohttp, typing_extensions",
        ]

    def test_names_each_advisory_and_where_it_is_mended(self) -> None:
        audit = read(answer(BAD), "", ["PyJWT"])

        assert told(audit).splitlines() == [
            "PyJWT 1.0: PYSEC-1 (fixed in 2.0)",
            "dependency audit: 0 of 1 audited packages have no known advisory",
        ]

    @pytest.mark.parametrize("found", ["", answer(SKIPPED), answer(GOOD), answer(BAD)])
    def test_is_never_that_all_is_clean(self, found: str) -> None:
        assert "clean" not in told(read(found, "", INSTALLED)).lower()


class Advisories(ThreadingHTTPServer):
    """An OSV service of our own: one advisory for one package, none for others."""

    affected = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Osv)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1/query"


class _Osv(BaseHTTPRequestHandler):
    server: Advisories

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"]
        advisory = {"id": "OSV-1", "summary": "s", "details": "d", "affected": []}
        body = json.dumps({"vulns": [advisory] if asked == self.server.affected else []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def advisories() -> Iterator[Advisories]:
    with Advisories() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_known_advisory_fails_by_the_tools_own_way_of_asking(advisories: Advisories) -> None:
    advisories.affected = "tenacity"
    written: list[str] = []

    code = main({"OSV_URL": advisories.url}, written.append)

    assert code == 1
    assert written[0].startswith("tenacity ")
    assert "OSV-1" in written[0]


def test_a_service_that_is_away_fails_nothing(advisories: Advisories) -> None:
    url = advisories.url.replace("/v1/query", "")
    advisories.server_close()
    written: list[str] = []

    code = main({"OSV_URL": url}, written.append)

    assert code == 0
    assert written[0].startswith("dependency audit: not run (")
