"""Service Bus: tell the ledger."""

import azure.functions as func

from functions._messages import consumed
from shared import wiring
from shared.payments.messages import Queue

bp = func.Blueprint()


@bp.function_name("ledger_posting")
@bp.service_bus_queue_trigger(arg_name="message", queue_name=Queue.LEDGER_POSTING.value, connection="SERVICEBUS")
async def ledger_posting(message: func.ServiceBusMessage) -> None:
    await consumed(message, Queue.LEDGER_POSTING, wiring.services().ledger_posting.consume)
