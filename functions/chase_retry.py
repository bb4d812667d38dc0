"""Service Bus: send again what waits with us."""

import azure.functions as func

from functions._messages import consumed
from shared import wiring
from shared.payments.messages import Queue

bp = func.Blueprint()


@bp.function_name("chase_retry")
@bp.service_bus_queue_trigger(arg_name="message", queue_name=Queue.CHASE_RETRY.value, connection="SERVICEBUS")
async def chase_retry(message: func.ServiceBusMessage) -> None:
    await consumed(message, Queue.CHASE_RETRY, wiring.services().chase_retry.consume)
