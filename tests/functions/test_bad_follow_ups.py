"""What is wrong with a void, refund or report is named, with what to write instead; nothing is kept or sent."""

import json
from typing import Any

import pytest

from functions._json import BODY_BYTES_MAX, DEPTH_MAX, PROBLEMS_MAX
from shared.payments.updates import RESOLUTIONS, UpdateEvent
from tests.builders import VISA, a_sale_body
from tests.functions.bodies import with_value, without, written
from tests.functions.refusals import assert_problem
from tests.functions.test_bad_texts import SPELLINGS, UNPRINTED
from tests.functions.traces import no_trace
from tests.functions.writes import KEYED, OPERATION, REFUND, REPORT, VOID, WRITES, Desk, Write, over
from tests.house import House


def changed(write: Write, path: str, value: Any) -> bytes:
    return written(with_value(path, value, dict(write.body)))


@over(WRITES)
async def test_a_good_one_is_taken(desk: Desk, write: Write) -> None:
    """Without this, a door that refuses everybody would pass all that follows."""
    answer = await desk.send(write)

    assert answer.status == (200 if write is REPORT else 201), answer.text


@over(WRITES)
class TestTheBody:
    @pytest.mark.parametrize(
        "body", [b"", b"{", b"nothing", b"{'reason': 'x'}", b'{"reason": "a\nb"}', b"\xef\xbb\xbf{}"]
    )
    async def test_must_be_json(self, desk: Desk, write: Write, body: bytes) -> None:
        answer = await desk.refused(write, body, "body")

        assert "is not JSON (line " in answer.body["errors"][0]["message"]

    @pytest.mark.parametrize("body", [b'{"reason": "\xff"}', b'{"reason": "\xed\xa0\x80"}', "{}".encode("utf-16")])
    async def test_must_be_utf_8(self, desk: Desk, write: Write, body: bytes) -> None:
        answer = await desk.refused(write, body, "body")

        assert answer.body["errors"][0]["message"] == "is not UTF-8; send JSON in UTF-8"

    @pytest.mark.parametrize("body", [b"[]", b"null", b"7", b'"void"', b"[{}]", b"NaN"], ids=repr)
    async def test_must_be_an_object(self, desk: Desk, write: Write, body: bytes) -> None:
        answer = await desk.refused(write, body, "body")

        assert answer.body["errors"][0]["message"] == "send a JSON object"

    async def test_of_an_empty_object_is_told_everything_that_is_missing(self, desk: Desk, write: Write) -> None:
        answer = await desk.refused(write, b"{}", *write.needed)

        assert all(problem["message"].startswith("is required: ") for problem in answer.body["errors"])

    async def test_is_told_each_field_that_is_missing_by_itself(self, desk: Desk, write: Write) -> None:
        for name in write.needed:
            await desk.refused(write, written(without(name, body=dict(write.body))), name)

    @pytest.mark.parametrize("levels", [DEPTH_MAX + 1, 5_000, 13_000])
    async def test_may_not_be_deeper_than_any_request_is(self, desk: Desk, write: Write, levels: int) -> None:
        await desk.refused(write, b'{"a":' * min(levels, 9_000) + b"1" + b"}" * min(levels, 9_000), "body")
        await desk.refused(write, b'{"a":' + b"[" * levels, "body")

    async def test_of_a_byte_too_many_is_413_and_one_of_64_kib_is_taken(self, desk: Desk, write: Write) -> None:
        good = written(write.body)

        answer = await desk.refused(write, good.ljust(BODY_BYTES_MAX + 1), "body", status=413)

        assert answer.body["code"] == "payload-too-large"
        assert (await desk.send(write, good.ljust(BODY_BYTES_MAX))).status < 300

    async def test_with_thousands_of_mistakes_is_told_the_first_ones(self, desk: Desk, write: Write) -> None:
        body = written({**write.body, **{f"f{number}": 1 for number in range(5_000)}})

        await desk.refused(write, body, *(f"f{number}" for number in range(PROBLEMS_MAX)))

    async def test_may_not_hold_a_name_twice(self, desk: Desk, write: Write) -> None:
        for again in (b'"reason": "other", "reason"', b'"\\u0072eason": "billed twice", "reason"'):
            answer = await desk.refused(write, written(write.body).replace(b'"reason"', again), "reason")

            assert answer.body["errors"][0]["message"] == "stands twice in one object; send it once"

    @pytest.mark.parametrize(
        "name", ["tip", "Reason", "if_captured", "billerId", "amount", "currency", "state", "__proto__"]
    )
    async def test_holds_no_field_but_those_of_the_contract(self, desk: Desk, write: Write, name: str) -> None:
        answer = await desk.refused(write, changed(write, name, 1), name if name[0] != "_" else "(unnamed)")

        assert answer.body["errors"][0]["message"] == "is not a field of this request; leave it out"

    @pytest.mark.parametrize(
        "name", [VISA, f"n{VISA}", f"n{VISA[:4]}-{VISA[4:8]}-{VISA[8:12]}-{VISA[12:]}", "\ud800", ""]
    )
    async def test_that_names_a_field_after_a_card_is_not_repeated_back(
        self, desk: Desk, write: Write, name: str
    ) -> None:
        await desk.refused(write, changed(write, name, 1), "(unnamed)")

    @pytest.mark.parametrize("query", ["?refresh=true", "?reason=x", "?void", "?a=1&a=2"])
    async def test_is_not_joined_by_a_query(self, desk: Desk, write: Write, query: str) -> None:
        async with no_trace(desk.house):
            answer = await desk.send(write, path=write.of(desk.payment_id, query))

        assert (answer.status, answer.body["code"]) == (400, "invalid-request")
        assert "leave it out" in answer.text

    @pytest.mark.parametrize("query", [f"?{VISA}=1", f"?card={VISA}"])
    async def test_is_not_joined_by_a_card_number_in_a_query(self, desk: Desk, write: Write, query: str) -> None:
        async with no_trace(desk.house):
            answer = await desk.send(write, path=write.of(desk.payment_id, query))

        assert (answer.status, VISA in answer.text) == (400, False)


ABSURD = [None, True, 0, 1, -1, 1.5, "", " ", "x" * 201, [], {}, ["reason"], {"a": 1}]
# Of each field, what it takes among the above.
TAKES = {"ifNotCaptured": [], "ifCaptured": [], "control": [None], "amountMinor": [None, 1], "evidence": []}


@over(WRITES)
class TestAField:
    async def test_of_another_type_or_out_of_bounds_is_named(self, desk: Desk, write: Write) -> None:
        for name in write.body:
            for value in (value for value in ABSURD if repr(value) not in map(repr, TAKES.get(name, []))):
                if (name, value) == ("evidence", {}) or (name, value) == ("evidence", {"a": 1}):
                    continue
                fields = ["control.status", "control.a"] if (name, value) == ("control", {"a": 1}) else [name]
                fields = ["control.status"] if (name, value) == ("control", {}) else fields
                await desk.refused(write, changed(write, name, value), *fields)

    @pytest.mark.parametrize("unprinted", UNPRINTED, ids=ascii)
    async def test_holds_nothing_that_is_not_printed(self, desk: Desk, write: Write, unprinted: str) -> None:
        for path in ("reason", *(["evidence.trace", "occurredAt", "event"] if write is REPORT else [])):
            await desk.refused(write, changed(write, path, f"ab{unprinted}cd"), path)

    @pytest.mark.parametrize("reason", ["<b>", "{}", " a", "a ", "\t"])
    async def test_that_is_a_reason_is_printable_text(self, desk: Desk, write: Write, reason: str) -> None:
        answer = await desk.refused(write, changed(write, "reason", reason), "reason")

        assert answer.body["errors"][0]["message"].startswith("write 1-200 printable characters")

    @pytest.mark.parametrize("reason", ["x", "x" * 200, "Zürich, 東京", "on 2026-11-23 18:00:00 by phone 617 555 0100"])
    async def test_that_is_a_reason_may_be_of_any_script(self, desk: Desk, write: Write, reason: str) -> None:
        assert (await desk.changed(write, reason=reason)).status < 300

    @pytest.mark.parametrize("number", [*SPELLINGS, f"{VISA[:4]} - {VISA[4:8]} - {VISA[8:12]} - {VISA[12:]}"])
    async def test_that_is_a_reason_holds_no_card_number(self, desk: Desk, write: Write, number: str) -> None:
        answer = await desk.refused(write, changed(write, "reason", number), "reason")

        assert "no card number" in answer.text or "without a card number" in answer.text

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("control.status", "perhaps"),
            ("control.code", "0" * 65),
            ("control.amountMinor", -1),
            ("control.amountMinor", 1.5),
            ("control.latencyMs", "1"),
            ("control.processorReference", "ch\u0000"),
            ("control.tip", 1),
        ],
    )
    async def test_of_the_control_is_named(self, desk: Desk, write: Write, path: str, value: Any) -> None:
        body = {**write.body, **({"event": "control_reported"} if write is REPORT else {})}

        await desk.refused(write, written(with_value(path, value, {"control": {"status": "error"}, **body})), path)


class TestAVoid:
    @pytest.mark.parametrize("choice", ["void", "Reject", "refund ", "yes"])
    async def test_says_what_to_do_after_the_capture_in_one_of_two_words(self, desk: Desk, choice: str) -> None:
        answer = await desk.refused(VOID, changed(VOID, "ifCaptured", choice), "ifCaptured")

        assert answer.body["errors"][0]["message"] == "write `reject` or `refund`"

    async def test_has_no_amount(self, desk: Desk) -> None:
        await desk.refused(VOID, changed(VOID, "amountMinor", 1), "amountMinor")


class TestARefund:
    @pytest.mark.parametrize("amount", [0, -1, 100_000_000_000, 10**99, 1.0, 1e2, "1", True, [1]], ids=str)
    async def test_is_of_whole_minor_units(self, desk: Desk, amount: Any) -> None:
        answer = await desk.refused(REFUND, changed(REFUND, "amountMinor", amount), "amountMinor")

        assert answer.body["errors"][0]["message"] == "write an integer of minor units from 1 to 99999999999"

    async def test_of_more_digits_than_can_be_read_is_refused_by_name_too(self, desk: Desk) -> None:
        answer = await desk.refused(REFUND, changed(REFUND, "amountMinor", 10**400), "amountMinor")

        assert "write" in answer.body["errors"][0]["message"]

    @pytest.mark.parametrize("choice", ["refund", "Void", ""])
    async def test_says_what_to_do_before_the_capture_in_one_of_two_words(self, desk: Desk, choice: str) -> None:
        answer = await desk.refused(REFUND, changed(REFUND, "ifNotCaptured", choice), "ifNotCaptured")

        assert answer.body["errors"][0]["message"] == "write `reject` or `void`"

    async def test_of_more_than_there_is_stores_and_sends_nothing(self, desk: Desk) -> None:
        async with no_trace(desk.house):
            answer = await desk.changed(REFUND, amountMinor=12600)

        assert (answer.status, answer.body["code"]) == (422, "refund-exceeds-balance")
        assert answer.body["refundableMinor"] == 12599


@over(KEYED)
class TestTheIdempotencyKey:
    async def test_is_required(self, desk: Desk, write: Write) -> None:
        answer = await desk.refused(write, written(write.body), "Idempotency-Key", headers={"Idempotency-Key": ""})

        assert answer.body["code"] == "idempotency-key-missing"

    @pytest.mark.parametrize("key", ["k" * 256, "a b", "a\t", "é", "\xff", "a\x00", "a, a", "\x7f"], ids=ascii)
    async def test_is_of_visible_ascii_and_255_at_most(self, desk: Desk, write: Write, key: str) -> None:
        headers = {"Idempotency-Key": key}

        answer = await desk.refused(write, written(write.body), "Idempotency-Key", headers=headers)

        assert answer.body["code"] == "invalid-request"

    @pytest.mark.parametrize("key", ["k" * 255, "!~", "0"], ids=["longest", "odd", "shortest"])
    async def test_may_be_anything_visible(self, desk: Desk, write: Write, key: str) -> None:
        assert (await desk.send(write, headers={"Idempotency-Key": key})).status == 201

    async def test_of_the_sale_stands_for_the_sale(self, desk: Desk, write: Write) -> None:
        async with no_trace(desk.house, but=("nonces",)):
            answer = await desk.send(write, headers={"Idempotency-Key": "attempt-1"})

        assert (answer.status, answer.body["code"]) == (422, "idempotency-key-reused")

    async def test_of_one_payment_is_not_one_of_another(self, desk: Desk, write: Write) -> None:
        await desk.send(write)
        other = await desk.house.sale("attempt-2", reference="INV-2")

        async with no_trace(desk.house, but=("nonces",)):
            answer = await desk.send(write, path=write.of(other.body["id"]))

        assert (answer.status, answer.body["code"]) == (422, "idempotency-key-reused")


async def test_a_key_of_a_void_is_none_of_a_refund(desk: Desk) -> None:
    await desk.send(VOID)

    async with no_trace(desk.house, but=("nonces",)):
        answer = await desk.send(REFUND)

    assert (answer.status, answer.body["code"]) == (422, "idempotency-key-reused")


class TestTheVersion:
    async def test_is_required(self, desk: Desk) -> None:
        answer = await desk.refused(REPORT, written(REPORT.body), "If-Match", status=428, headers={"If-Match": ""})

        assert answer.body["code"] == "version-missing"

    @pytest.mark.parametrize(
        "version",
        [
            "2",
            "*",
            '""',
            '"0"',
            '"02"',
            '"-2"',
            '"2',
            'W/"2"',
            '"2", "3"',
            '"two"',
            '"' + "9" * 19 + '"',
            '"2" ,',
            "٢",
            '"2.0"',
        ],
        ids=ascii,
    )
    async def test_is_an_etag_as_it_was_given(self, desk: Desk, version: str) -> None:
        headers = {"If-Match": version.encode().decode("latin-1")}

        answer = await desk.refused(REPORT, written(REPORT.body), "If-Match", headers=headers)

        assert answer.body["code"] == "invalid-request"
        assert "its version in quotes" in answer.body["errors"][0]["message"]

    @pytest.mark.parametrize("version", ['"1"', '"3"', f'"{VISA}"', '"999999999999999999"'])
    async def test_that_is_not_the_present_one_is_412(self, desk: Desk, version: str) -> None:
        async with no_trace(desk.house):
            answer = await desk.send(REPORT, headers={"If-Match": version})

        assert (answer.status, answer.body["code"]) == (412, "stale-version")
        assert VISA not in answer.text

    async def test_is_not_asked_for_what_the_existing_processor_answered(self, desk: Desk) -> None:
        told = {**REPORT.body, "event": "control_reported", "evidence": {}, "control": {"status": "approved"}}

        async with no_trace(desk.house):
            answer = await desk.send(REPORT, written(told), headers={"If-Match": ""})

        assert (answer.status, answer.body["code"]) == (409, "invalid-state")


class TestTheEvent:
    @pytest.mark.parametrize(
        "event", ["Returned", "return", "captured", "refunded", "resolved_authorized", "returned "]
    )
    async def test_is_one_that_may_be_reported(self, desk: Desk, event: str) -> None:
        answer = await desk.refused(REPORT, changed(REPORT, "event", event), "event")

        assert "`settled`, `returned`" in answer.body["errors"][0]["message"]

    @pytest.mark.parametrize("code", [None, "", "R1", "R00", "R001", "r01", "R0A", "01", 1, "R٠١", "X01"])
    async def test_of_a_return_has_the_banks_code(self, desk: Desk, code: Any) -> None:
        evidence = {"amountMinor": 1, **({} if code is None else {"returnCode": code})}

        await desk.refused(
            REPORT,
            changed(REPORT, "evidence", evidence),
            "evidence.returnCode",
        )

    @pytest.mark.parametrize("amount", [None, 0, "1", "12599"])
    async def test_of_a_return_has_an_amount(self, desk: Desk, amount: Any) -> None:
        evidence = {"returnCode": "R01", **({} if amount is None else {"amountMinor": amount})}

        answer = await desk.refused(REPORT, changed(REPORT, "evidence", evidence), "evidence.amountMinor")

        assert answer.body["errors"][0]["message"].startswith("write an integer of minor units from 1")

    @pytest.mark.parametrize("event", ["charged_back", "chargeback_reversed", "settled"])
    async def test_with_an_amount_has_a_whole_one(self, desk: Desk, event: str) -> None:
        body = {**REPORT.body, "event": event, "evidence": {"amountMinor": "1"}}

        await desk.refused(REPORT, written(body), "evidence.amountMinor")

    async def test_of_a_return_without_evidence_is_told_both(self, desk: Desk) -> None:
        await desk.refused(REPORT, changed(REPORT, "evidence", {}), "evidence.returnCode", "evidence.amountMinor")

    @pytest.mark.parametrize("event", sorted(RESOLUTIONS))
    async def test_that_resolves_names_an_operation(self, desk: Desk, event: str) -> None:
        body = {**REPORT.body, "event": event, "evidence": {}}

        answer = await desk.refused(REPORT, written(body), "operationId")

        assert answer.body["errors"][0]["message"].startswith("is required")

    @pytest.mark.parametrize("event", sorted(RESOLUTIONS))
    async def test_that_resolves_names_an_operation_of_this_payment(self, desk: Desk, event: str) -> None:
        body = {**REPORT.body, "event": event, "evidence": {}, "operationId": OPERATION}

        answer = await desk.refused(REPORT, written(body), "operationId")

        assert answer.body["errors"][0]["message"] == "write the id of one of this payment's operations"

    @pytest.mark.parametrize("event", sorted(RESOLUTIONS))
    async def test_that_resolves_names_an_operation_that_is_unknown(self, desk: Desk, event: str) -> None:
        [sale] = (await desk.house.payment(desk.payment_id))["operations"]
        body = {**REPORT.body, "event": event, "evidence": {}, "operationId": sale["id"]}

        async with no_trace(desk.house):
            answer = await desk.send(REPORT, written(body))

        assert (answer.status, answer.body["code"], answer.body["state"]) == (409, "invalid-state", "captured")

    @pytest.mark.parametrize("evidence", [{}, {"transactionState": "authorized"}, {"transactionState": 1}])
    async def test_that_resolves_a_sale_as_made_says_how_chase_has_it(
        self, house: House, evidence: dict[str, Any]
    ) -> None:
        house.simulator.fault("payment", "drop_before_processing")
        lost = (await house.sale("attempt-1")).body

        async with no_trace(house):
            answer = await house.report(
                lost["id"], "resolved_succeeded", version=2, evidence=evidence, operationId=lost["operations"][0]["id"]
            )

        assert answer.status == 400
        assert_problem(answer, "evidence.transactionState")

    @pytest.mark.parametrize("operation_id", ["", "op_1", OPERATION.upper(), OPERATION + "0", "pay_" + "0" * 32, 1])
    async def test_names_operations_by_their_ids(self, desk: Desk, operation_id: Any) -> None:
        body = {**REPORT.body, "event": "resolved_declined", "evidence": {}, "operationId": operation_id}

        await desk.refused(REPORT, written(body), "operationId")

    @pytest.mark.parametrize("event", sorted(set(UpdateEvent) - RESOLUTIONS - {UpdateEvent.CONTROL_REPORTED}))
    async def test_that_is_a_fact_of_the_bank_names_neither_operation_nor_control(self, desk: Desk, event: str) -> None:
        body = {**REPORT.body, "event": event, "operationId": OPERATION, "control": {"status": "approved"}}

        answer = await desk.refused(REPORT, written(body), "operationId", "control")

        assert all(problem["message"].startswith("leave it out") for problem in answer.body["errors"])

    async def test_that_reports_the_control_has_one(self, desk: Desk) -> None:
        body = {**REPORT.body, "event": "control_reported", "evidence": {}}

        answer = await desk.refused(REPORT, written(body), "control")

        assert answer.body["errors"][0]["message"].startswith("is required")


class TestEvidence:
    @pytest.mark.parametrize(
        "value",
        [None, True, 1.5, 1.0, [], {}, {"a": "b"}, "", "x" * 101, "<x>", "a\n", " a", -1, 100_000_000_000, 10**50],
    )
    async def test_holds_short_texts_and_integers_and_is_told_once(self, desk: Desk, value: Any) -> None:
        answer = await desk.refused(REPORT, changed(REPORT, "evidence.note", value), "evidence.note")

        assert "texts of 1-100 printable characters" in answer.body["errors"][0]["message"]

    @pytest.mark.parametrize("name", ["9lives", "a b", "", "k" * 41, "é", "a\u0000", "\ud800", VISA, f"n{VISA}"])
    async def test_has_plain_names(self, desk: Desk, name: str) -> None:
        evidence = {**REPORT.body["evidence"], name: "x"}

        await desk.refused(REPORT, changed(REPORT, "evidence", evidence), "evidence.(unnamed)")

    @pytest.mark.parametrize("number", SPELLINGS)
    async def test_holds_no_card_number(self, desk: Desk, number: str) -> None:
        await desk.refused(REPORT, changed(REPORT, "evidence.note", number), "evidence.note")

    async def test_has_at_most_20_entries(self, desk: Desk) -> None:
        of_a_return = {"returnCode": "R01", "amountMinor": 1}
        eighteen = {f"k{number}": "x" for number in range(18)}

        answer = await desk.refused(
            REPORT, changed(REPORT, "evidence", {**of_a_return, **eighteen, "k": 1}), "evidence"
        )

        assert "at most 20" in answer.body["errors"][0]["message"]
        assert (await desk.changed(REPORT, evidence={**of_a_return, **eighteen})).status == 200


class TestTheTime:
    @pytest.mark.parametrize(
        "time",
        [
            "2026-11-23",
            "2026-11-23T18:00:00",
            "2026-11-23T18:00Z",
            "2026-11-23 18:00:00Z",
            "20261123T180000Z",
            "2026-W48-1T18:00:00Z",
            "2026-11-23t18:00:00z",
            "2026-11-23T18:00:00,5Z",
            "2026-11-23T18:00:00.Z",
            "2026-11-23T18:00:00.0000000001Z",
            "2026-11-23T18:00:00+01",
            "2026-11-23T18:00:00+0100",
            "2026-11-23T18:00:00 UTC",
            "2026-11-23T18:00:00Z ",
            "1764093600",
            "yesterday",
            "٢٠٢٦-11-23T18:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T18:60:00Z",
            "2026-11-23T18:00:60Z",
            "2026-11-23T18:00:00+24:00",
            "2026-11-23T18:00:00+01:60",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "1926-11-23T18:00:00Z",
            "2126-11-23T18:00:00Z",
            "-2026-11-23T18:00:00Z",
            "12026-11-23T18:00:00Z",
        ],
    )
    async def test_is_a_moment_of_this_century_with_its_offset(self, desk: Desk, time: str) -> None:
        answer = await desk.refused(REPORT, changed(REPORT, "occurredAt", time), "occurredAt")

        assert "such as 2026-11-23T20:00:00.000Z" in answer.body["errors"][0]["message"]

    @pytest.mark.parametrize(
        "time",
        [
            "2026-11-23T18:00:00Z",
            "2026-11-23T18:00:00.1Z",
            "2026-11-23T18:00:00.123456789Z",
            "2026-11-23T13:00:00-05:00",
            "2026-11-24T03:30:00+05:30",
            "2028-02-29T00:00:00Z",
            "2000-01-01T00:00:00+23:59",
            "2099-12-31T23:59:59-23:59",
        ],
    )
    async def test_may_be_of_any_zone_and_of_any_day_that_there_is(self, desk: Desk, time: str) -> None:
        assert (await desk.changed(REPORT, occurredAt=time)).status == 200

    async def test_is_the_same_in_every_zone_and_to_the_millisecond(self, desk: Desk) -> None:
        first = await desk.changed(REPORT, occurredAt="2026-11-23T18:00:00.123Z")

        again = await desk.changed(REPORT, occurredAt="2026-11-23T13:00:00.1239-05:00")

        assert (first.body["version"], again.body["version"]) == (3, 3)


@over(WRITES)
class TestAPayment:
    @pytest.mark.parametrize(
        "payment_id",
        [
            "pay_" + "0" * 32,
            "pay_",
            "1",
            "-",
            "null",
            "*",
            "pay_" + "0" * 8_000,
            "%2e%2e",
            "%00",
            "%FF",
            "%27%20OR%201=1",
            VISA,
        ],
        ids=lambda text: text[:16],
    )
    async def test_that_is_not_there_is_404(self, desk: Desk, write: Write, payment_id: str) -> None:
        async with no_trace(desk.house):
            answer = await desk.send(write, path=write.of(payment_id))

        assert (answer.status, answer.body["code"]) == (404, "not-found")
        assert VISA not in answer.text

    async def test_of_another_caller_s_biller_is_as_one_that_is_not_there(self, desk: Desk, write: Write) -> None:
        mine_alone = {**desk.house.bearer(billers=["county-tax"]), **write.headers}
        body, nowhere = written(write.body), "pay_" + "0" * 32

        async with no_trace(desk.house):
            foreign = await desk.house.call("POST", write.of(desk.payment_id), body, mine_alone)
            missing = await desk.house.call("POST", write.of(nowhere), body, mine_alone)

        assert foreign.status == missing.status == 404
        assert foreign.text.replace(desk.payment_id, nowhere) == missing.text

    async def test_of_another_caller_s_biller_says_nothing_of_the_key_of_its_own_caller(
        self, desk: Desk, write: Write
    ) -> None:
        await desk.send(write)
        headers = {**desk.house.bearer(billers=["county-tax"], azp="county"), **write.headers}

        async with no_trace(desk.house):
            answer = await desk.house.call("POST", write.of(desk.payment_id), written(write.body), headers)

        assert answer.status == 404

    async def test_is_asked_of_by_post_alone(self, desk: Desk, write: Write) -> None:
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            async with no_trace(desk.house):
                answer = await desk.house.call(
                    method, write.of(desk.payment_id), written(write.body), desk.house.bearer()
                )

            assert answer.status in (404, 405)


async def test_a_sale_s_body_is_none_of_what_follows_it(desk: Desk) -> None:
    for write in WRITES:
        async with no_trace(desk.house):
            answer = await desk.send(write, json.dumps(a_sale_body()).encode())

        assert answer.status == 400
        assert VISA not in answer.text
