"""Timer: sales that a crash left behind, and sales whose answer was lost."""

import azure.functions as func

from shared import wiring

bp = func.Blueprint()


@bp.function_name("reconciliation")
@bp.timer_trigger(schedule="0 * * * * *", arg_name="timer", run_on_startup=False, use_monitor=True)
async def reconciliation(timer: func.TimerRequest) -> None:
    await wiring.services().reconciliation.run_once()
