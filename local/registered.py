"""What `function_app.app` registers, read through azure-functions' public API: routes, queues and schedules as data."""

import asyncio
import inspect
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import azure.functions as func

# In a binding, %NAME% stands for a setting; the platform's host puts the value in, not its worker.
_SETTING: Final = re.compile(r"%([^%]+)%")
_EVERY_METHOD: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_OUTPUT_OF_HTTP: Final = ("http", "$return")


class CannotBeServed(Exception):
    """A function asks for something that this host does not have. The text names the function."""


class InvocationContext(func.Context):
    """What a handler may ask about its own invocation. One per call."""

    def __init__(self, function_name: str) -> None:
        self._function_name = function_name
        self._invocation_id = str(uuid.uuid4())
        self._local = threading.local()
        self._local.invocation_id = self._invocation_id

    @property
    def invocation_id(self) -> str:
        return self._invocation_id

    @property
    def function_name(self) -> str:
        return self._function_name

    @property
    def function_directory(self) -> str:
        return ""

    @property
    def thread_local_storage(self) -> Any:
        return self._local

    @property
    def trace_context(self) -> Any:
        """None: nothing traces on a laptop."""
        return None

    @property
    def retry_context(self) -> Any:
        """None: this host has no retry policies."""
        return None


class Watching(Protocol):
    """Whoever counts invocations, as the platform's host would."""

    def now(self) -> datetime: ...

    def ended(self, function: str, began: datetime, answer: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Function:
    """One registered handler and how to call it, whatever its trigger."""

    name: str
    handler: Callable[..., Any]
    argument: str
    takes_context: bool
    is_async: bool
    watched_by: "Watching | None" = None

    async def call(self, trigger: object) -> Any:
        """What the handler returns for `trigger`; raises what it raises. A sync handler runs in a thread."""
        if self.watched_by is None:
            return await self._called(trigger)
        began = self.watched_by.now()
        try:
            answer = await self._called(trigger)
        except Exception as error:
            self.watched_by.ended(self.name, began, error)
            raise
        self.watched_by.ended(self.name, began, answer)
        return answer

    async def _called(self, trigger: object) -> Any:
        arguments: dict[str, object] = {self.argument: trigger}
        if self.takes_context:
            arguments["context"] = InvocationContext(self.name)
        if self.is_async:
            return await self.handler(**arguments)
        return await asyncio.to_thread(self.handler, **arguments)


@dataclass(frozen=True, slots=True)
class HttpFunction:
    function: Function
    route: str
    methods: frozenset[str]


@dataclass(frozen=True, slots=True)
class BusFunction:
    function: Function
    queue: str


@dataclass(frozen=True, slots=True)
class TimerFunction:
    """`schedule` is NCRONTAB: six fields, seconds first."""

    function: Function
    schedule: str
    run_on_startup: bool


@dataclass(frozen=True, slots=True)
class Registered:
    http: tuple[HttpFunction, ...]
    bus: tuple[BusFunction, ...]
    timers: tuple[TimerFunction, ...]


def registered(app: func.FunctionApp, settings: Mapping[str, str], *, watched_by: Watching | None = None) -> Registered:
    """
    Everything `app` registers, with %SETTING% replaced from `settings`; each call of it told to `watched_by`.

    Raises CannotBeServed for a trigger, binding or setting that this host does not have.
    """
    found = [_typed(function, settings, watched_by) for function in declared(app)]
    return Registered(
        http=tuple(each for each in found if isinstance(each, HttpFunction)),
        bus=tuple(each for each in found if isinstance(each, BusFunction)),
        timers=tuple(each for each in found if isinstance(each, TimerFunction)),
    )


def declared(app: func.FunctionApp) -> list[Any]:
    """The functions as azure-functions declares them."""
    # The app remembers the names it has handed out and takes a second look at itself for a clash.
    app.functions_bindings = None
    return list(app.get_functions())


def _typed(
    declared: Any, settings: Mapping[str, str], watched_by: Watching | None
) -> HttpFunction | BusFunction | TimerFunction:
    name = declared.get_function_name()
    binding = declared.get_trigger().get_dict_repr()
    for other in declared.get_bindings_dict()["bindings"]:
        if other["name"] != binding["name"] and (other["type"], other["name"]) != _OUTPUT_OF_HTTP:
            raise CannotBeServed(f"{name}: a binding of type {other['type']} is not served here")
    function = _function(name, declared.get_user_function(), binding["name"], watched_by)
    match binding["type"]:
        case "httpTrigger":
            return HttpFunction(function, _resolved(binding["route"], settings, name), _methods(binding))
        case "serviceBusTrigger" if "queueName" in binding:
            return BusFunction(function, _resolved(binding["queueName"], settings, name))
        case "timerTrigger":
            schedule = _resolved(binding["schedule"], settings, name)
            return TimerFunction(function, schedule, bool(binding.get("runOnStartup")))
        case other_type:
            raise CannotBeServed(f"{name}: a trigger of type {other_type} is not served here")


def _function(name: str, handler: Callable[..., Any], argument: str, watched_by: Watching | None) -> Function:
    takes_context = "context" in inspect.signature(handler).parameters
    return Function(name, handler, argument, takes_context, inspect.iscoroutinefunction(handler), watched_by)


def _methods(binding: Mapping[str, Any]) -> frozenset[str]:
    methods = binding.get("methods") or _EVERY_METHOD
    return frozenset(str(getattr(method, "value", method)).upper() for method in methods)


def _resolved(text: str, settings: Mapping[str, str], function_name: str) -> str:
    def value(match: re.Match[str]) -> str:
        try:
            return settings[match[1]]
        except KeyError:
            raise CannotBeServed(f"{function_name}: the setting {match[1]} is missing") from None

    return _SETTING.sub(value, text)
