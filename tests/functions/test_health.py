"""Liveness, and readiness as each dependency gives it: without a secret, and without saying where anything is."""

import asyncio
from urllib.parse import urlsplit

from tests.house import Answer, House


async def ready(house: House) -> Answer:
    """Waits between asking for a token and asking again pass at once."""
    call = asyncio.create_task(house.call("GET", "/health/ready"))
    while not call.done():
        await house.clock.advance(0.5)
    return call.result()


def statuses(answer: Answer) -> dict[str, str]:
    return {name: each["status"] for name, each in answer.body["dependencies"].items()}


async def test_live_says_that_the_process_runs(house: House) -> None:
    await house.services.database.close()

    answer = await house.call("GET", "/health/live")

    assert (answer.status, answer.body) == (200, {"status": "ok"})


async def test_ready_is_ok_when_everything_answers(house: House) -> None:
    answer = await ready(house)

    assert (answer.status, answer.body["status"]) == (200, "ok")
    assert statuses(answer) == {"database": "ok", "chase": "ok"}
    assert all(isinstance(each["latencyMs"], int) for each in answer.body["dependencies"].values())


async def test_ready_is_degraded_but_200_without_chase(house: House) -> None:
    await house.simulator.refuse_connections(delay_ms=60_000)

    answer = await ready(house)

    assert (answer.status, answer.body["status"]) == (200, "degraded")
    assert statuses(answer) == {"database": "ok", "chase": "down"}


async def test_ready_is_ok_again_when_chase_is_back(house: House) -> None:
    await house.simulator.refuse_connections(delay_ms=1)
    await ready(house)
    await house.simulator.until_listening()

    answer = await ready(house)

    assert answer.body["status"] == "ok"


async def test_ready_is_503_without_the_database(house: House) -> None:
    await house.services.database.close()

    answer = await ready(house)

    assert (answer.status, answer.body["status"]) == (503, "down")
    assert statuses(answer) == {"database": "down", "chase": "ok"}


async def test_ready_says_by_name_and_never_where(house: House) -> None:
    well = await ready(house)
    await house.simulator.refuse_connections(delay_ms=60_000)
    await house.services.database.close()

    unwell = await ready(house)

    for answer in (well, unwell):
        assert set(answer.body) == {"status", "dependencies"}
        assert all(set(each) == {"status", "latencyMs"} for each in answer.body["dependencies"].values())
        for where in ("127.0.0.1", "localhost", str(urlsplit(house.settings.chase_base_url).port), "sqlite", "http"):
            assert where not in answer.text


async def test_ready_moves_nothing_at_chase(house: House) -> None:
    await ready(house)

    assert set(house.simulator.calls) <= {"health", "token"}
    assert house.books() == []
