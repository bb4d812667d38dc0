"""Calls over real sockets: they end in time whatever the peer does, and carry nothing elsewhere."""

import threading
import time
from collections.abc import Iterator

import pytest

from ctp import BearerAuth, PaymentService, Phase, Processor, RequestsTransport, RolloutClient, Within
from ctp.deadline import Deadlines, NoAnswer
from ctp.transport import Request
from tests.ctp.books import in_memory
from tests.ctp.fake_http import BadServer, served
from tests.ctp.fake_service import Answer, Clock, FakeService
from tests.ctp.faults import ExistingStub, Sales
from tests.ctp.town import NoAuth, a_bill

# The contract's 500 ms, and what three commits and a thread that wakes may add.
DECIDED_WITHIN_S = 0.5
MARGIN_S = 0.1


@pytest.fixture
def transport() -> Iterator[RequestsTransport]:
    transport = RequestsTransport()
    yield transport
    transport.close()


def a_client(transport: RequestsTransport, url: str, existing: ExistingStub, **within: float) -> RolloutClient:
    service = PaymentService(transport, url, BearerAuth(lambda: "a-token"), Within(**within))
    return RolloutClient(in_memory(), service, existing, Sales())


class TestBillsNotYetDecided:
    @pytest.mark.parametrize("kind", ["mute", "drip"])
    def test_go_to_the_existing_processor_half_a_second_late_when_the_service_hangs(
        self, transport: RequestsTransport, kind: str
    ) -> None:
        existing = ExistingStub()
        with BadServer(kind) as server:
            client = a_client(transport, server.url, existing)
            took: list[float] = []
            for number in range(3):
                began_s = time.monotonic()
                attempt = client.collect(a_bill(number))
                took.append(time.monotonic() - began_s)

                assert (attempt.phase, attempt.processor) == (Phase.CHARGED, Processor.EXISTING)
                # By the deadline over all, or by the socket's own: whichever woke first.
                assert "no answer" in attempt.reason
            assert server.connections == 3
        # The quickest of three: a machine that is busy elsewhere is not what is measured.
        assert DECIDED_WITHIN_S <= min(took) < DECIDED_WITHIN_S + MARGIN_S
        assert len(existing.books) == 3

    def test_go_to_the_existing_processor_at_once_when_nothing_listens(self, transport: RequestsTransport) -> None:
        with BadServer("mute") as server:
            url = server.url
        existing = ExistingStub()

        began_s = time.monotonic()
        attempt = a_client(transport, url, existing).collect(a_bill())

        assert (attempt.processor, len(existing.books)) == (Processor.EXISTING, 1)
        assert attempt.reason.endswith("ConnectionError")
        assert time.monotonic() - began_s < DECIDED_WITHIN_S

    def test_go_to_the_existing_processor_when_the_token_does_not_come(self, transport: RequestsTransport) -> None:
        release, existing = threading.Event(), ExistingStub()
        service = PaymentService(
            transport, "http://127.0.0.1:9/api/v1", BearerAuth(lambda: str(release.wait(30))), Within(decide_s=0.05)
        )

        attempt = RolloutClient(in_memory(), service, existing, Sales()).collect(a_bill())
        release.set()

        assert (attempt.processor, len(existing.books)) == (Processor.EXISTING, 1)


class TestBillsAlreadyLive:
    def test_stay_open_with_a_written_reason_while_the_service_hangs(self, transport: RequestsTransport) -> None:
        service, existing, store = FakeService(Clock().now), ExistingStub(), in_memory()
        service.fate = lambda: "not_reached"
        auth = BearerAuth(lambda: "a-token")
        with served(service) as url:
            client = RolloutClient(store, PaymentService(transport, url, auth), existing, Sales())
            attempt = client.collect(a_bill(), patience_s=0)

        with BadServer("mute") as server:
            hung = PaymentService(transport, server.url, auth, Within(sell_s=0.05, void_s=0.05))
            client = RolloutClient(store, hung, existing, Sales())
            (resumed,) = client.resume()
            given_up = client.give_up(attempt.id, "the payer has gone", patience_s=0)

        assert (attempt.reason, resumed.reason) == (
            "503 processor-unavailable",
            "no answer of the service: no answer within 0.05 s",
        )
        assert (given_up.phase, existing.books) == (Phase.LIVE, {})

        with served(service) as url:
            client = RolloutClient(store, PaymentService(transport, url, auth), existing, Sales())
            (ended,) = client.resume()
        assert (ended.phase, ended.processor, len(existing.books)) == (Phase.CHARGED, Processor.EXISTING, 1)
        assert service.at_chase == set()


def test_bills_are_collected_over_real_sockets_in_every_mode(transport: RequestsTransport) -> None:
    service, existing = FakeService(Clock().now), ExistingStub()
    service.authorization = "Bearer a-token"
    with served(service) as url:
        client = a_client(transport, url, existing)
        for number, mode in enumerate(("live", "shadow", "off") * 3):
            service.mode = mode
            attempt = client.collect(a_bill(number))
            assert attempt.processor == ("chase" if mode == "live" else "existing")
        assert client.send_reports() == 3

    assert (len(service.at_chase), len(existing.books), len(service.shadows)) == (3, 6, 3)


def test_a_redirect_is_not_followed(transport: RequestsTransport) -> None:
    class Redirecting(FakeService):
        def handle(self, path: str, headers: object, body: bytes) -> object:  # type: ignore[override]  # an answer too
            self.calls.append((path, ""))
            return type("Redirect", (), {"status": 307, "body": {}, "headers": {"location": f"{url}/elsewhere"}})

    service = Redirecting(Clock().now)
    with served(service) as url:
        answer = transport.send(Request("POST", f"{url}/payments", {}, b"4112344112344113", NoAuth()), 2)

    assert (answer.status, [path for path, _ in service.calls]) == (307, ["/payments"])


def test_an_answer_that_does_not_end_is_no_answer(transport: RequestsTransport) -> None:
    class Endless(FakeService):
        def handle(self, path: str, headers: object, body: bytes) -> Answer:  # type: ignore[override]  # asks nothing
            return Answer(201, {"state": "authorized" * 200_000})

    with served(Endless(Clock().now)) as url, pytest.raises(NoAnswer, match="too long"):
        transport.send(Request("POST", f"{url}/payments", {}, b"{}", NoAuth()), 10)


def test_a_request_does_not_show_its_body() -> None:
    assert "4112" not in repr(Request("POST", "https://example.com", {}, b"4112344112344113", NoAuth()))


@pytest.mark.parametrize("url", ["http://payments.example.com/api/v1", "ftp://127.0.0.2/", "payments.example.com"])
def test_a_url_that_would_leave_the_machine_without_tls_is_refused(transport: RequestsTransport, url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        PaymentService(transport, url, NoAuth())


class TestADeadline:
    def test_ends_a_wait_for_a_free_call_too(self) -> None:
        deadlines: Deadlines[bool] = Deadlines(calls_max=1)
        release = threading.Event()
        with pytest.raises(NoAnswer, match="no answer within"):
            deadlines.call(lambda: release.wait(30), 0.02)

        with pytest.raises(NoAnswer, match="every call is taken"):
            deadlines.call(lambda: True, 0.02)

        release.set()
        assert deadlines.call(lambda: True, 5)

    def test_ends_at_once_where_no_thread_is_to_be_had(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refused(thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        deadlines: Deadlines[bool] = Deadlines(calls_max=1)
        with monkeypatch.context() as full:
            full.setattr(threading.Thread, "start", refused)
            for _ in range(2):
                with pytest.raises(NoAnswer, match="no thread"):
                    deadlines.call(lambda: True, 5)

        assert deadlines.call(lambda: True, 5)

    def test_names_what_went_wrong_by_type_alone(self) -> None:
        def fails() -> bool:
            raise ValueError("4112344112344113")

        with pytest.raises(NoAnswer) as told:
            Deadlines(1).call(fails, 5)

        assert str(told.value) == "ValueError"
