"""One call is one trace: from its caller to Chase, and by a message that waits to the consumer that sends it again."""

import json
from typing import Any

from shared.telemetry.context import begun
from tests.conftest import OpenHouse
from tests.house import Answer, House

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLERS = {"X-Correlation-Id": "bill-4711", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


def told(house: House, event: str) -> list[dict[str, Any]]:
    return [line.told for line in house.telemetry.lines() if line.told["event"] == event]


def arrived(house: House, operation: str) -> list[tuple[str, str]]:
    """Trace id and span id of each call that the simulator's log has."""
    parts = [(each.traceparent or "").split("-") for each in house.simulator.requests if each.operation == operation]
    return [(trace, span) for _, trace, span, _ in parts]


async def void(house: House, payment_id: str, key: str, headers: dict[str, str]) -> Answer:
    body = json.dumps({"reason": "the payer asked for it"}).encode()
    own = {**house.bearer(), "Idempotency-Key": key, **headers}
    return await house.call("POST", f"/payments/{payment_id}/void", body, own)


async def test_a_sale_is_in_its_callers_trace_at_chase_and_in_its_events(opened: OpenHouse) -> None:
    async with opened(in_memory=True) as house:
        answer = await house.sale("attempt-1", headers=CALLERS)
        [(trace, span)] = arrived(house, "payment")
        [outcome] = told(house, "payment.outcome")

    assert answer.headers["x-correlation-id"] == "bill-4711"
    assert trace == TRACE
    assert span not in ("00f067aa0ba902b7", outcome["spanId"])
    assert (outcome["correlationId"], outcome["traceId"]) == ("bill-4711", TRACE)
    assert {outcome[name] for name in ("mode", "operation", "code")} == {"live", "sale", "APPROVED"}
    assert (outcome["processorCalled"], type(outcome["latencyMs"])) == (True, int)


async def test_each_attempt_at_chase_has_a_span_of_its_own_whose_parent_is_the_calls(opened: OpenHouse) -> None:
    async with opened(in_memory=True) as house:
        await house.sale("attempt-1", headers=CALLERS)
        [sale] = [span for span in house.telemetry.spans if span.dimensions["operation"] == "sale"]
        [outcome] = told(house, "payment.outcome")

        assert (sale.trace.trace_id, sale.trace.parent_id) == (TRACE, outcome["spanId"])
        assert arrived(house, "payment") == [(TRACE, sale.trace.span_id)]


async def test_a_message_that_waits_is_still_of_its_call_where_it_is_consumed(opened: OpenHouse) -> None:
    """The void never left, for the breaker was open: the sweep of another moment publishes what sends it again."""
    async with opened(in_memory=True, CHASE_BREAKER_FAILURES="1") as house:
        first, second = [await house.sale(f"sale-{n}", reference=f"INV-{n}") for n in range(2)]
        house.simulator.fault("void", "http_503")
        await void(house, first.body["id"], "void-0", {})
        waits = await void(house, second.body["id"], "void-1", CALLERS)
        seen: list[dict[str, Any]] = []
        publish = house.bus.send

        async def watched(queue: str, body: bytes | str, **beside: Any) -> None:
            seen.append({"queue": queue, "body": body, **beside})
            await publish(queue, body, **beside)

        house.bus.send = watched  # type: ignore[method-assign]  # the wire to the queue, listened to
        await house.clock.advance(120)
        await house.fire("outbox_sweep")
        await house.bus.idle()
        state = (await house.payment(second.body["id"]))["state"]
        about_it = [line for line in told(house, "payment.outcome") if line["paymentId"] == second.body["id"]]

        assert waits.status == 202
        assert state == "voided"
        of_it = [each for each in seen if second.body["id"] in str(each["body"])]
        assert "chase-retry" in {each["queue"] for each in of_it}
        for message in of_it:
            beside = message["application_properties"]
            assert (beside["correlationId"], beside["traceparent"].split("-")[1]) == ("bill-4711", TRACE)
            assert TRACE not in str(message["body"])
        assert [(line["traceId"], line["correlationId"]) for line in about_it[1:]] == [(TRACE, "bill-4711")] * 2
        assert TRACE in [trace for trace, _ in arrived(house, "void")]


async def test_calls_without_a_trace_get_one_each(opened: OpenHouse) -> None:
    async with opened(in_memory=True) as house:
        for n in range(2):
            await house.sale(f"sale-{n}", reference=f"INV-{n}")
        traces = [trace for trace, _ in arrived(house, "payment")]

    assert len(set(traces)) == 2
    assert all(len(trace) == 32 for trace in traces)


async def test_a_card_number_in_a_traceparent_reaches_no_log(opened: OpenHouse) -> None:
    number = "4112344112344113"
    async with opened(in_memory=True) as house:
        await house.sale("attempt-1", headers={"traceparent": f"00-{number}{'a' * 16}-00f067aa0ba902b7-01"})
        lines = [line.text for line in house.telemetry.lines()]
        at_chase = str(house.simulator.requests)

    assert lines
    assert [line for line in [*lines, at_chase] if number in line] == []


def test_what_is_no_traceparent_begins_a_trace() -> None:
    for text in (
        "",
        "00",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{TRACE}-zz-01",
    ):
        assert begun(text).trace_id not in ("0" * 32, TRACE)
    assert begun(f"01-{TRACE}-00f067aa0ba902b7-00-more").trace_id == TRACE
    assert begun(f"00-{TRACE}-00f067aa0ba902b7-00").sampled is False
