"""The bodies of the rollout's routes."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from functions._fields import Body, text
from functions._follow_ups import Reason
from shared.payments.requests import MethodType
from shared.shadow.document import RolloutVersion, as_json
from shared.shadow.stored_decision import Asked, StoredDecision

_METHODS: Final = ", ".join(f"`{method}`" for method in MethodType)


class DecisionBody(Body):
    """`POST /rollout/decisions`."""

    attempt: Annotated[str, text(r"^[!-~]+$", 1, 255, example="attempt-2026-000123-1")]
    biller_id: Annotated[str, text(r"^[a-z0-9][a-z0-9-]*$", 1, 40, example="city-water")]
    method: Annotated[Literal["card", "ach", "applePay", "googlePay"], Field(description=f"one of {_METHODS}")]
    reference: Annotated[
        str, text(r"^[A-Za-z0-9._-]([A-Za-z0-9 ._-]*[A-Za-z0-9._-])?$", 1, 64, example="INV-2026-000123")
    ]
    give_up: Annotated[Literal[True] | None, Field(description="`true`, or leave it out")] = None

    def asked(self, caller: str) -> Asked:
        return Asked(caller, self.attempt, self.biller_id, self.method, self.reference)


class RolloutBody(Body):
    """`PUT /rollout/config`. The document itself is read by the domain, which names each of its problems."""

    document: Annotated[dict[str, Any], Field(description="the rollout document, an object with `rules`")]
    reason: Reason
    force: Annotated[Literal[True] | None, Field(description="`true`, or leave it out")] = None


def shown_decision(decision: StoredDecision) -> dict[str, Any]:
    """As callers see it (docs/openapi.yaml: Decision)."""
    return {
        "attempt": decision.asked.attempt,
        "mode": decision.mode,
        "processor": decision.processor,
        "configVersion": decision.config_version,
        "decidedAt": _time(decision.decided_at),
        "expiresAt": None if decision.expires_at is None else _time(decision.expires_at),
    }


def shown_version(version: RolloutVersion) -> dict[str, Any]:
    """As operators see it (docs/openapi.yaml: RolloutVersion)."""
    return {"version": version.version, "document": as_json(version.document), **_told(version)}


def shown_entry(version: RolloutVersion) -> dict[str, Any]:
    """An earlier version, without its document."""
    return {"version": version.version, **_told(version)}


def _told(version: RolloutVersion) -> dict[str, Any]:
    return {
        "actor": version.actor,
        "reason": version.reason,
        "forced": version.forced,
        "at": _time(version.at),
    }


def _time(at: Any) -> str:
    return str(at.replace(tzinfo=None).isoformat(timespec="milliseconds")) + "Z"
