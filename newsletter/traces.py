"""Where a few words still stand in the database: what somebody has to look at after a person was erased.

A name stands there as somebody typed it: with a space, a wide one or none between its parts, in wide letters or narrow
kana. So words and texts are compared without spaces, and each word in every width.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import CharField, Func, JSONField, Model, Q, TextField, Value
from django.db.models.functions import Cast, Coalesce, Replace

from newsletter.models import Attempt, Delivery, SearchText

OURS = ("feeds", "subscribers", "newsletter", "auth")
# What servers said is stored without addresses, and it is millions of rows; the index repeats the editions.
LEFT_OUT: tuple[type[Model], ...] = (Delivery, Attempt, SearchText)
SHORTEST = 4  # characters, a space between the parts of a name included: a family name alone stands everywhere
SPACES = (" ", "\u3000", "\u00a0", "\t", "\r", "\n")
# As JSON writes them; SQLite keeps it as it was written.
JSON_SPACES = ("\\u3000", "\\u00a0", "\\t", "\\r", "\\n")
BETWEEN = "\x1f"  # fields: what one ends with and the next begins with is no word


@dataclass(frozen=True, slots=True)
class Trace:
    """How many rows of one kind hold one of the words."""

    place: str  # in Japanese
    count: int


def find(words: Collection[str], apart_from: Mapping[type[Model], Collection[int]] | None = None) -> list[Trace]:
    """Every kind of row that holds one of `words` (those of four characters and more), without the named rows."""
    wanted = {form for word in words if len(word.strip()) >= SHORTEST for form in forms_of(word)}
    return list(_traces(wanted, apart_from or {})) if wanted else []


def forms_of(word: str) -> set[str]:
    """A word without its spaces in every width: 空白太郎, ＴＡＲＯ and TARO, タロウ and ﾀﾛｳ."""
    plain = "".join(unicodedata.normalize("NFKC", word).split())
    wide = "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in plain)
    return {plain, wide, "".join(_narrow_kana().get(sign, sign) for sign in plain), "".join(word.split())} - {""}


@cache
def _narrow_kana() -> Mapping[str, str]:
    """ア -> ｱ, ガ -> ｶﾞ."""
    signs = [chr(code) for code in range(0xFF61, 0xFF9E)]
    composed = [sign + mark for sign in signs for mark in ("", "\uff9e", "\uff9f")]
    return {whole: narrow for narrow in composed if len(whole := unicodedata.normalize("NFKC", narrow)) == 1}


def _traces(forms: set[str], apart_from: Mapping[type[Model], Collection[int]]) -> Iterator[Trace]:
    for model in apps.get_models():
        if model._meta.app_label not in OURS or model in LEFT_OUT:
            continue
        fields = [
            field for field in model._meta.concrete_fields if isinstance(field, (CharField, TextField, JSONField))
        ]
        if not fields:
            continue
        rows = model._default_manager.exclude(pk__in=apart_from.get(model, ()))
        has_json = any(isinstance(field, JSONField) for field in fields)
        text = _text([field.name for field in fields], SPACES + JSON_SPACES if has_json else SPACES)
        count = rows.annotate(text_of_it=text).filter(_holds(forms, has_json)).count()
        if count:
            yield Trace(str(model._meta.verbose_name), count)


def _text(fields: Collection[str], spaces: Collection[str]) -> Func[Any]:
    """All texts of a row as one, without spaces."""
    texts = (Coalesce(Cast(name, TextField()), Value(""), output_field=TextField()) for name in fields)
    # Side by side, not one within the other as Concat writes it: SQLite's parser goes a hundred deep.
    parts = (part for text in texts for part in (Value(BETWEEN, output_field=TextField()), text))
    whole: Func[Any] = Func(*parts, template="(%(expressions)s)", arg_joiner=" || ", output_field=TextField())
    for space in spaces:
        whole = Replace(whole, Value(space), Value(""), output_field=TextField())
    return whole


def _holds(forms: set[str], has_json: bool) -> Q:
    found = Q(pk__in=())
    for form in forms:
        for written in {form, json.dumps(form)[1:-1]} if has_json else {form}:
            found |= Q(text_of_it__icontains=written)
    return found
