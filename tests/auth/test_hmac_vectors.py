"""The published vectors and the examples in the docs: callers build on both, so both are run."""

import base64
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shared.auth.canonical_url import path_and_query
from shared.auth.hmac_signature import HmacKey, HmacVerifier, canonical_path, canonical_query, sign, string_to_sign
from shared.payments.errors import Unauthenticated
from shared.payments.secret import Secret

DOCS = Path(__file__).parents[2] / "docs"
VECTORS_FILE = DOCS / "hmac-test-vectors.json"
PUBLISHED = json.loads(VECTORS_FILE.read_text(encoding="utf-8"))
VECTORS = PUBLISHED["vectors"]
REFUSED = PUBLISHED["refused"]
KEY = Secret(PUBLISHED["key"])
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed: the vectors are checked in Python only")


def verify(header: str, *, method: str, url: str, body_base64: str, now_s: float):
    entry = HmacKey(KEY, "ctp", frozenset(), None)
    body = base64.b64decode(body_base64)
    return HmacVerifier({PUBLISHED["keyId"]: entry}, lambda: now_s).verify(header, method, url, body)


def verify_for_refused_list(header: str):
    request = REFUSED["request"]
    where = {"method": request["method"], "url": request["url"], "body_base64": request["bodyBase64"]}
    return verify(header, now_s=REFUSED["now"], **where)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_each_vector_is_what_we_compute(vector):
    path, query = path_and_query(vector["url"])
    body = base64.b64decode(vector["bodyBase64"])

    text = string_to_sign(vector["method"], path, query, vector["timestamp"], vector["nonce"], body)

    assert canonical_path(path) == vector["canonicalPath"]
    assert canonical_query(query) == vector["canonicalQuery"]
    assert text.decode() == vector["stringToSign"]
    assert sign(KEY, text) == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_each_vector_gets_in(vector):
    parts = {"keyId": PUBLISHED["keyId"], **{name: vector[name] for name in ("timestamp", "nonce", "signature")}}
    header = "IC-HMAC-SHA256 " + ",".join(f"{name}={value}" for name, value in parts.items())
    where = {"method": vector["method"], "url": vector["url"], "body_base64": vector["bodyBase64"]}

    caller = verify(header, now_s=vector["timestamp"], **where)

    assert caller.nonce == vector["nonce"]


@pytest.mark.parametrize("header", REFUSED["accepted"])
def test_the_request_of_the_refused_list_gets_in_when_signed_well(header):
    assert verify_for_refused_list(header).name == "ctp"


@pytest.mark.parametrize("refused", REFUSED["headers"], ids=lambda refused: refused["why"])
def test_each_header_of_the_refused_list_is_refused(refused):
    with pytest.raises(Unauthenticated):
        verify_for_refused_list(refused["authorization"])


def test_no_name_and_no_nonce_of_a_vector_is_used_twice():
    assert len({vector["name"] for vector in VECTORS}) == len(VECTORS)
    assert len({vector["nonce"] for vector in VECTORS}) == len(VECTORS)


def test_the_published_key_says_that_it_is_no_secret():
    assert base64.b64decode(KEY.reveal()) == b"published test key: never use it"


@needs_node
def test_node_computes_the_same_vectors_with_a_canonicaliser_of_its_own():
    checker = Path(__file__).with_name("verify_vectors.mjs")

    done = run([NODE, str(checker), str(VECTORS_FILE)])

    assert done == f"{len(VECTORS)} vectors agree"


PYTHON_CALL = "import json, sys\nprint(json.dumps(signed(*json.loads(sys.argv[1])[:5], sys.argv[2].encode())))"
NODE_CALL = "console.log(JSON.stringify(signed(...JSON.parse(process.argv[1]), process.argv[2])));"
REQUESTS = {
    "a plain GET": ("GET", ["api", "v1", "payments", "pay_1"], [], ""),
    "a POST": ("POST", ["api", "v1", "payments"], [], '{"lastName":"Groß"}'),
    "awkward names and values": (
        "GET",
        ["api", "v1", "a/b c", "Straße!*'()"],
        [["tag", "b"], ["tag", "a"], ["a!", "1"], ["a", "+ &=%?#/"], ["tag", ""], ["zoë", "😀"]],
        "",
    ),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize("language", ["python", pytest.param("javascript", marks=needs_node)])
def test_what_the_example_in_the_docs_signs_gets_in(language, request_):
    method, segments, pairs, body = request_
    arguments = json.dumps([PUBLISHED["keyId"], KEY.reveal(), method, segments, pairs])
    commands = {
        "python": [sys.executable, "-c", f"{example('python')}\n{PYTHON_CALL}", arguments, body],
        "javascript": [NODE, "--input-type=module", "-e", f"{example('javascript')}\n{NODE_CALL}", arguments, body],
    }

    target, header = json.loads(run(commands[language]))

    body_base64 = base64.b64encode(body.encode()).decode()
    now_s = int(re.search(r"timestamp=(\d+)", header)[1])
    assert verify(header, method=method, url=target, body_base64=body_base64, now_s=now_s).name == "ctp"


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_the_examples_stay_short_enough_to_be_read(language):
    assert len([line for line in example(language).splitlines() if line.strip()]) <= 18


def example(language: str) -> str:
    document = (DOCS / "hmac-signature.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"```{language}\n(.*?)```", document, re.DOTALL)
    return block


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
