"""Brackets: every one opened is closed, in the right order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, World, passages
from newsletter.proof.plain import FILLER, plain
from newsletter.proof.rules import Rule, rule

PAIRS = dict(zip("「『（【〔［〈《“｢([{", "」』）】〕］〉》”｣)]}", strict=True))
PARTNERS = {close: opening for opening, close in PAIRS.items()}
# 1) a） ア） at the head of a line or of a list's entry is a label, no bracket.
_LABEL = re.compile(
    r"(?:^|(?<=[\s　、。・;；：:〜～\-「（(注表図※＊*]))[0-9０-９]{1,2}[)）]"
    r"|(?:(?<=から)|(?<=まで)|(?<=[とや]))(?:[0-9]{1,2}|[a-z])\)"
    r"|(?:^|(?<=[\s　、。]))(?:[A-Za-zａ-ｚＡ-Ｚア-ンｱ-ﾝ]|[①-⑳])[)）]",
    re.MULTILINE,
)
_SMILEY = re.compile(r"[:;][\-^]?[()]|\([\^＾][^()]{0,4}[\^＾]\)?|[(（]笑[)）]")
_PARTICLE = re.compile(r"[、。，．\n]|[をがはにでへもと](?=[^、。])|から|まで|より|として|について|による")


@dataclass(frozen=True, slots=True)
class Slip:
    """One bracket that is wrong."""

    start: int
    end: int
    kind: str  # unopened, unclosed, crossing, another
    fixes: tuple[str, ...] = ()


def slips(text: str) -> list[Slip]:
    """Every bracket of the text that has no partner, or crosses another pair."""
    open_ones: list[tuple[int, str]] = []
    wrong: list[Slip] = []
    quiet = _quiet(text)
    for at, character in enumerate(text):
        if at in quiet:
            continue
        if character in PAIRS:
            open_ones.append((at, character))
        elif character in PARTNERS:
            _close(text, at, character, open_ones, wrong)
    wrong += [Slip(at, at + 1, "unclosed", ("",)) for at, opening in open_ones]
    return sorted(wrong, key=lambda slip: slip.start)


def _quiet(text: str) -> set[int]:
    flat = plain(text)
    quiet = {at for at, character in enumerate(flat) if character == FILLER}
    for match in _LABEL.finditer(text):
        opened = text.rfind("（", 0, match.start()) > text.rfind("）", 0, match.start())
        half_opened = text.rfind("(", 0, match.start()) > text.rfind(")", 0, match.start())
        if not opened and not half_opened:
            quiet.add(match.end() - 1)
    for match in _SMILEY.finditer(text):
        if not match[0].endswith("笑)") and not match[0].endswith("笑）"):
            quiet.update(range(*match.span()))
    return quiet


def _close(text: str, at: int, character: str, open_ones: list[tuple[int, str]], wrong: list[Slip]) -> None:
    partner = PARTNERS[character]
    if open_ones and open_ones[-1][1] == partner:
        open_ones.pop()
        return
    depth = next((i for i in range(len(open_ones) - 1, -1, -1) if open_ones[i][1] == partner), None)
    if depth is None:
        wrong.append(_unopened(text, at, character, open_ones))
        return
    inner = open_ones[depth + 1 :]
    del open_ones[depth]
    for position, opening in inner:
        follows = text.find(PAIRS[opening], at)
        reopened = text.find(opening, at)
        if follows != -1 and (reopened == -1 or follows < reopened):
            wrong.append(Slip(at, at + 1, "crossing", (PAIRS[opening],) if follows - at == 1 else ()))
        else:
            wrong.append(Slip(position, position + 1, "unclosed", ("",)))
            open_ones.remove((position, opening))


def _unopened(text: str, at: int, character: str, open_ones: list[tuple[int, str]]) -> Slip:
    """A closing bracket without an opening one; where another kind is open and stays so, that kind was meant."""
    if open_ones:
        opening = open_ones[-1][1]
        closes_later = text.find(PAIRS[opening], at)
        reopened = text.find(opening, at)
        if closes_later == -1 or (reopened != -1 and reopened < closes_later):
            open_ones.pop()
            return Slip(at, at + 1, "another", (PAIRS[opening],))
    return Slip(at, at + 1, "unopened", ("",))


_WHY = {
    "unopened": "「{0}」に対応する始まりの括弧「{1}」がありません。「{1}」を補うか、「{0}」を消してください。",
    "unclosed": "「{0}」に対応する終わりの括弧「{1}」がありません。「{1}」を補うか、「{0}」を消してください。",
    "crossing": "「{0}」より先に、内側の括弧を閉じなければなりません。括弧の順序を直してください。",
    "another": "始まりと終わりの括弧の種類が違います。「{0}」を「{2}」に直すか、始まりの括弧を直してください。",
}


@rule(
    "bracket-unmatched",
    Level.ERROR,
    "括弧の始まりと終わりが合わない",
    "かぎ括弧や丸括弧は、始まりと終わりを同じ種類で一つずつそろえます。片方が欠けると、引用や書名の範囲が分からなくなります。",
    "くぎり符号の使い方（昭和21年 文部省）、公用文作成の考え方（令和4年 文化審議会建議）",
)
def bracket_unmatched(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """Brackets without a partner, and pairs that cross."""
    for passage in passages(manuscript):
        for slip in slips(passage.text):
            yield this.finding(passage, slip.start, slip.end, _explained(passage, slip), *slip.fixes)


def _explained(passage: Passage, slip: Slip) -> str:
    character = passage.text[slip.start]
    partner = PAIRS.get(character) or PARTNERS.get(character, "")
    return _WHY[slip.kind].format(character, partner, slip.fixes[0] if slip.fixes else "")


@rule(
    "bracket-nesting",
    Level.WARNING,
    "同じ括弧が重なっている",
    "かぎ括弧の中でさらに括弧を使うときは二重かぎ括弧『』にします。丸括弧の中の丸括弧は、〔〕にするか文を改めると読みやすくなります。",
    "くぎり符号の使い方（昭和21年 文部省）、公用文作成の考え方（令和4年 文化審議会建議）",
)
def bracket_nesting(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """「 inside 「, 『 inside 『, 【 inside 【."""
    for passage in passages(manuscript):
        yield from _nested(this, passage)


def _nested(this: Rule, passage: Passage) -> Iterator[Finding]:
    open_ones: list[tuple[int, str]] = []
    for at, character in enumerate(passage.text):
        if character in "「『【":
            open_ones.append((at, character))
        elif character in "」』】" and open_ones and PAIRS[open_ones[-1][1]] == character:
            start, opening = open_ones.pop()
            if open_ones and open_ones[-1][1] == opening:
                inside = passage.text[start + 1 : at]
                other = {"「": "『{}』", "『": "「{}」"}.get(opening, "")
                why = f"「{opening}」の中に同じ括弧があります。内側は別の括弧（かぎ括弧なら『』）にしてください。"
                fixes = (other.format(inside),) if other and not set(inside) & set("「」『』") else ()
                yield this.finding(passage, start, at + 1, why, *fixes)
