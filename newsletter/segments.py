"""Part of the readers by named conditions: written as one line, stored with the campaign, said as a sentence.

`kind=full prefecture=福岡県 format=text since=2026-01-01`: all of them hold at once; a condition may name several
values with commas. Who opened a mail is no condition: it is not recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.db.models.lookups import Contains
from django.utils import timezone

from feeds import members
from feeds.errors import MemberError
from feeds.models import Member
from newsletter import wishes
from newsletter.errors import SegmentError
from subscribers.models import Subscriber

CONDITIONS = "kind、municipality、prefecture、section、pathway、format、since、until"
KINDS = {"full": "正会員", "special": "特別会員", "member": "会員", "none": "会員ではない"}
FORMATS = {str(value): str(label) for value, label in Subscriber.Format.choices}


@dataclass(frozen=True, slots=True)
class Segment:
    """Conditions that hold at once; an empty one is no condition."""

    kind: str = ""  # of the reader's municipality as a member: a key of KINDS
    municipality: tuple[str, ...] = ()  # codes
    prefecture: tuple[str, ...] = ()  # names
    section: tuple[str, ...] = ()  # keys; who wants all sections wants these too
    pathway: tuple[str, ...] = ()  # keys, likewise
    format: str = ""
    since: str = ""  # confirmed on this day or later
    until: str = ""  # confirmed on this day or earlier

    @property
    def stored(self) -> dict[str, Any]:
        """As JSON holds it, without what is no condition."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items() if value
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Segment:
        """Out of `stored`."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
        }
        return cls(**values)


def read(text: str) -> Segment:
    """The segment a person wrote; SegmentError says which word is not understood."""
    values: dict[str, Any] = {}
    for word in text.split():
        name, sign, value = word.partition("=")
        if not sign or not value or name not in _READ:
            raise SegmentError(
                f"「{word}」は条件として読めません。使えるのは {CONDITIONS} で、kind=full のように書きます。"
            )
        if name in values:
            raise SegmentError(f"条件「{name}」が2回あります。いくつもの値は、コンマで区切ってください。")
        values[name] = _READ[name](value)
    return Segment(**values)


def written(segment: Segment) -> str:
    """The segment as the one line that `read` understands."""
    return " ".join(
        f"{name}={','.join(value) if isinstance(value, list) else value}" for name, value in segment.stored.items()
    )


def within(segment: Segment) -> QuerySet[Subscriber]:
    """The subscribers to whom all conditions apply, whatever their state is."""
    return Subscriber.objects.filter(condition(segment))


def condition(segment: Segment) -> Q:
    """The conditions as one."""
    wanted = Q()
    if segment.kind:
        wanted &= _of_kind(segment.kind)
    if segment.municipality:
        wanted &= Q(municipality__in=segment.municipality)
    if segment.prefecture:
        wanted &= Q(municipality__in=_codes_of(segment.prefecture))
    if segment.section:
        wanted &= _wanting("sections", segment.section)
    if segment.pathway:
        wanted &= _wanting("pathways", segment.pathway)
    if segment.format:
        wanted &= Q(format=segment.format)
    if segment.since:
        wanted &= Q(confirmed_at__gte=_midnight(segment.since))
    if segment.until:
        wanted &= Q(confirmed_at__lt=_midnight(segment.until, days=1))
    return wanted


def sentence(segment: Segment) -> str:
    """The segment as people say it."""
    parts = []
    if segment.kind:
        parts.append("会員の自治体ではない" if segment.kind == "none" else f"{KINDS[segment.kind]}の自治体")
    if segment.municipality:
        parts.append("、".join(map(_place, segment.municipality)))
    if segment.prefecture:
        parts.append("、".join(segment.prefecture) + "の自治体")
    if segment.section:
        parts.append(f"欄{_named(segment.section, wishes.section_titles())}を希望")
    if segment.pathway:
        parts.append(f"道筋{_named(segment.pathway, wishes.pathway_labels())}を希望")
    if segment.format:
        parts.append(f"{FORMATS[segment.format]}を希望")
    if segment.since:
        parts.append(f"{_day(segment.since)}以後に登録")
    if segment.until:
        parts.append(f"{_day(segment.until)}以前に登録")
    return f"次のすべてに当たる方: {'／'.join(parts)}" if parts else "すべての方（絞り込みなし）"


# ------------------------------------------------------------ reading
def _one_of(choices: Mapping[str, str]) -> Callable[[str], str]:
    def read_choice(value: str) -> str:
        if value not in choices:
            listed = "、".join(f"{key}（{label}）" for key, label in choices.items())
            raise SegmentError(f"「{value}」は使えません。使えるのは {listed} です。")
        return value

    return read_choice


def _municipalities(value: str) -> tuple[str, ...]:
    try:
        return tuple(members.find_municipality(name).code for name in _several(value))
    except MemberError as error:
        raise SegmentError(str(error)) from error


def _prefectures(value: str) -> tuple[str, ...]:
    known = {place.prefecture for place in members.municipalities()}
    names = _several(value)
    if wrong := [name for name in names if name not in known]:
        raise SegmentError(f"都道府県「{wrong[0]}」がありません。福岡県 のように書いてください。")
    return tuple(names)


def _keys_of(word: str, titles: Callable[[], Mapping[str, str]]) -> Callable[[str], tuple[str, ...]]:
    def read_keys(value: str) -> tuple[str, ...]:
        known = titles()
        by_title = {title: key for key, title in known.items()}
        keys = [by_title.get(name, name) for name in _several(value)]
        if wrong := [key for key in keys if key not in known]:
            listed = "、".join(f"{key}（{title}）" for key, title in known.items())
            raise SegmentError(f"{word}「{wrong[0]}」がありません。使えるのは {listed or '（なし）'} です。")
        return tuple(keys)

    return read_keys


def _date(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise SegmentError(f"日付「{value}」が読めません。2026-01-01 の形で書いてください。") from None


def _several(value: str) -> list[str]:
    return [name for name in re.split("[,、，]", value) if name]


_READ: Mapping[str, Callable[[str], Any]] = {
    "kind": _one_of(KINDS), "municipality": _municipalities, "prefecture": _prefectures,
    "section": _keys_of("欄", wishes.section_titles), "pathway": _keys_of("道筋", wishes.pathway_labels),
    "format": _one_of(FORMATS), "since": _date, "until": _date,
}  # fmt: skip


# ------------------------------------------------------------ asking and saying
def _of_kind(kind: str) -> Q:
    wanted = Member.objects.filter(active=True).exclude(code="")
    if kind in Member.Kind.values:
        wanted = wanted.filter(kind=kind)
    at_members = Q(municipality__in=list(wanted.values_list("code", flat=True)))
    return ~at_members if kind == "none" else at_members


def _wanting(wish: str, keys: tuple[str, ...]) -> Q:
    """Whose wishes hold one of the keys, or none at all. JSON is compared as text: that works on both databases."""
    wanted = Q(**{wish: []})
    for key in keys:
        wanted |= Q(Contains(Cast(wish, TextField()), f'"{key}"'))
    return wanted


def _codes_of(prefectures: tuple[str, ...]) -> list[str]:
    return [place.code for place in members.municipalities() if place.prefecture in prefectures]


def _midnight(day: str, days: int = 0) -> datetime:
    chosen = date.fromordinal(date.fromisoformat(day).toordinal() + days)
    return timezone.make_aware(datetime.combine(chosen, time(0)))


def _place(code: str) -> str:
    try:
        return members.unmistakable_name(members.find_municipality(code))
    except MemberError:
        return code


def _named(keys: tuple[str, ...], titles: Mapping[str, str]) -> str:
    return "".join(f"「{titles.get(key, key)}」" for key in keys)


def _day(day: str) -> str:
    chosen = date.fromisoformat(day)
    return f"{chosen.year}年{chosen.month}月{chosen.day}日"
