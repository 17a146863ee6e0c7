"""Remove many people by statements; what points at them follows the rule of its own foreign key.

Django's way builds every row as an object first. The application's models point down at us: they are asked through
the relation, so that we need not know them, and a new one is treated by its rule without a word here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeAlias

from django.db import models

from subscribers import bulk
from subscribers.audience import BLOCK
from subscribers.models import Subscriber

Table: TypeAlias = type[models.Model]
Pointing: TypeAlias = tuple[Table, str, bool]  # the table, its column, whether its rows go too


def remove(ids: Sequence[int]) -> None:
    """Delete these people, with what goes with them (CASCADE); what stays points at nobody (SET_NULL).

    Inside a transaction only. Nobody is told: the models have no listeners for it.
    """
    _remove(Subscriber, ids)


@cache
def pointing_at(table: Table) -> tuple[Pointing, ...]:
    """Every foreign key to this table; TypeError if one has a rule that is not treated here."""
    fields = table._meta.get_fields(include_hidden=True)  # hidden: the tables between two models
    return tuple([_pointing(one) for one in fields if isinstance(one, models.ManyToOneRel)])


def _pointing(relation: models.ManyToOneRel) -> Pointing:
    if relation.on_delete not in (models.CASCADE, models.SET_NULL):
        raise TypeError(f"{relation.field}: removal treats CASCADE and SET_NULL only")
    return relation.related_model, relation.field.column, relation.on_delete is models.CASCADE


def _key(table: Table) -> str:
    return str(table._meta.pk.column)


def _remove(table: Table, ids: Sequence[Any]) -> None:
    key = _key(table)
    for start in range(0, len(ids), BLOCK):
        block = ids[start : start + BLOCK]
        for other, column, goes_too in pointing_at(table):
            if goes_too:
                _remove(other, [id_ for (id_,) in bulk.select((_key(other),), other, column, block)])
            else:
                bulk.run(f"UPDATE {other._meta.db_table} SET {column} = NULL", column, block)  # noqa: S608
        bulk.run(f"DELETE FROM {table._meta.db_table}", key, block)  # noqa: S608
