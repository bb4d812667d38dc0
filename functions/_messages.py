"""What every bus door shares: the message as the platform hands it over, to a consumer, or aside."""

import azure.functions as func

from shared import wiring
from shared.payments.messages import Queue
from shared.telemetry import correlation_id
from shared.use_cases.setting_aside import Consume


async def consumed(message: func.ServiceBusMessage, queue: Queue, consume: Consume) -> None:
    """
    Have `consume` act on the message. What it raises is raised: the broker delivers again, then gives up.

    A message that no delivery can help is set aside instead, and done with.
    """
    token = correlation_id.set(message.message_id)
    try:
        body = message.get_body()
        await wiring.services().setting_aside.consume(queue, message.message_id, body, consume)
    finally:
        correlation_id.reset(token)
