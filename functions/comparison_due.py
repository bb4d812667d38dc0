"""Timer: compare again what is final in shadow, and mirror what no message brought out."""

import azure.functions as func

from shared import wiring

bp = func.Blueprint()


@bp.function_name("comparison_due")
@bp.timer_trigger(schedule="0 */10 * * * *", arg_name="timer", run_on_startup=False, use_monitor=True)
async def comparison_due(timer: func.TimerRequest) -> None:
    await wiring.services().comparison_due.run_once()
