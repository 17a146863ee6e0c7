"""Where a few words still stand in the database: what somebody has to look at after a person was erased."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import CharField, Field, JSONField, Model, Q, TextField
from django.db.models.functions import Cast

from newsletter.models import Attempt, Delivery, SearchText

OURS = ("feeds", "subscribers", "newsletter", "auth")
# What servers said is stored without addresses, and it is millions of rows; the index repeats the editions.
LEFT_OUT: tuple[type[Model], ...] = (Delivery, Attempt, SearchText)
SHORTEST = 4  # characters: a family name alone stands everywhere


@dataclass(frozen=True, slots=True)
class Trace:
    """How many rows of one kind hold one of the words."""

    place: str  # in Japanese
    count: int


def find(words: Collection[str], apart_from: Mapping[type[Model], Collection[int]] | None = None) -> list[Trace]:
    """Every kind of row that holds one of `words` (those of four characters and more), without the named rows."""
    wanted = {word for word in words if len(word) >= SHORTEST}
    return list(_traces(wanted, apart_from or {})) if wanted else []


def _traces(words: set[str], apart_from: Mapping[type[Model], Collection[int]]) -> Iterator[Trace]:
    for model in apps.get_models():
        if model._meta.app_label not in OURS or model in LEFT_OUT:
            continue
        fields = [
            field for field in model._meta.concrete_fields if isinstance(field, (CharField, TextField, JSONField))
        ]
        rows = model._default_manager.exclude(pk__in=apart_from.get(model, ()))
        texts = {f"text_of_{field.name}": Cast(field.name, TextField()) for field in fields}
        count = rows.annotate(**texts).filter(_holds(fields, words)).count() if fields else 0
        if count:
            yield Trace(str(model._meta.verbose_name), count)


def _holds(fields: Sequence[Field[Any, Any]], words: set[str]) -> Q:
    found = Q(pk__in=())
    for field in fields:
        for word in words:
            # SQLite keeps JSON as it was written, with Japanese as \uXXXX.
            for written in {word, json.dumps(word)[1:-1]} if isinstance(field, JSONField) else {word}:
                found |= Q(**{f"text_of_{field.name}__icontains": written})
    return found
