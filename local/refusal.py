"""Why the local host does not start; first of all where it must not: its bank is a simulator, its keys are its own."""

from collections.abc import Mapping


class CannotStart(Exception):
    """Why there is nothing to run, as a sentence for who asked for it, and the exit code that says so."""

    def __init__(self, sentence: str, *, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def reason_to_refuse(environ: Mapping[str, str]) -> str | None:
    """
    Why this is no developer's machine, as a sentence; None if it may be one.

    Asks only settings that a container elsewhere does not have by chance.
    """
    app_environment = environ.get("APP_ENVIRONMENT", "")
    if app_environment not in ("", "local"):
        return f"APP_ENVIRONMENT is {app_environment}: the local host runs only where it is local, or not set."
    functions_environment = environ.get("AZURE_FUNCTIONS_ENVIRONMENT", "")
    if functions_environment not in ("", "Development"):
        return f"AZURE_FUNCTIONS_ENVIRONMENT is {functions_environment}: the local host never runs in Azure."
    if environ.get("WEBSITE_SITE_NAME"):
        return "WEBSITE_SITE_NAME is set: the local host never runs in Azure."
    return None
