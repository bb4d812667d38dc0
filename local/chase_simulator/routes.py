"""Chase's routes: which operation each belongs to, and what does its work."""

from typing import Final

from aiohttp import web

from local.chase_simulator.assertions import Assertions
from local.chase_simulator.captures import Captures
from local.chase_simulator.chase_door import ChaseDoor
from local.chase_simulator.client_secrets import ClientSecrets
from local.chase_simulator.desk import Desk
from local.chase_simulator.exchange import Answer, Call, Work
from local.chase_simulator.faults import Operation
from local.chase_simulator.payments import Payments
from local.chase_simulator.refunds import Refunds
from local.chase_simulator.verifications import Verifications
from local.chase_simulator.voids import Voids

BASE_PATH: Final = "/api/v2"
TOKEN_PATH: Final = "/am/oauth2/alpha/access_token"  # noqa: S105 - a path
ASSERTION_TOKEN_PATH: Final = "/adfs/oauth2/token"  # noqa: S105 - a path

_ID: Final = "{transaction_id}"


def chase_app(door: ChaseDoor, desk: Desk, client_secrets: ClientSecrets, assertions: Assertions) -> web.Application:
    """
    All of them, each behind `door`, where it meets the faults ordered for its operation.

    A capture acts on an authorisation as a void does, and shares its faults; a verification shares those of a payment.
    """
    app = web.Application()

    def route(method: str, path: str, operation: Operation, work: Work) -> None:
        app.router.add_route(method, path, door.handler(operation, work))

    route("POST", TOKEN_PATH, Operation.TOKEN, client_secrets.issue)
    route("POST", ASSERTION_TOKEN_PATH, Operation.TOKEN, assertions.issue)

    payments, captures = Payments(desk), Captures(desk)
    refunds, verifications = Refunds(desk), Verifications(desk)
    route("POST", f"{BASE_PATH}/payments", Operation.PAYMENT, payments.create)
    route("PATCH", f"{BASE_PATH}/payments/{_ID}", Operation.VOID, Voids(desk).change)
    route("POST", f"{BASE_PATH}/payments/{_ID}/captures", Operation.VOID, captures.create)
    route("POST", f"{BASE_PATH}/refunds", Operation.REFUND, refunds.create)
    route("POST", f"{BASE_PATH}/verifications", Operation.PAYMENT, verifications.create)

    look_ups = {
        "payments": (payments.find, payments.by_id),
        "captures": (captures.find, captures.by_id),
        "refunds": (refunds.find, refunds.by_id),
        "verifications": (verifications.find, verifications.by_id),
    }
    for name, (find, by_id) in look_ups.items():
        route("GET", f"{BASE_PATH}/{name}", Operation.INQUIRY, find)
        route("GET", f"{BASE_PATH}/{name}/{_ID}", Operation.INQUIRY, by_id)
    for name in ("payments", "refunds", "verifications"):
        route("GET", f"{BASE_PATH}/healthcheck/{name}", Operation.HEALTH, _health)
    return app


def _health(_call: Call) -> Answer:
    return Answer(200, {"status": "PASS"})
