"""Reading a function app: its routes, queues and schedules."""

import azure.functions as func
import pytest

from local.registered import CannotBeServed, registered


def test_every_kind_of_trigger_is_found_with_what_it_listens_to(app: func.FunctionApp) -> None:
    found = registered(app, {"RETRY_QUEUE": "chase-retry"})

    assert {each.function.name for each in found.http} == {
        "Echo",
        "OneThing",
        "ListThings",
        "VoidThing",
        "Fails",
        "TwoCookies",
    }
    assert [(each.function.name, each.queue) for each in found.bus] == [("chase_retry", "chase-retry")]
    assert [(each.function.name, each.schedule) for each in found.timers] == [("sweep", "0 * * * * *")]


def test_an_app_may_be_read_more_than_once(app: func.FunctionApp) -> None:
    settings = {"RETRY_QUEUE": "chase-retry"}

    assert registered(app, settings) == registered(app, settings)


def test_a_setting_that_a_binding_needs_is_named_where_it_is_missing(app: func.FunctionApp) -> None:
    with pytest.raises(CannotBeServed, match="chase_retry: the setting RETRY_QUEUE is missing"):
        registered(app, {})


def test_a_binding_that_this_host_has_not_got_is_refused() -> None:
    app = func.FunctionApp()

    @app.function_name("Writes")
    @app.route(route="writes", methods=["GET"])
    @app.queue_output(arg_name="out", queue_name="q", connection="c")
    def writes(req: func.HttpRequest, out: func.Out[str]) -> str:
        return ""

    with pytest.raises(CannotBeServed, match="Writes: a binding of type queue"):
        registered(app, {})


def test_a_trigger_that_this_host_has_not_got_is_refused() -> None:
    app = func.FunctionApp()

    @app.function_name("Blobs")
    @app.blob_trigger(arg_name="blob", path="p", connection="c")
    def blobs(blob: func.InputStream) -> None: ...

    with pytest.raises(CannotBeServed, match="Blobs: a trigger of type blobTrigger"):
        registered(app, {})
