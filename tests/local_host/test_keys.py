"""Key material of one machine: made once, for nobody else to read."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.keys import local_keys


def test_keys_are_made_on_first_use_and_kept(tmp_path: Path) -> None:
    first = local_keys(tmp_path / "data")

    assert local_keys(tmp_path / "data") == first


def test_every_machine_has_keys_of_its_own(tmp_path: Path) -> None:
    mine, yours = local_keys(tmp_path / "mine"), local_keys(tmp_path / "yours")

    assert mine.key_id != yours.key_id
    assert mine.fingerprint_key != yours.fingerprint_key
    assert len({mine.fingerprint_key, mine.audit_key, mine.hmac_key, mine.chase_client_secret}) == 4


def test_only_their_owner_may_read_them(tmp_path: Path) -> None:
    local_keys(tmp_path)

    directory = tmp_path / "keys"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()} == {0o600}


def test_processes_that_ask_at_once_get_the_same_keys_and_leave_no_drafts(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        everybodys = list(pool.map(local_keys, [tmp_path] * 8))

    assert all(keys == everybodys[0] for keys in everybodys)
    assert not [file.name for file in (tmp_path / "keys").iterdir() if file.name.startswith(".")]


def test_the_shared_keys_are_base64_of_32_bytes(tmp_path: Path) -> None:
    keys = local_keys(tmp_path)

    for key in (keys.fingerprint_key, keys.audit_key, keys.hmac_key):
        assert len(base64.b64decode(key.reveal(), validate=True)) == 32


def test_what_is_published_is_the_public_half_alone(tmp_path: Path) -> None:
    published = local_keys(tmp_path).jwks_path.read_text()

    assert '"kty": "RSA"' in published
    assert '"d"' not in published


def test_a_directory_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(OSError, match="file"):
        local_keys(tmp_path / "file")
