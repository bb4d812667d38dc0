"""README's commands, pasted as they stand, against a process that `make run` would start."""

import asyncio
import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.house import ROOT
from tests.journeys.process import Process, a_process

BLOCKS = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
# These start the service and the tests themselves.
NOT_PASTED = {"make run\n", "make test\n"}
NEEDED = ("bash", "curl", "make")


@pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason=f"not all of {', '.join(NEEDED)} are on this machine")
async def test_the_commands_show_what_they_say(tmp_path: Path) -> None:
    async with a_process(tmp_path) as laptop:
        shown = await _pasted("".join(block for block in BLOCKS if block not in NOT_PASTED), laptop, tmp_path)

        statuses = [int(status) for status in re.findall(r"^HTTP/1.1 (\d+)", shown, re.MULTILINE)]
        assert statuses == [201, 201, 402, 202, 201, 201, 201, 202]
        assert re.findall(r'"state":"(\w+)","mode"', shown)[:7] == [
            "authorized",
            "authorized",
            "declined",
            "unknown",
            "authorized",
            "voided",
            "partially_refunded",
        ]
        assert len(re.findall(r"(?i)^idempotent-replayed: true", shown, re.MULTILINE)) == 2
        [voided, refunded, mirrored] = await laptop.books()
        assert (voided["voided"], refunded["captured"], refunded["refunded"]) == (True, 12599, 3000)
        assert [each["environment"] for each in (voided, refunded, mirrored)] == ["live", "live", "test"]
        assert re.findall(r'"mode":"shadow","processor":"(\w+)"', shown) == ["existing"]
        pairs = json.loads(shown.splitlines()[-1])["strata"]
        assert [(each["billerId"], each["eligible"]) for each in pairs] == [("*", 1), ("city-water", 1)]


async def _pasted(commands: str, laptop: Process, data: Path) -> str:
    """What the commands print; only the ports differ, and the waits are as short as the process's own."""
    api, simulator = (url.removeprefix("http://").split("/")[0] for url in (laptop.api_url, laptop.simulator_url))
    here = commands.replace("127.0.0.1:7071", api).replace("127.0.0.1:7072", simulator)
    here = re.sub(r"\bsleep (\d)\b", r"sleep 0.\1", here)
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euc", here),
        cwd=ROOT,
        env={**os.environ, "LOCAL_DATA_DIR": str(data)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    shown, complaints = await shell.communicate()
    assert shell.returncode == 0, complaints.decode()
    return shown.decode()
