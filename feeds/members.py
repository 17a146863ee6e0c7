"""The registry of members, and finding one of them or any local government by what staff write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from django.utils.translation import gettext as _

from feeds.errors import MemberError
from feeds.governments import Municipality, check_digit, is_valid_code, matching_form, municipalities
from feeds.models import Member
from feeds.wards import SHARED_WARDS

__all__ = [
    "Municipality",
    "check_digit",
    "find",
    "find_municipality",
    "is_valid_code",
    "matching_form",
    "municipalities",
    "unmistakable_name",
]


def find_municipality(text: str) -> Municipality:
    """By code or name; a name that occurs more than once needs its prefecture before it (長野県池田町).

    So do the names of Tokyo's wards that are wards of designated cities, too: 中央区 may be 神戸市's.
    """
    code = _code(text)
    if code:
        found = [place for place in municipalities() if place.code == code]
    else:
        found = list(_municipalities_by_name().get(matching_form(text), ()))
    if not found:
        words = _("「%(name)s」という地方公共団体は見つかりません。名称か団体コードを確かめてください。")
        raise MemberError(words % {"name": text})
    if len(found) > 1:
        raise MemberError(_ask_for_prefecture(text, ((place.prefecture, place.name) for place in found)))
    if not code and matching_form(text) in SHARED_WARDS:
        raise MemberError(_ask_for_city(text, found[0]))
    return found[0]


def unmistakable_name(place: Municipality) -> str:
    """The name, with its prefecture where another place bears it, too: 広島県府中市, but 札幌市."""
    name = matching_form(place.name)
    is_shared = len(_municipalities_by_name()[name]) > 1 or name in SHARED_WARDS
    return place.prefecture + place.name if is_shared else place.name


@cache
def _municipalities_by_name() -> dict[str, list[Municipality]]:
    """Every name of every place: a list of subscribers asks a hundred thousand times."""
    by_name: dict[str, list[Municipality]] = {}
    for place in municipalities():
        for name in _names(place):
            by_name.setdefault(name, []).append(place)
    return by_name


def find(text: str) -> Member:
    """The member of this key, code or name; MemberError says why there is none."""
    wanted = unicodedata.normalize("NFKC", text).strip()
    everybody = list(Member.objects.all())
    code = _code(wanted)
    found = [member for member in everybody if member.key == wanted]
    if not found and code:
        found = [member for member in everybody if member.code == code]
    if not found:
        found = [member for member in everybody if wanted and matching_form(wanted) in _names(member)]
    if len(found) > 1:
        raise MemberError(_ask_for_prefecture(text, ((member.prefecture, member.name) for member in found)))
    if not found:
        raise MemberError(_not_a_member(text, code))
    if not found[0].active:
        raise MemberError(f"{found[0].name}は、いまは会員ではありません。")
    return found[0]


def _names(place: Member | Municipality) -> set[str]:
    name = matching_form(place.name)
    return {name, matching_form(place.prefecture) + name}


def _code(text: str) -> str:
    """The six-digit code in the text; five digits are completed, a wrong check digit is an error."""
    digits = unicodedata.normalize("NFKC", text).strip()
    if re.fullmatch(r"[0-9]{5}", digits):
        return _completed(digits)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return ""
    if not is_valid_code(digits):
        words = _("団体コード「%(code)s」の検査数字が合いません。6桁の数字を確かめてください。")
        raise MemberError(words % {"code": digits})
    return digits


def _completed(digits: str) -> str:
    """Excel drops the 0 in front of 011002, and some lists leave out the check digit: only one reading may exist."""
    existing = {place.code for place in municipalities()}
    readings = [
        code for code in (f"0{digits}", digits + check_digit(digits)) if is_valid_code(code) and code in existing
    ]
    if len(readings) != 1:
        raise MemberError(_("団体コード「%(code)s」は5桁です。6桁で書いてください。") % {"code": digits})
    return readings[0]


def _ask_for_prefecture(text: str, places: Iterable[tuple[str, str]]) -> str:
    choices = "、".join(f"{prefecture}{name}" for prefecture, name in places)
    words = _("「%(name)s」は1つに決まりません。都道府県を付けて書いてください（%(choices)s）。")
    return words % {"name": text, "choices": choices}


def _ask_for_city(text: str, ward: Municipality) -> str:
    words = _(
        "「%(name)s」は1つに決まりません。東京都の区なら「%(ward)s」、政令指定都市の区なら市の名前を書いてください（%(cities)s）。"
    )
    cities = "、".join(SHARED_WARDS[ward.name])
    return words % {"name": text, "ward": ward.prefecture + ward.name, "cities": cities}


def _not_a_member(text: str, code: str) -> str:
    places = [p for p in municipalities() if p.code == code] if code else []
    named = f"{places[0].name}（{code}）" if places else f"「{text}」"
    return f"{named}という会員はありません。会員の名称、団体コード、キーのどれかで書いてください。"
