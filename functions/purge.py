"""Timer, daily: forget what has had its time; anchor the day before."""

import azure.functions as func

from shared import wiring

bp = func.Blueprint()


@bp.function_name("purge")
@bp.timer_trigger(schedule="0 30 2 * * *", arg_name="timer", run_on_startup=False, use_monitor=True)
async def purge(timer: func.TimerRequest) -> None:
    await wiring.services().purge.run_once()
