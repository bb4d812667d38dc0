"""Timer: send live sales back to the existing processor where they go wrong."""

import azure.functions as func

from shared import wiring

bp = func.Blueprint()


@bp.function_name("rollout_guard")
@bp.timer_trigger(schedule="*/30 * * * * *", arg_name="timer", run_on_startup=False, use_monitor=True)
async def rollout_guard(timer: func.TimerRequest) -> None:
    await wiring.services().rollout_guard.run_once()
