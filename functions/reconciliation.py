"""Timer: what a crash left behind, what is due to be asked about or sent, and what the bank says in its files."""

import azure.functions as func

from shared import wiring

bp = func.Blueprint()


@bp.function_name("reconciliation")
@bp.timer_trigger(schedule="0 * * * * *", arg_name="timer", run_on_startup=False, use_monitor=True)
async def reconciliation(timer: func.TimerRequest) -> None:
    services = wiring.services()
    await services.reconciliation.run_once()
    if services.bank_file_import is not None:
        await services.bank_file_import.run_once()
