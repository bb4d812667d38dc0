"""Where the local host refuses to run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.refusal import reason_to_refuse


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"APP_ENVIRONMENT": "local"},
        {"APP_ENVIRONMENT": ""},
        {"AZURE_FUNCTIONS_ENVIRONMENT": "Development"},
        {"CONTAINER_NAME": "dev", "WEBSITE_INSTANCE_ID": "dev"},
    ],
)
def test_a_developers_machine_is_taken_for_one(environ: dict[str, str]) -> None:
    assert reason_to_refuse(environ) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_ENVIRONMENT", "prod"),
        ("APP_ENVIRONMENT", "dev"),
        ("AZURE_FUNCTIONS_ENVIRONMENT", "Production"),
        ("WEBSITE_SITE_NAME", "ic-chase"),
    ],
)
def test_any_other_place_is_refused_with_the_setting_that_says_so(name: str, value: str, tmp_path: Path) -> None:
    environ = os.environ | {"LOCAL_DATA_DIR": str(tmp_path / "data"), name: value}

    ended = subprocess.run(
        [sys.executable, "-m", "local"], env=environ, capture_output=True, text=True, check=False, timeout=30
    )

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"{name} is ")
    assert len(ended.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()
