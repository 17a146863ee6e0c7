"""Wording: notations that vary inside one issue, and the layers of the house dictionary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from newsletter.proof import morphology
from newsletter.proof.dictionary import hits
from newsletter.proof.dictionary_entry import Entry
from newsletter.proof.finding import Finding, Fix, Level, Place
from newsletter.proof.manuscript import Manuscript, Passage, World, passages
from newsletter.proof.prose import ADDRESS, MASK, TITLE, masked
from newsletter.proof.rules import Rule, rule


@rule(
    "notation-variants",
    Level.WARNING,
    "表記ゆれ（号の中）",
    "同じ言葉が1つの号の中で2通り以上に書かれていると、読む人は別のものかと迷い、検索にも掛かりません。"
    "多いほうの書き方を、同数なら表記辞書の書き方を案として示します。『』の中の題名は対象にしません。",
    "表記辞書の「when: mixed」の項目",
)
def notation_variants(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    texts = [(passage, masked(passage.text, ADDRESS, TITLE)) for passage in passages(manuscript)]
    for entry in world.words.on(manuscript.sent_on).entries:
        if entry.mixed:
            yield from _mixed(rule, entry, texts)


def _mixed(rule: Rule, entry: Entry, texts: list[tuple[Passage, str]]) -> Iterator[Finding]:
    found = [(passage, match) for passage, text in texts for match in entry.matches(text)]
    forms = Counter(match[0] for _, match in found)
    if len(forms) < 2:
        return
    chosen = max(forms, key=lambda form: (forms[form], form == entry.expected))
    counts = "、".join(f"「{form}」{times}か所" for form, times in forms.most_common())
    other = (entry.expected,) if entry.expected not in (chosen, *forms) else ()
    for passage, match in found:
        if match[0] != chosen:
            yield rule.finding(
                passage,
                *match.span(),
                f"同じ言葉の書き方がそろっていません（{counts}）。「{chosen}」にそろえる案です。",
                chosen,
                *other,
            )


def dictionary_findings(rule: Rule, manuscript: Manuscript, entries: Iterable[Entry]) -> Iterator[Finding]:
    """What the entries correct in every passage; URLs, mail addresses and titles in 『』 are not read."""
    entries = [entry for entry in entries if not entry.mixed]
    for passage in passages(manuscript):
        for hit in hits(entries, masked(passage.text, ADDRESS, TITLE)):
            found = passage.text[hit.start : hit.end]
            note = f"{hit.entry.note} " if hit.entry.note else ""
            if MASK in hit.replacement:
                continue
            place = Place(passage.item, passage.field, hit.start, hit.end)
            message = f"「{found}」は、{_layer(hit.entry)}では「{hit.replacement}」です。{note}".strip()
            yield Finding(rule.id, hit.entry.level, place, found, message, (Fix(hit.replacement),))


def _layer(entry: Entry) -> str:
    return {"koyobun": "公用文の書き方", "association": "協会の用語辞書"}.get(entry.layer, "表記辞書")


@rule(
    "house-dictionary",
    Level.WARNING,
    "表記辞書",
    "誤字、誤用、決まった名前の書き方を、表記辞書と照らし合わせます。職員の辞書を上に重ねられます。",
    "表記辞書（hyoki.ymlと職員の辞書）",
)
def house_dictionary(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    return dictionary_findings(rule, manuscript, world.words.on(manuscript.sent_on).house())


@rule(
    "association-terms",
    Level.WARNING,
    "協会の用語",
    "団体の古い名前、古くなった数字、道筋の古い呼び方を知らせます。団体名の誤りは、承認を止めます。"
    "「旧…」「当時の…」のように昔の名前と断ってあるものは対象にしません。",
    "協会の用語辞書（association.yml）",
)
def association_terms(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    return dictionary_findings(rule, manuscript, world.words.on(manuscript.sent_on).layer("association"))


@rule(
    "notation-variants-parsed",
    Level.WARNING,
    "表記ゆれ（形態素解析）",
    "表記辞書にない言葉でも、同じ語の2通りの書き方を見つけます。多いほうの書き方を案として示します。",
    "SudachiPyの正規化表記で突き合わせます。SudachiPyがあるときだけ働きます",
    needs_morphology=True,
)
def notation_variants_parsed(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    listed = [entry for entry in world.words.entries if entry.mixed]
    places: dict[str, list[tuple[Passage, morphology.Word]]] = {}
    for passage in passages(manuscript):
        for word in morphology.words(masked(passage.text, ADDRESS, TITLE)):
            if morphology.is_countable(word) and not any(True for entry in listed for _ in entry.matches(word.surface)):
                places.setdefault(word.normal, []).append((passage, word))
    for found in places.values():
        forms = Counter(word.surface for _, word in found)
        chosen = forms.most_common(1)[0][0]
        for passage, word in found:
            if word.surface != chosen:
                yield rule.finding(
                    passage,
                    word.start,
                    word.end,
                    f"「{word.surface}」と「{chosen}」は同じ言葉です。書き方をそろえてください。",
                    chosen,
                )
