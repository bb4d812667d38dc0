"""A Log Analytics workspace on a laptop: the tables that infra's queries read, in DuckDB, asked in their own KQL."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from local.host_signals import HostSignals, old
from shared.telemetry.memory import MemoryTelemetry

# The columns of Azure's tables that queries may read.
TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    "AppTraces": {"TimeGenerated": "TIMESTAMP", "Message": "VARCHAR", "ItemCount": "INTEGER"},
    "AppRequests": {
        "TimeGenerated": "TIMESTAMP",
        "Name": "VARCHAR",
        "ResultCode": "VARCHAR",
        "Success": "BOOLEAN",
        "DurationMs": "DOUBLE",
        "ItemCount": "INTEGER",
    },
    "AzureMetrics": {
        "TimeGenerated": "TIMESTAMP",
        "ResourceProvider": "VARCHAR",
        "MetricName": "VARCHAR",
        "Total": "DOUBLE",
        "Maximum": "DOUBLE",
        "Minimum": "DOUBLE",
        "Average": "DOUBLE",
    },
}
_NOW: Final = "kqlnow"


class Workspace:
    """Takes over what is new at each question. One question at a time; from any thread."""

    def __init__(self, memory: MemoryTelemetry, signals: HostSignals) -> None:
        """Raises ImportError where the development requirements are not installed."""
        import duckdb  # noqa: PLC0415 - 0.1 s, for those who look

        self._memory, self._signals, self._lock = memory, signals, threading.Lock()
        self._taken_over = {"lines": 0, "invocations": 0, "samples": 0}
        self._database = duckdb.connect()
        self._database.execute("SET TimeZone = 'UTC'; SET threads = 1")
        for table, columns in TABLES.items():
            listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            self._database.execute(f"CREATE TABLE {table} ({listed})")

    def ask(self, query: str, now: datetime) -> list[dict[str, Any]]:
        """The rows that `query` (KQL) answers at `now`."""
        sql, parameters = _translated(query)
        with self._lock:
            self._take_over(now)
            found = self._database.execute(sql, {**parameters, _NOW: _naive(now)})
            columns = [column[0] for column in found.description or ()]
            return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]

    def close(self) -> None:
        self._database.close()

    def _take_over(self, now: datetime) -> None:
        lines = self._memory.lines(self._taken_over["lines"])
        self._add("AppTraces", [(_naive(each.at), each.text, 1) for each in lines])
        calls = self._signals.invocations(self._taken_over["invocations"])
        told = [(_naive(each.at), each.function, str(each.code), each.succeeded, each.duration_ms, 1) for each in calls]
        self._add("AppRequests", told)
        samples = self._signals.samples(self._taken_over["samples"])
        rows = [(_naive(each.at), each.provider, each.metric, each.total, *[each.value] * 3) for each in samples]
        self._add("AzureMetrics", rows)
        for name, taken in (("lines", lines), ("invocations", calls), ("samples", samples)):
            self._taken_over[name] = _last(taken, self._taken_over[name])
        for table in TABLES:
            self._database.execute(f"DELETE FROM {table} WHERE TimeGenerated < ?", [_naive(old(now))])  # noqa: S608

    def _add(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """By columns: a row at a time takes a hundred times as long."""
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            values = ", ".join(f"unnest(?::{kind}[])" for kind in TABLES[table].values())
            self._database.execute(f"INSERT INTO {table} SELECT {values}", columns)


def _last(taken: Iterable[Any], before: int) -> int:
    return max((each.number for each in taken), default=before)


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


@cache
def _translated(query: str) -> tuple[str, dict[str, Any]]:
    """Reading KQL takes a quarter of a second: once a process. The moment is a parameter of what comes out."""
    import duckdb_kql  # noqa: PLC0415 - with duckdb

    schema = {table: list(columns) for table, columns in TABLES.items()}
    # Any moment will do: it is given anew with each question.
    read = duckdb_kql.to_sql(query, schema=schema, query_now=datetime(2000, 1, 3, tzinfo=UTC))
    return str(read), dict(read.parameters)
