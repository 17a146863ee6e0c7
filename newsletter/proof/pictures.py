"""What a reader who does not see a photo is told, and whose photo it is."""

from __future__ import annotations

import re
from collections.abc import Iterable

from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, ProofItem, World
from newsletter.proof.rules import Rule, rule

FILE_NAME = re.compile(
    r"[\w.\-() ]+\.(?:jpe?g|png|gif|webp|heic|bmp|tiff?)"
    r"|(?:IMG|DSC[NF]?|P|PXL|MVI|スクリーンショット)[_ -]?\d[\w -]*"
    r"|(?:image|photo|picture|untitled|無題|新規)[ _-]?\d*",
    re.IGNORECASE,
)
SAYS_NOTHING = frozenset(
    "写真 画像 イメージ イメージ図 図 photo image picture 写真1 写真１ 写真2 当日の様子 様子 会場の様子".split()
)
PEOPLE = re.compile(r"([0-9０-９]{1,2}|[一二三四五六七八九十])人")
LISTED = re.compile("左から|右から")
DIGITS = {
    **{c: n for n, c in enumerate("０１２３４５６７８９")},
    **{c: n for n, c in enumerate("一二三四五六七八九十", 1)},
}


def _alt(item: ProofItem) -> Passage:
    return Passage(item.number, "picture.alt", item.picture.alt if item.picture else "")


@rule(
    "alt-missing",
    Level.WARNING,
    "写真の説明がない",
    "写真の説明（alt）は、画像を表示しない読者や、音声で読む読者のためのものです。何が写っているかを短く書きます。"
    "自治体の多くの職場では、メールの画像が表示されません。",
    "JIS X 8341-3（ウェブアクセシビリティ）1.1.1",
)
def alt_missing(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """A photo without words for those who do not see it."""
    for item in manuscript.items:
        if item.picture is not None and not item.picture.alt.strip():
            yield rule.finding(_alt(item), 0, 0, "写真の説明がありません。何が写っているかを短く書いてください。")


@rule(
    "alt-says-nothing",
    Level.WARNING,
    "写真の説明が説明になっていない",
    "ファイル名や「写真」だけでは、何が写っているか分かりません。",
    "JIS X 8341-3（ウェブアクセシビリティ）1.1.1",
)
def alt_says_nothing(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """A file name, or a word like 写真, in the place of the words."""
    for item in manuscript.items:
        if item.picture is None or not (alt := item.picture.alt.strip()):
            continue
        same = item.picture.file_name and alt in (item.picture.file_name, item.picture.file_name.rpartition(".")[0])
        if same or FILE_NAME.fullmatch(alt) or alt in SAYS_NOTHING:
            message = f"写真の説明「{alt}」からは、何が写っているか分かりません。場面や人を短く書いてください。"
            yield rule.finding(_alt(item), 0, len(item.picture.alt), message)


@rule(
    "alt-is-headline",
    Level.WARNING,
    "写真の説明が見出しと同じ",
    "見出しと同じ説明は、音声では同じ文が二度読まれるだけです。写真に写っているものを書きます。",
    "JIS X 8341-3（ウェブアクセシビリティ）1.1.1",
)
def alt_is_headline(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """The words for the photo only repeat the headline."""
    for item in manuscript.items:
        if item.picture is None or not item.picture.alt.strip():
            continue
        headline = re.sub(r"^【[^】]*】", "", item.headline)
        if item.picture.alt.strip() in (item.headline, headline):
            message = "写真の説明が見出しと同じです。写真に写っているものを書いてください。"
            yield rule.finding(_alt(item), 0, len(item.picture.alt), message)


@rule(
    "credit-missing",
    Level.WARNING,
    "写真のクレジットがない",
    "写真には「（写真：©○○市）」のように、権利者の名前を添えます。投稿した自治体に確かめてください。",
    "著作権法 第19条（氏名表示権）",
)
def credit_missing(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """A photo without the name of whose it is."""
    for item in manuscript.items:
        if item.picture is not None and not item.picture.credit.strip():
            passage = Passage(item.number, "picture.credit", item.picture.credit)
            guess = f"©{item.members[0]}" if item.members else ""
            message = "写真のクレジットがありません。権利者の名前を確かめて書いてください。"
            yield rule.finding(passage, 0, len(item.picture.credit), message, *((guess,) if guess else ()))


@rule(
    "people-count",
    Level.WARNING,
    "写真の人数と名前の数",
    "写真の説明に書いた人数と、「左から」に続く名前の数が合いません。",
    "写真説明の校正（人数と並び順の確認）",
)
def people_count(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """「左から」 names more or fewer people than the words say are in the photo."""
    for item in manuscript.items:
        alt = item.picture.alt if item.picture else ""
        listed, count = LISTED.search(alt), PEOPLE.search(alt)
        if not (listed and count):
            continue
        names = [name for name in re.split("[、，,]", alt[listed.end() :].rstrip("）)。")) if name.strip()]
        said = DIGITS.get(count[1], int(count[1]) if count[1].isdecimal() else 0)
        if len(names) > 1 and said != len(names):
            message = f"写真の説明に「{count[0]}」とありますが、「{listed[0]}」の後ろの名前は{len(names)}人です。"
            yield rule.finding(_alt(item), count.start(), count.end(), message, f"{len(names)}人")
