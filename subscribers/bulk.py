"""Many rows of one table at once, as plain values: COPY on PostgreSQL, one prepared statement on SQLite.

A million model objects would cost more than the rows they stand for. Inside a transaction only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias

from django.db import connection, models
from django.db.models.fields import NOT_PROVIDED

Value: TypeAlias = str | int | bool | None
CACHE_KB = 65536
_ESCAPES: dict[int, str] = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Bulk:
    """Writes rows of `model`: the given columns from each row, the fixed ones alike in all, every other by its field.

    That is the default of the field, of the model or of the database; what would be NULL is not written at all.
    """

    def __init__(
        self, model: type[models.Model], given: Sequence[str], fixed: Mapping[str, Value] | None = None
    ) -> None:
        table, fields = model._meta.db_table, model._meta.concrete_fields
        said = {*given, *(fixed or ())}
        rest = [field for field in fields if field.column not in said and not _is_left_to_the_database(field)]
        alike = {str(field.column): _default(field) for field in rest} | dict(fixed or {})
        alike = {column: value for column, value in alike.items() if value is not None}
        self._alike: tuple[Value, ...] = tuple(alike.values())
        columns = [*given, *alike]
        names = ", ".join(connection.ops.quote_name(str(column)) for column in columns)
        holders = ", ".join(["%s"] * len(columns))
        self._is_postgres = connection.vendor == "postgresql"
        self._statement = (
            f"COPY {table} ({names}) FROM STDIN"
            if self._is_postgres
            else f"INSERT INTO {table} ({names}) VALUES ({holders})"  # noqa: S608 - our own names
        )
        self._tail = "".join([f"\t{_copied(value)}" for value in self._alike]) + "\n"

    def insert(self, rows: Sequence[tuple[Value, ...]]) -> None:
        """Write these rows, in this order; IntegrityError as for any insert."""
        if not rows:
            return
        with connection.cursor() as cursor:
            if not self._is_postgres:
                alike = self._alike
                cursor.executemany(self._statement, [row + alike for row in rows])
                return
            with connection.wrap_database_errors, cursor.copy(self._statement) as copy:
                copy.write("".join(map(self._line, rows)))

    def _line(self, row: tuple[Value, ...]) -> str:
        # https://www.postgresql.org/docs/current/sql-copy.html, text format
        line = "\t".join([value if value.__class__ is str else _copied(value) for value in row])
        if line.count("\t") >= len(row) or "\\" in line or "\n" in line or "\r" in line:
            line = "\t".join(map(_copied, row))
        return line + self._tail


def reserve(model: type[models.Model], number: int) -> Sequence[int]:
    """So many primary keys that nobody has or will get: inside the transaction that uses them."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The name of the sequence is asked for once: asked for row by row it took longer than the numbers.
            sequence = "SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name OFFSET 0"
            statement = f"SELECT nextval(name) FROM ({sequence}) AS one, generate_series(1, %s)"  # noqa: S608
            cursor.execute(statement, [table, number])
            return [id_ for (id_,) in cursor.fetchall()]
        # AUTOINCREMENT never gives a number twice, also not that of a row which is gone.
        cursor.execute(
            f"SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = %s), 0), "  # noqa: S608
            f"coalesce((SELECT max(id) FROM {table}), 0))",
            [table],
        )
        last = int(cursor.fetchone()[0])
        return range(last + 1, last + 1 + number)


def select(
    columns: Sequence[str], model: type[models.Model], where: str, keys: Sequence[Any], also: str = ""
) -> list[tuple[Any, ...]]:
    """The rows whose column `where` is one of the keys, as the database holds them: JSON stays text."""
    if not keys:
        return []
    statement = f"SELECT {', '.join(columns)} FROM {model._meta.db_table} WHERE {where}"  # noqa: S608 - our own names
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} {_among(keys)} {also}", _parameters(keys))
        return list(cursor.fetchall())


def run(statement: str, where: str, keys: Sequence[Any]) -> None:
    """An UPDATE or DELETE of the rows whose column `where` is one of the keys."""
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(f"{statement} WHERE {where} {_among(keys)}", _parameters(keys))


def run_each(statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """The statement once for each row."""
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)


def widen_cache() -> None:
    """Room for the indexes of a large list, which do not fit into SQLite's default of 2 MB. A limit, not a need."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA cache_size = -{CACHE_KB}")


@contextmanager
def checked_at_once() -> Iterator[None]:
    """PostgreSQL checks foreign keys after each statement: for the commit it keeps a million people's in memory."""
    _tell_postgres("SET CONSTRAINTS ALL IMMEDIATE")
    yield
    _tell_postgres("SET CONSTRAINTS ALL DEFERRED")  # as Django declares them; an error takes it all back anyway


def count_anew(*tables: type[models.Model]) -> None:
    """PostgreSQL plans by statistics: a list that has just come in would be read whole, for every block of keys.

    It does so by itself within minutes. https://www.postgresql.org/docs/current/populate.html
    """
    _tell_postgres(f"ANALYZE (SKIP_LOCKED) {', '.join(table._meta.db_table for table in tables)}")


@lru_cache(maxsize=4096)
def moment(at: datetime) -> str:
    """A date and time as the database of this connection takes it."""
    return str(connection.ops.adapt_datetimefield_value(at))


def listed(values: Sequence[str]) -> str:
    """A list of keys as the database holds it."""
    return json.dumps(list(values)) if values else "[]"


def _tell_postgres(statement: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(statement)


def _among(keys: Sequence[Any]) -> str:
    # One array is one parameter: a statement of 900 costs PostgreSQL and its driver more than the look-up itself.
    return "= ANY(%s)" if connection.vendor == "postgresql" else f"IN ({', '.join(['%s'] * len(keys))})"


def _parameters(keys: Sequence[Any]) -> Sequence[Any]:
    return [list(keys)] if connection.vendor == "postgresql" else keys


def _is_left_to_the_database(field: models.Field[Any, Any]) -> bool:
    return field.primary_key or field.db_default is not NOT_PROVIDED


def _default(field: models.Field[Any, Any]) -> Value:
    value = field.get_default()
    if isinstance(field, models.JSONField):
        return json.dumps(value)
    if value is None or isinstance(value, str | int | bool):
        return value
    raise TypeError(f"{field}: {type(value).__name__} has no plain form here")


def _copied(value: Value) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    return str(value).translate(_ESCAPES)
