"""Timer: publish what was left in the outbox, and what has fallen due."""

import azure.functions as func

from shared import wiring

bp = func.Blueprint()


@bp.function_name("outbox_sweep")
@bp.timer_trigger(schedule="*/15 * * * * *", arg_name="timer", run_on_startup=False, use_monitor=True)
async def outbox_sweep(timer: func.TimerRequest) -> None:
    await wiring.services().outbox_sweep.run_once()
