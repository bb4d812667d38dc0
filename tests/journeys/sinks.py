"""Every place where a secret could come to rest or be shown, turned into texts to look through."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any

from shared.telemetry import RecordedTelemetry
from tests.house import ROOT, Answer

Text = tuple[str, str | bytes]
"""Where it stood, and what."""

# What every record has; anything else came by `extra=`.
_OF_EVERY_RECORD = frozenset({*vars(logging.makeLogRecord({})), "message"})


class Sinks:
    """What has been said and stored. As a log handler it hears every logger at DEBUG, while `listening`."""

    def __init__(self, data: Path, telemetry: RecordedTelemetry) -> None:
        self.answers: list[Answer] = []
        self.printed: list[Text] = []
        self._data, self._telemetry = data, telemetry
        # Once each: much is said again and again.
        self._told: dict[Text, None] = {}

    def texts(self) -> Iterator[Text]:
        yield from self._told
        yield from self.printed
        for answer in self.answers:
            yield f"the body of a {answer.status}", answer.text
            yield f"the headers of a {answer.status}", repr(dict(answer.headers))
        for kind, told in (("event", self._telemetry.events), ("alarm", self._telemetry.alarms)):
            for name, fields in told:
                yield f"the {kind} {name}", f"{fields!r} {json.dumps(fields, default=str)}"

    def record(self, record: logging.LogRecord) -> None:
        """A line as it is written, and what comes with it beside the line."""
        where = f"the log of {record.name}"
        self._tell(where, logging.Formatter("%(message)s").format(record))
        extra = {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD}
        self._tell(where, f"{record.msg!r} {record.args!r} {extra!r}")
        if record.exc_info and record.exc_info[1]:
            self.exception(record.exc_info[1], where)

    def complaint(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What the event loop says of a task whose error nobody took, and the like."""
        self._tell("a complaint of the event loop", repr(context))
        if isinstance(error := context.get("exception"), BaseException):
            self.exception(error, "a complaint of the event loop")
        loop.default_exception_handler(context)

    def exception(self, error: BaseException, where: str = "an exception", *, with_locals: bool = True) -> None:
        """As a rich tracer prints it: its text, those it came from, and the local variables of every frame."""
        for each in _chain(error):
            self._tell(where, f"{each} {each!r} {each.args!r} {getattr(each, '__notes__', '')}")
            if with_locals:
                self._tell(f"a local variable of {where}", *_locals(each.__traceback__))

    def value(self, value: object) -> None:
        """However somebody might print it."""
        shown = (repr(value), f"{value} {[value]!r}", json.dumps([value], default=str))
        self._tell(f"a {type(value).__name__} as text", *shown)

    def files(self) -> None:
        """
        Every byte of every file, as it is now; and every row of every database among them.

        But not the folder of the laptop's keys, where they belong.
        """
        for path in sorted(path for path in self._data.rglob("*") if path.is_file() and path.parent.name != "keys"):
            self._tell(f"the file {path.name}", path.read_bytes())
            if path.suffix == ".sqlite3":
                self._told |= dict.fromkeys(_rows(path))

    def _tell(self, where: str, *texts: str | bytes) -> None:
        self._told |= dict.fromkeys((where, text) for text in texts)


class Listening(logging.Handler):
    """Hears every logger, whatever its level, and puts all back at the end."""

    def __init__(self, sinks: Sinks) -> None:
        super().__init__(logging.DEBUG)
        self._sinks = sinks
        self._levels: dict[logging.Logger, int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self._sinks.record(record)

    def __enter__(self) -> "Listening":
        known = [each for each in logging.root.manager.loggerDict.values() if isinstance(each, logging.Logger)]
        self._levels = {logger: logger.level for logger in (logging.root, *known)}
        for logger in self._levels:
            logger.setLevel(logging.DEBUG)
        logging.root.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.root.removeHandler(self)
        for logger, level in self._levels.items():
            logger.setLevel(level)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or each in seen:
            continue
        seen.append(each)
        waiting += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
        yield each


def _locals(trace: TracebackType | None) -> Iterator[str]:
    """Of every frame but those of tests, which hold the secrets on purpose."""
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(str(ROOT / "tests")):
            for name, value in list(trace.tb_frame.f_locals.items()):
                yield f"{trace.tb_frame.f_code.co_qualname}: {name} = {value!r}"
        trace = trace.tb_next


def _rows(path: Path) -> Iterator[Text]:
    with closing(sqlite3.connect(path)) as file:
        try:
            tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                for row in file.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - names from the file itself
                    yield f"a row of {table}", json.dumps(row, default=repr)
        except sqlite3.DatabaseError:
            return  # a file that a test has spoiled; its bytes are looked through all the same
