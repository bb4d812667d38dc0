"""A workspace of our own: the tables that the queries read, in DuckDB, asked in KQL at a moment that stands still."""

import json
import logging
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import duckdb
import duckdb_kql

from shared.telemetry import LoggedTelemetry

# A Wednesday in business hours.
NOW = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)

# The columns of the real tables that queries may read.
TABLES = {
    "AppTraces": {"TimeGenerated": "datetime", "Message": "string", "ItemCount": "int"},
    "AppRequests": {
        "TimeGenerated": "datetime",
        "Name": "string",
        "ResultCode": "string",
        "Success": "bool",
        "DurationMs": "real",
        "ItemCount": "int",
    },
    "AzureMetrics": {
        "TimeGenerated": "datetime",
        "ResourceProvider": "string",
        "MetricName": "string",
        "Total": "real",
        "Maximum": "real",
        "Minimum": "real",
        "Average": "real",
    },
}
_COLUMN = {"datetime": "TIMESTAMP", "string": "VARCHAR", "int": "INTEGER", "bool": "BOOLEAN", "real": "DOUBLE"}
BUS, SQL = "MICROSOFT.SERVICEBUS", "MICROSOFT.SQL"


class Logs:
    """
    Filled a row at a time; `minutes_ago` is the row's age at `NOW`.

    What happened `times` is one row with that ItemCount, as Azure keeps it where it samples: queries must count so.
    """

    def __init__(self) -> None:
        self._database = duckdb.connect()
        self._database.execute("SET TimeZone = 'UTC'")
        for table, columns in TABLES.items():
            listed = ", ".join(f"{name} {_COLUMN[kind]}" for name, kind in columns.items())
            self._database.execute(f"CREATE TABLE {table} ({listed})")

    def event(self, name: str, minutes_ago: float = 1, *, times: int = 1, alarm: bool = False, **fields: Any) -> None:
        """As the service writes it: through its own telemetry."""
        if not times:
            return
        written = _Kept()
        logger = logging.getLogger("payments")
        before = logger.level
        logger.addHandler(written)
        logger.setLevel(logging.INFO)
        try:
            telemetry = LoggedTelemetry()
            (telemetry.alarm if alarm else telemetry.event)(name, **fields)
        finally:
            logger.removeHandler(written)
            logger.setLevel(before)
        [line] = written.lines
        self._row("AppTraces", _at(minutes_ago), line, times)

    def requests(
        self, name: str, minutes_ago: float = 1, *, code: int = 200, times: int = 1, duration_ms: float = 50.0
    ) -> None:
        if times:
            self._row("AppRequests", _at(minutes_ago), name, str(code), code < 400, duration_ms, times)

    def metric(self, provider: str, name: str, minutes: int, value: float) -> None:
        """The same `value` in each of the last `minutes`."""
        for minute in range(1, minutes + 1):
            self._row("AzureMetrics", _at(minute - 0.5), provider, name, value, value, value, value)

    def ask(self, query: str, now: datetime = NOW) -> list[dict[str, Any]]:
        """The rows that `query` (KQL) answers at `now`. Raises duckdb_kql.KqlError for one that cannot be read."""
        translated = _sql(query, now)
        found = self._database.execute(translated, translated.parameters)
        columns = [column[0] for column in found.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]

    def empty(self) -> None:
        for table in TABLES:
            self._database.execute(f"TRUNCATE {table}")

    def close(self) -> None:
        self._database.close()

    def _row(self, table: str, *values: Any) -> None:
        marks = ", ".join("?" * len(values))
        self._database.execute(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608 - names of TABLES


@cache
def _sql(query: str, now: datetime) -> duckdb_kql.TranslationResult:
    """Reading KQL takes a quarter of a second: once a query and a run."""
    return duckdb_kql.to_sql(query, schema={table: list(of) for table, of in TABLES.items()}, query_now=now)


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        assert json.loads(line)["event"]
        self.lines.append(line)


def _at(minutes_ago: float) -> datetime:
    return (NOW - timedelta(minutes=minutes_ago)).replace(tzinfo=None)
