"""What every bus door shares: the message as the platform hands it over, to a consumer, or aside."""

from datetime import UTC

import azure.functions as func

from functions._http import correlation_id_for
from shared import wiring
from shared.payments.messages import Queue
from shared.telemetry.context import CORRELATION, TRACEPARENT, entered
from shared.use_cases.setting_aside import Consume


async def consumed(message: func.ServiceBusMessage, queue: Queue, consume: Consume) -> None:
    """
    Have `consume` act on the message. What it raises is raised: the broker delivers again, then gives up.

    A message that no delivery can help is set aside instead, and done with. What happens belongs to the call that the
    message was made in.
    """
    beside = message.application_properties or {}
    correlation, traceparent = _text(beside.get(CORRELATION)), _text(beside.get(TRACEPARENT))
    with entered(correlation_id_for(correlation) if correlation else message.message_id, traceparent):
        services = wiring.services()
        if message.enqueued_time_utc is not None:
            waited = services.clock.now() - message.enqueued_time_utc.replace(tzinfo=UTC)
            services.telemetry.observe_ms("messages.age_ms", waited.total_seconds() * 1000, queue=queue.value)
        await services.setting_aside.consume(queue, message.message_id, message.get_body(), consume)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
