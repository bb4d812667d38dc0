"""The client over a real socket: what leaves us, what is made of what comes back, and what is sent again."""

import asyncio
from dataclasses import replace

import pytest

from shared.chase.breaker import BreakerState
from shared.chase.health import HealthStatus
from shared.payments.ids import chase_request_id
from shared.payments.outcome import Approved, Declined, NoAnswer, NothingFound, NotSent, Pending, Unknown
from shared.payments.retry import Call
from tests.chase import full_answers as full
from tests.chase.desk import Desk, MakeDesk, a_merchant, a_payment_of, a_request
from tests.chase.peer import (
    Deed,
    Peer,
    a_decline,
    a_payment,
    an_error,
    answers,
    drops_the_line,
    falls_silent,
    grants,
    resets_the_line,
    sends_half_a_head,
    sends_half_an_answer,
    speaks_no_http,
)

APPROVES = answers(200, a_payment())


class TestASale:
    async def test_is_posted_once_under_its_operations_request_id(self, desk: Desk, chase: Peer) -> None:
        chase.does(APPROVES)

        outcome = await desk.sells()

        (call,) = chase.calls
        assert isinstance(outcome, Approved)
        assert (call.method, call.target) == ("POST", "/api/v2/payments")
        assert call.headers["request-id"] == chase_request_id("op_0193561a7c4d99887766554433221100")
        assert call.headers["merchant-id"] == "998482157630"
        assert call.headers["authorization"] == "Bearer token-1"
        assert call.headers["content-type"] == call.headers["accept"] == "application/json"
        assert "cookie" not in call.headers

    @pytest.mark.parametrize(
        ("deed", "kind", "code"),
        [
            (APPROVES, Approved, "APPROVED"),
            (answers(200, a_decline()), Declined, "DO_NOT_HONOR"),
            (answers(200, a_payment(transactionState="PENDING")), Pending, "APPROVED"),
            (answers(200, b"<html>"), Unknown, "UNREADABLE_ANSWER"),
            (answers(200, a_payment(transactionState="SETTLING")), Unknown, "UNFAMILIAR_ANSWER"),
            (answers(307, Location="http://127.0.0.1:9/elsewhere"), Unknown, "HTTP_307"),
            (answers(400, an_error()), Declined, "VALIDATION_ERROR"),
            (answers(403, b"Forbidden"), NotSent, "FORBIDDEN"),
            (answers(404), Unknown, "HTTP_404"),
            (answers(409, an_error("DUPLICATE")), Unknown, "DUPLICATE"),
            (answers(412, an_error("PRECONDITION")), Declined, "PRECONDITION"),
            (answers(500), Unknown, "HTTP_500"),
            (answers(503, an_error("UNAVAILABLE")), Unknown, "HTTP_503"),
            (answers(504, b"<html>"), Unknown, "HTTP_504"),
            (drops_the_line, Unknown, "CONNECTION_LOST"),
            (resets_the_line, Unknown, "CONNECTION_LOST"),
            (sends_half_a_head, Unknown, "CONNECTION_LOST"),
            (sends_half_an_answer, Unknown, "CONNECTION_LOST"),
            (speaks_no_http, Unknown, "CONNECTION_LOST"),
        ],
    )
    async def test_that_reached_chase_is_sent_once_whatever_comes_back(
        self, desk: Desk, chase: Peer, deed: Deed, kind: type, code: str
    ) -> None:
        chase.does(deed)

        outcome = await desk.sells()

        assert (type(outcome), outcome.code) == (kind, code)
        assert len(chase.calls) == 1

    async def test_that_is_not_answered_in_time_is_unknown_and_not_sent_again(
        self, make_desk: MakeDesk, chase: Peer
    ) -> None:
        chase.does(falls_silent)

        outcome = await make_desk(read_timeout_s=0.02).sells()

        assert (type(outcome), outcome.code, len(chase.calls)) == (Unknown, "READ_TIMEOUT", 1)

    async def test_on_an_idle_connection_that_chase_has_dropped_is_unknown_and_not_sent_again(
        self, desk: Desk, chase: Peer
    ) -> None:
        chase.does(APPROVES, drops_the_line, APPROVES)
        await desk.sells()

        outcome = await desk.sells()

        assert (type(outcome), outcome.code) == (Unknown, "CONNECTION_LOST")
        assert len(chase.calls) == 2

    async def test_whose_line_is_dropped_before_a_byte_is_read_is_unknown_all_the_same(
        self, desk: Desk, chase: Peer
    ) -> None:
        await desk.client.warm()
        chase.does(drops_the_line)
        await desk.finds()
        chase.drops_connections = True

        outcome = await desk.sells()

        assert (type(outcome), outcome.code) == (Unknown, "CONNECTION_LOST")

    async def test_follows_no_redirect_with_its_card_number(self, desk: Desk, chase: Peer) -> None:
        async with Peer() as elsewhere:
            chase.does(answers(307, Location=elsewhere.url + "/api/v2/payments"))

            await desk.sells()

            assert elsewhere.connections == 0

    async def test_that_is_cancelled_is_cancelled_and_not_turned_into_a_value(self, desk: Desk, chase: Peer) -> None:
        chase.does(falls_silent)
        selling = asyncio.create_task(desk.sells())
        await chase.has_received()

        selling.cancel()

        with pytest.raises(asyncio.CancelledError):
            await selling

    async def test_cancelled_while_it_is_sent_again_is_cancelled_too(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(429), falls_silent)
        selling = asyncio.create_task(desk.sells())
        await chase.has_received(2)

        selling.cancel()

        with pytest.raises(asyncio.CancelledError):
            await selling


class TestASaleThatDidNotLeave:
    async def test_for_want_of_a_connection_is_tried_three_times(self, make_desk: MakeDesk, chase: Peer) -> None:
        desk = make_desk(base_url="http://127.0.0.1:1/api/v2")

        outcome = await desk.sells()

        assert (type(outcome), outcome.code) == (NotSent, "NOT_CONNECTED")
        assert desk.clock.waits == [0.2, 0.4]

    async def test_because_no_tls_handshake_came_about_was_not_sent(self, make_desk: MakeDesk, chase: Peer) -> None:
        desk = make_desk(base_url=chase.url.replace("http:", "https:"), connect_timeout_s=0.02)

        outcome = await desk.sells()

        assert (type(outcome), outcome.code) == (NotSent, "NOT_CONNECTED")
        assert b"4112344112344113" not in chase.written

    async def test_because_all_connections_are_taken_was_not_sent(self, make_desk: MakeDesk, chase: Peer) -> None:
        desk = make_desk(connections_max=1, pool_timeout_s=0.02)
        chase.does(falls_silent)
        first = asyncio.create_task(desk.sells())
        await chase.has_received()

        outcome = await desk.sells()

        assert (type(outcome), outcome.code, len(chase.calls)) == (NotSent, "NOT_CONNECTED", 1)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    async def test_because_chase_throttled_is_sent_again_under_the_same_request_id(
        self, desk: Desk, chase: Peer
    ) -> None:
        chase.does(answers(429), answers(429), APPROVES)

        outcome = await desk.sells()

        assert isinstance(outcome, Approved)
        assert len({call.headers["request-id"] for call in chase.calls}) == 1
        assert len({call.body for call in chase.calls}) == 1
        assert desk.clock.waits == [0.2, 0.4]

    async def test_then_left_and_was_lost_is_unknown_and_not_sent_again(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(429), answers(503), APPROVES)

        outcome = await desk.sells()

        assert (type(outcome), outcome.code, len(chase.calls)) == (Unknown, "HTTP_503", 2)

    async def test_in_time_does_not_leave_at_all(self, desk: Desk, chase: Peer) -> None:
        chase.does(APPROVES)
        await desk.client.warm()
        before = bytes(chase.written)

        outcome = await desk.sells(within_s=0.0)

        assert (type(outcome), outcome.code) == (NotSent, "SEND_DEADLINE_PASSED")
        assert bytes(chase.written) == before
        assert desk.clock.waits == []

    async def test_before_its_deadline_is_not_waited_for_past_it(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(429))

        outcome = await desk.sells(within_s=0.3)

        assert (type(outcome), outcome.code, len(chase.calls)) == (NotSent, "THROTTLED", 2)

    async def test_because_it_is_forbidden_is_not_sent_again_and_a_person_is_told(
        self, desk: Desk, chase: Peer
    ) -> None:
        chase.does(answers(403), APPROVES)

        outcome = await desk.sells()

        assert (outcome.code, len(chase.calls)) == ("FORBIDDEN", 1)
        assert desk.alarms.names == ["chase_forbidden"]


class TestATokenThatIsRefused:
    async def test_is_replaced_once_and_the_sale_sent_again_under_its_request_id(self, desk: Desk, chase: Peer) -> None:
        chase.does_with_tokens(grants("token-1"), grants("token-2"))
        chase.does(answers(401, {"error": "invalid_token"}), APPROVES)

        outcome = await desk.sells()

        assert isinstance(outcome, Approved)
        assert [call.headers["authorization"] for call in chase.calls] == ["Bearer token-1", "Bearer token-2"]
        assert len({call.headers["request-id"] for call in chase.calls}) == 1

    async def test_twice_ends_the_sale_as_not_sent(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(401))

        outcome = await desk.sells()

        assert (type(outcome), outcome.code) == (NotSent, "TOKEN_REFUSED")
        assert (len(chase.calls), desk.client.token_fetches) == (2, 2)
        assert desk.alarms.names == ["chase_token_refused"]

    async def test_of_fifty_sales_at_once_is_replaced_once(self, desk: Desk, chase: Peer) -> None:
        chase.does_with_tokens(grants("token-1"), grants("token-2"))
        chase.does(*[answers(401)] * 50, APPROVES)

        outcomes = await asyncio.gather(*(desk.sells() for _ in range(50)))

        assert {type(outcome) for outcome in outcomes} == {Approved}
        assert desk.client.token_fetches == 2


class TestWithoutAToken:
    async def test_a_sale_is_not_sent_and_not_tried_beyond_the_tokens_own_tries(self, desk: Desk, chase: Peer) -> None:
        chase.does_with_tokens(answers(503))

        outcome = await desk.sells()

        assert (type(outcome), outcome.code) == (NotSent, "TOKEN_UNAVAILABLE")
        assert (len(chase.token_calls), chase.calls) == (2, [])
        assert desk.alarms.names == ["chase_token_unavailable"]

    async def test_an_inquiry_has_no_answer(self, desk: Desk, chase: Peer) -> None:
        chase.does_with_tokens(answers(400, {"error": "invalid_client"}))

        inquiry = await desk.finds()

        assert (type(inquiry), inquiry.code) == (NoAnswer, "CREDENTIAL_REFUSED")
        assert len(chase.token_calls) == 1


class TestConnectionsAndTokens:
    async def test_fifty_sales_at_once_fetch_one_token(self, desk: Desk, chase: Peer) -> None:
        chase.does(APPROVES)

        outcomes = await asyncio.gather(*(desk.sells() for _ in range(50)))

        assert {type(outcome) for outcome in outcomes} == {Approved}
        assert (len(chase.token_calls), desk.client.token_fetches) == (1, 1)

    async def test_a_hundred_sales_after_warm_up_open_no_connection_and_fetch_no_token(
        self, desk: Desk, chase: Peer
    ) -> None:
        chase.does(APPROVES)
        await desk.client.warm()
        warm = (desk.client.connections_opened, chase.connections, desk.client.token_fetches)

        for _ in range(100):
            await desk.sells()

        assert (desk.client.connections_opened, chase.connections, desk.client.token_fetches) == warm

    async def test_warming_up_does_not_need_chase(self, make_desk: MakeDesk) -> None:
        desk = make_desk(base_url="http://127.0.0.1:1/api/v2", token_url="http://127.0.0.1:1/token")

        health = await desk.client.warm()

        assert health.status is HealthStatus.DOWN
        assert desk.alarms.names == ["chase_token_unavailable"]

    async def test_a_client_that_was_never_used_closes(self, desk: Desk) -> None:
        await desk.client.close()

        assert desk.client.connections_opened == 0


class TestFindingASale:
    async def test_asks_by_its_request_id_under_a_fresh_one(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(200, a_payment(requestId="the-sales-own-request-id")))

        inquiry = await desk.finds("the-sales-own-request-id")

        (call,) = chase.calls
        assert isinstance(inquiry, Approved)
        assert (call.method, call.path) == ("GET", "/api/v2/payments")
        assert call.query == {"requestIdentifier": ["the-sales-own-request-id"]}
        assert call.headers["request-id"] == "the-look-ups-own-request-id"
        assert call.headers["merchant-id"] == "998482157630"

    async def test_uses_the_query_name_that_is_configured(self, make_desk: MakeDesk, chase: Peer) -> None:
        await make_desk(lookup_parameter="requestId").finds("r-1")

        assert chase.calls[0].query == {"requestId": ["r-1"]}

    async def test_never_adopts_somebody_elses_payment(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(200, a_payment(requestId="another-sales-request-id")))

        inquiry = await desk.finds("the-sales-own-request-id")

        assert (type(inquiry), inquiry.code) == (NoAnswer, "OTHER_PAYMENT_FOUND")
        assert desk.alarms.names == ["chase_other_payment_found"]

    @pytest.mark.parametrize(
        ("deeds", "kind", "calls"),
        [
            ((answers(404),), NothingFound, 1),
            ((answers(404, an_error("NOT_FOUND")),), NothingFound, 1),
            ((answers(404, b"<html>"),), NoAnswer, 1),
            ((answers(307),), NoAnswer, 1),
            ((answers(503), answers(404)), NothingFound, 2),
            ((answers(503),), NoAnswer, 2),
            ((answers(429), answers(429), answers(404)), NothingFound, 3),
            ((drops_the_line, answers(200, a_payment())), Approved, 2),
            ((answers(401), answers(404)), NothingFound, 2),
            ((answers(401),), NoAnswer, 2),
        ],
    )
    async def test_asks_again_where_asking_again_may_help(
        self, desk: Desk, chase: Peer, deeds: tuple[Deed, ...], kind: type, calls: int
    ) -> None:
        chase.does(*deeds)

        inquiry = await desk.finds()

        assert (type(inquiry), len(chase.calls)) == (kind, calls)


class TestFindingARefund:
    async def test_asks_among_the_refunds_by_its_request_id_under_a_fresh_one(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(200, full.A_REFUND | {"requestId": "the-refunds-own-request-id"}))

        inquiry = await desk.client.find_refund("the-refunds-own-request-id", a_merchant())

        (call,) = chase.calls
        assert (call.method, call.path) == ("GET", "/api/v2/refunds")
        assert call.query == {"requestIdentifier": ["the-refunds-own-request-id"]}
        assert call.headers["request-id"] == "the-look-ups-own-request-id"
        assert isinstance(inquiry, Approved)
        assert inquiry.transaction.transaction_id == full.REFUND_ID

    async def test_finds_nothing_where_chase_says_so(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(404, an_error("NOT_FOUND")))

        assert await desk.client.find_refund("r-1", a_merchant()) == NothingFound()

    async def test_never_adopts_another_one(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(200, full.A_REFUND))

        inquiry = await desk.client.find_refund("r-1", a_merchant())

        assert (type(inquiry), inquiry.code) == (NoAnswer, "OTHER_PAYMENT_FOUND")


class TestGettingARefund:
    async def test_asks_by_its_own_transaction_id(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(200, full.A_REFUND | {"transactionState": "CLOSED"}))

        inquiry = await desk.client.get_refund(full.REFUND_ID, a_merchant())

        (call,) = chase.calls
        assert (call.method, call.target) == ("GET", f"/api/v2/refunds/{full.REFUND_ID}")
        assert "request-id" not in call.headers
        assert isinstance(inquiry, Approved)


class TestGettingAPayment:
    async def test_asks_by_transaction_id_without_a_request_id(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(200, a_payment(transactionId="t-1234", transactionState="COMPLETED")))

        inquiry = await desk.client.get_payment("t-1234", a_merchant())

        (call,) = chase.calls
        assert isinstance(inquiry, Approved)
        assert (call.method, call.target) == ("GET", "/api/v2/payments/t-1234")
        assert "request-id" not in call.headers

    async def test_accepts_no_other_transaction(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(200, a_payment(transactionId="t-9999")))

        inquiry = await desk.client.get_payment("t-1234", a_merchant())

        assert (type(inquiry), inquiry.code) == (NoAnswer, "OTHER_PAYMENT_FOUND")

    async def test_finds_nothing_where_chase_says_so(self, desk: Desk, chase: Peer) -> None:
        chase.does(answers(404, an_error("NOT_FOUND")))

        assert await desk.client.get_payment("t-1234", a_merchant()) == NothingFound()


class TestTheBreaker:
    async def test_opens_on_failures_in_a_row_and_sells_nothing_more(self, make_desk: MakeDesk, chase: Peer) -> None:
        desk = make_desk(breaker_failures=2)
        chase.does(answers(503), answers(503), APPROVES)
        await desk.sells()
        await desk.sells()

        outcome = await desk.sells()

        assert (type(outcome), outcome.code, len(chase.calls)) == (NotSent, "BREAKER_OPEN", 2)
        assert desk.alarms.names == ["chase_breaker_opened"]
        assert desk.client.breaker_state(Call.SALE) is BreakerState.OPEN

    async def test_never_blocks_an_inquiry(self, make_desk: MakeDesk, chase: Peer) -> None:
        desk = make_desk(breaker_failures=1)
        chase.does(answers(503), answers(404))
        await desk.sells()

        inquiry = await desk.finds()

        assert inquiry == NothingFound()

    async def test_lets_a_probe_through_after_its_cool_down_and_closes_when_it_is_answered(
        self, make_desk: MakeDesk, chase: Peer
    ) -> None:
        desk = make_desk(breaker_failures=1)
        chase.does(answers(503), APPROVES)
        await desk.sells()
        desk.clock.now_s += 15.0

        outcome = await desk.sells()

        assert isinstance(outcome, Approved)
        assert desk.client.breaker_state(Call.SALE) is BreakerState.CLOSED

    async def test_learns_nothing_from_a_sale_that_came_too_late(self, make_desk: MakeDesk, chase: Peer) -> None:
        desk = make_desk(breaker_failures=2)
        chase.does(answers(503))
        await desk.sells()

        await desk.sells(within_s=0.0)
        await desk.sells()

        assert desk.client.breaker_state(Call.SALE) is BreakerState.OPEN

    async def test_counts_a_decline_as_chase_being_up(self, make_desk: MakeDesk, chase: Peer) -> None:
        desk = make_desk(breaker_failures=2)
        chase.does(answers(503), answers(200, a_decline()), answers(503), APPROVES)

        for _ in range(3):
            await desk.sells()

        assert desk.client.breaker_state(Call.SALE) is BreakerState.CLOSED


class TestHealth:
    @pytest.mark.parametrize(
        ("deed", "status"),
        [
            (answers(200, {"status": "PASS"}), HealthStatus.OK),
            (answers(200, {"interfaceResponseStatusName": "Pass"}), HealthStatus.OK),
            (answers(404), HealthStatus.OK),
            (answers(401), HealthStatus.OK),
            (answers(200, {"status": "WARN"}), HealthStatus.DEGRADED),
            (answers(200, {"status": "FAIL"}), HealthStatus.DEGRADED),
            (answers(429), HealthStatus.DEGRADED),
            (answers(503, {"status": "FAIL"}), HealthStatus.DEGRADED),
            (drops_the_line, HealthStatus.DOWN),
        ],
    )
    async def test_is_what_chase_says_of_itself(
        self, desk: Desk, chase: Peer, deed: Deed, status: HealthStatus
    ) -> None:
        chase.does(deed)

        health = await desk.client.health()

        assert (health.status, health.latency_s) == (status, 0.0)
        assert chase.calls[0].path == "/api/v2/healthcheck/payments"
        assert "authorization" not in chase.calls[0].headers

    async def test_is_not_down_for_a_connection_that_was_dropped_while_it_lay_idle(
        self, desk: Desk, chase: Peer
    ) -> None:
        chase.does(drops_the_line, answers(200, {"status": "PASS"}))

        health = await desk.client.health()

        assert (health.status, len(chase.calls)) == (HealthStatus.OK, 2)

    async def test_is_degraded_while_no_token_can_be_had(self, desk: Desk, chase: Peer) -> None:
        chase.does_with_tokens(answers(500))

        health = await desk.client.warm()

        assert health.status is HealthStatus.DEGRADED

    async def test_is_degraded_while_a_breaker_is_open(self, make_desk: MakeDesk, chase: Peer) -> None:
        desk = make_desk(breaker_failures=1)
        chase.does(answers(503), answers(200, {"status": "PASS"}))
        await desk.sells()

        health = await desk.client.health()

        assert health.status is HealthStatus.DEGRADED


class TestAlarms:
    @pytest.mark.parametrize("deed", [answers(200, b"{"), answers(200, a_payment(responseStatus="MAYBE"))])
    async def test_an_answer_that_we_do_not_understand_is_shown_to_a_person(
        self, desk: Desk, chase: Peer, deed: Deed
    ) -> None:
        chase.does(deed)

        await desk.sells()

        (name, fields) = desk.alarms.heard[0]
        assert name == "chase_unfamiliar_answer"
        assert fields["about"] == chase_request_id("op_0193561a7c4d99887766554433221100")

    @pytest.mark.parametrize("deed", [APPROVES, answers(200, a_decline()), answers(503), drops_the_line])
    async def test_nobody_is_woken_by_what_is_expected_to_happen(self, desk: Desk, chase: Peer, deed: Deed) -> None:
        chase.does(deed)

        await desk.sells()

        assert desk.alarms.heard == []


async def test_another_merchants_sale_goes_under_its_own_merchant_id(desk: Desk, chase: Peer) -> None:
    chase.does(APPROVES)
    merchant = replace(a_merchant(), merchant_id="000017904371")
    request = a_request()

    await desk.client.sale(request, a_payment_of(request, merchant), merchant, send_before_s=float("inf"))

    assert chase.calls[0].headers["merchant-id"] == "000017904371"
