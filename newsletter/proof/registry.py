"""Names of members and of other local governments against the registry and the national list (heads: heads.py)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, World, item_passages, passages
from newsletter.proof.places import FORMER, PREFECTURE_IN, STEM, Places, places_of
from newsletter.proof.rules import Rule, rule

BRACKET = re.compile(r"^[ \t\u3000]*【([^【】\n]{1,60})】", re.MULTILINE)
PART = re.compile(r"[^・、，,／/＆&と\s\u3000][^・、，,／/＆&\s\u3000]*")
GOVERNMENT = re.compile(r"(?!(?:[ァ-ヶー]+)市$)[一-龠々ぁ-んァ-ヶー]{1,8}[都道府県市区町村]")  # パリ市 is abroad
GROUP = re.compile("会員|自治体|各|全国|共同|特集|ほか|他")
# Cities in kanji outside Japan that Japanese municipalities write about.
ABROAD = frozenset(
    "北京市 上海市 天津市 重慶市 大連市 瀋陽市 青島市 広州市 深圳市 武漢市 杭州市 台北市 新北市 高雄市 台中市 台南市 "
    "桃園市 釜山市 仁川市 大邱市 光州市 蔚山市 水原市 昌原市".split()
)
MARKET = frozenset("場街町販況電")  # 下川市街地, 愛知市町村課: the 市 belongs to the next word
KINDS = ("member", "event")  # sections in which 【】 names the member that the news comes from


@rule(
    "member-name",
    Level.ERROR,
    "【】の自治体名が会員名簿と違う",
    "見出しの【】には、記事を寄せた会員の正式な名称を書きます。会員でない自治体、合併前の名称、書き間違い、"
    "「県」「市」「区」「町」の抜けは、その自治体への失礼になり、問合せのもとになります。",
    "会員名簿と全国地方公共団体コードの一覧",
)
def member_name(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """Every name in a 【】 at the head of an item is a member's, written in full."""
    if not world.members:
        return
    places = places_of(world)
    for item in manuscript.items:
        if item.kind in KINDS:
            for passage in item_passages(item):
                if passage.field in ("headline", "text"):
                    yield from _in_brackets(rule, passage, places)


def _in_brackets(rule: Rule, passage: Passage, places: Places) -> Iterator[Finding]:
    for bracket in BRACKET.finditer(passage.text):
        if places.exists(bracket[1]) and bracket[1] in places.registered:
            continue
        for part in PART.finditer(passage.text, bracket.start(1), bracket.end(1)):
            remark = _remark(part[0], places)
            if remark:
                yield rule.finding(passage, part.start(), part.end(), remark[0], *remark[1])


def _remark(name: str, places: Places) -> tuple[str, tuple[str, ...]] | None:
    """What is wrong with one name, and what would be right; None if nothing is, or if it is no such name."""
    if name in places.registered or name in ABROAD or GROUP.search(name):
        return None
    if name in places.stems:
        full = tuple(member.name for member in places.stems[name])
        return f"「{name}」は、自治体の名称としては途中までです。「{'」か「'.join(full)}」と書いてください。", full
    if name in FORMER and FORMER[name] in places.registered:
        return f"「{name}」という自治体は今はありません。会員の名称は「{FORMER[name]}」です。", (FORMER[name],)
    if not GOVERNMENT.fullmatch(name):
        return None
    if any(name.startswith(member) for member in places.registered):
        return None  # a ward of a member: 横浜市鶴見区
    if name in places.national:
        return f"「{name}」は会員名簿にありません。書き間違いか、会員でない自治体です。", ()
    place = PREFECTURE_IN.match(name)
    if place and name[place.end() :] in places.national:
        return _with_prefecture(name, place[0], places)
    return _unknown(name, places)


def _with_prefecture(name: str, prefecture: str, places: Places) -> tuple[str, tuple[str, ...]] | None:
    city = name[len(prefecture) :]
    if city in places.registered:
        right = places.registered[city].prefecture
        return f"「{city}」は{prefecture}ではなく{right}にあります。", (right + city, city)
    return f"「{name}」は会員名簿にありません。書き間違いか、会員でない自治体です。", ()


def _unknown(name: str, places: Places) -> tuple[str, tuple[str, ...]]:
    stem = STEM.sub("", name)
    near = tuple(member.name for member in places.stems.get(stem, ())) or places.nearest(name)
    if near:
        return (
            f"「{name}」という自治体はありません。会員の「{'」か「'.join(near)}」の書き間違いではありませんか。",
            near,
        )
    return f"「{name}」という自治体は、会員名簿にも全国の一覧にもありません。名称を確かめてください。", ()


# ------------------------------------------------------------ names anywhere in the text
def _outside(passage: Passage, manuscript: Manuscript) -> str:
    """The passage with the names masked of which member-name speaks."""
    item = next((item for item in manuscript.items if item.number == passage.item), None)
    if item is None or item.kind not in KINDS or passage.field not in ("headline", "text"):
        return passage.text
    return BRACKET.sub(lambda match: "\ufffc" * len(match[0]), passage.text)


@rule(
    "place-glyph",
    Level.ERROR,
    "自治体名の字体が違う",
    "自治体の名称の漢字は、条例などで決まっています。「濱」「縣」のような旧字体や、似た別の字（崎と埼、ケとヶ）は、"
    "名簿の字に直します。",
    "全国地方公共団体コードの一覧",
)
def place_glyph(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """A name of a local government in other glyphs than the registered ones."""
    places = places_of(world)
    for passage in passages(manuscript):
        for start, end, official in places.in_text(_outside(passage, manuscript)):
            written = passage.text[start:end]
            if written in official:
                continue
            names = sorted(official)
            message = f"「{written}」の字体が違います。正しくは「{'」か「'.join(names)}」です。"
            yield rule.finding(passage, start, end, message, *names)


@rule(
    "place-suffix",
    Level.ERROR,
    "自治体名の「県」「市」「区」「町」の取り違え",
    "会員の自治体名の最後の字が違っています。実在しない自治体の名称になっています。",
    "会員名簿と全国地方公共団体コードの一覧",
)
def place_suffix(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """葛飾市 for 葛飾区: a member's name with the wrong last character, which no other place is called."""
    places = places_of(world)
    wrong = {
        stem + suffix: members
        for stem, members in places.stems.items()
        for suffix in "市県"  # a 町 or 区 of that name may well be a part of a city
        if not places.exists(stem + suffix) and stem + suffix != "東京市"
    }
    wrong |= {
        old: [places.registered[new]]
        for old, new in FORMER.items()
        if new in places.registered and old in ("埼玉市", "北九洲市", "武蔵の市")
    }
    for passage in passages(manuscript):
        text = _outside(passage, manuscript)
        for name, members in wrong.items():
            at = text.find(name)
            while at >= 0:
                if text[at + len(name) : at + len(name) + 1] not in MARKET:
                    right = tuple(member.name for member in members)
                    message = f"「{name}」という自治体はありません。「{'」か「'.join(right)}」です。"
                    yield rule.finding(passage, at, at + len(name), message, *right)
                at = text.find(name, at + 1)


@rule(
    "place-prefecture",
    Level.ERROR,
    "都道府県と市区町村が合わない",
    "市区町村の前に書いた都道府県が、その市区町村のある都道府県と違います。",
    "全国地方公共団体コードの一覧",
)
def place_prefecture(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """千葉県所沢市: the place is in another prefecture."""
    places = places_of(world)
    for passage in passages(manuscript):
        text = _outside(passage, manuscript)
        for start, end, official in places.in_text(text):
            before = next((m for m in PREFECTURE_IN.finditer(text, max(0, start - 4), start) if m.end() == start), None)
            if before is None or before[0] not in places.national:
                continue
            home = {prefecture for name in official for prefecture in places.national.get(name, "").split("・")}
            if home and "" not in home and before[0] not in home:
                right = sorted(home)
                message = f"「{text[start:end]}」は{before[0]}ではなく、{'か'.join(right)}にあります。"
                yield rule.finding(passage, before.start(), before.end(), message, *right)
