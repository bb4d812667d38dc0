"""Chase's error bodies: the `messages` shape of the processor, and the gateway's own."""

from collections.abc import Sequence

from local.chase_simulator.exchange import Answer
from local.chase_simulator.validation import Problem


def refusal(status: int, code: str, message: str, problems: Sequence[Problem] = ()) -> Answer:
    """The `messages` shape: `responseStatus` ERROR, which comes with 4XX and 5XX only."""
    body: dict[str, object] = {"responseStatus": "ERROR", "responseCode": code, "responseMessage": message}
    if problems:
        body["validationErrors"] = [
            {"code": problem.code, "message": problem.message, "entity": problem.entity} for problem in problems
        ]
    return Answer(status, body)


def invalid(*problems: Problem) -> Answer:
    return refusal(400, "VALIDATION_ERROR", "Request contains validation error", problems)


def not_found() -> Answer:
    return refusal(404, "NOT_FOUND", "No such transaction for this merchant")


def duplicate() -> Answer:
    return refusal(409, "DUPLICATE", "Duplicate transaction")


def wrong_state(message: str) -> Answer:
    """What was asked for is not possible (any more). Chase's own code is not public: this one is ours."""
    return refusal(400, "INVALID_TRANSACTION_STATE", message)


def over_refund() -> Answer:
    """More than is left. Chase's own code is not public: this one is ours."""
    return refusal(400, "REFUND_EXCEEDS_REMAINING_AMOUNT", "The amount is more than what is left to be refunded")


def not_simulated(message: str) -> Answer:
    """Chase does it, this simulator does not."""
    return refusal(400, "NOT_SIMULATED", message)


def ended() -> Answer:
    """Chase gave the transaction up: it keeps no record of it."""
    return refusal(504, "TIMEOUT", "The transaction took too long and was ended")


def not_entitled() -> Answer:
    return refusal(403, "UNAUTHORIZED", "Incorrect combination of application ID and merchant ID in the header")


def invalid_token(description: str) -> Answer:
    """The gateway turns a call away before any processing."""
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return Answer(401, {"error": "invalid_token", "error_description": description}, challenge)


def oauth_error(status: int, error: str, description: str) -> Answer:
    """RFC 6749, section 5.2."""
    challenge = {"WWW-Authenticate": "Basic"} if status == 401 else {}
    return Answer(status, {"error": error, "error_description": description}, challenge)
