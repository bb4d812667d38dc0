"""Defaults for a laptop: enough for settings.py, and overruled by what is set."""

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from local.environment import data_dir, local_environment, port
from local.keys import local_keys
from shared.settings import Settings, SettingsError

CHASE = ("http://127.0.0.1:7073/api/v2", "http://127.0.0.1:7073/token")


def test_a_laptop_needs_no_setting_of_its_own(tmp_path: Path) -> None:
    keys = local_keys(tmp_path)

    settings = Settings.from_environment(local_environment(tmp_path, keys, *CHASE, {}))

    assert settings.app_environment == "local"
    assert settings.sqlite_path == tmp_path / "payments.sqlite3"
    assert (settings.chase_base_url, settings.chase_token_url) == CHASE
    assert set(settings.merchants) == {"city-water", "county-tax"}
    assert Path(url2pathname(urlsplit(settings.jwt_jwks_url).path)) == keys.jwks_path
    assert settings.hmac_callers["ctp"].keys == {"ctp-local": keys.hmac_key}
    assert settings.audit_keys == {"local": keys.audit_key}
    assert settings.audit_anchor_directory == tmp_path / "audit-anchors"
    assert settings.auth_mode == "enforce"


def test_what_is_set_goes_before_and_what_is_empty_does_not(tmp_path: Path) -> None:
    environ = {"LOCAL_TIME_SCALE": "0.01", "JWT_AUDIENCE": "api://mine", "JWT_ISSUER": ""}

    settings = Settings.from_environment(local_environment(tmp_path, local_keys(tmp_path), *CHASE, environ))

    assert settings.local_time_scale == 0.01
    assert settings.jwt_audience == "api://mine"
    assert settings.jwt_issuer != ""


def test_anchors_that_go_elsewhere_go_to_no_directory(tmp_path: Path) -> None:
    environ = {"AUDIT_ANCHOR_CONTAINER_URL": "http://127.0.0.1:10000/devstoreaccount1/anchors"}

    settings = Settings.from_environment(local_environment(tmp_path, local_keys(tmp_path), *CHASE, environ))

    assert settings.audit_anchor_directory is None


def test_data_lie_in_a_folder_that_may_be_chosen() -> None:
    assert data_dir({}) == Path(".local")
    assert data_dir({"LOCAL_DATA_DIR": "/somewhere"}) == Path("/somewhere")


def test_a_port_has_a_default() -> None:
    assert port({}, "PORT", 7071) == 7071
    assert port({"PORT": "0"}, "PORT", 7071) == 0


@pytest.mark.parametrize("text", ["-1", "http", "70000", "65535", "7071.0", "٧"])
def test_what_is_no_port_number_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingsError, match="CHASE_SIMULATOR_PORT: must be a port number"):
        port({"CHASE_SIMULATOR_PORT": text}, "CHASE_SIMULATOR_PORT", 7072)
