"""Service Bus: ask Chase's test endpoint for what was taken in shadow."""

import azure.functions as func

from functions._messages import consumed
from shared import wiring
from shared.payments.messages import Queue

bp = func.Blueprint()


@bp.function_name("shadow_mirror")
@bp.service_bus_queue_trigger(arg_name="message", queue_name=Queue.SHADOW_MIRROR.value, connection="SERVICEBUS")
async def shadow_mirror(message: func.ServiceBusMessage) -> None:
    await consumed(message, Queue.SHADOW_MIRROR, wiring.services().shadow_mirror.consume)
