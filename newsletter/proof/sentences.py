"""Sentences: too long, too many 読点, style that changes, double negatives, particles and が that repeat, ら抜き."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from newsletter.proof import morphology
from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, World, passages
from newsletter.proof.prose import (
    ADDRESS,
    BRACKETED,
    KANJI,
    KATAKANA,
    MASK,
    TITLE,
    Sentence,
    masked,
    prose_sentences,
    without_quotes,
)  # fmt: skip
from newsletter.proof.rules import Rule, rule

LONGEST = 100  # characters of a sentence
MOST_COMMAS = 3
KANJI_RUN = 7

_READ = ("text", "lead", "preheader")  # headlines, facts and alternative texts are no sentences


def _prose(manuscript: Manuscript) -> Iterator[tuple[Passage, Sentence]]:
    for passage in passages(manuscript):
        if passage.field in _READ:
            for sentence in prose_sentences(passage.text):
                yield passage, sentence


@rule(
    "long-sentence",
    Level.WARNING,
    "長い文",
    f"{LONGEST}字を超える文は、読み返さないと意味が取れません。2つに分けます。URLと括弧の中は数えません。",
    "技術文書・広報文の慣行（1文は100字まで）",
)
def long_sentence(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage, sentence in _prose(manuscript):
        length = len(masked(sentence.text, ADDRESS, BRACKETED, BRACKETED).replace(MASK, ""))
        if length > LONGEST:
            yield rule.finding(
                passage, sentence.start, sentence.end,
                f"1文が{length}字あります（目安は{LONGEST}字まで）。接続の「が、」や「て、」で2つの文に分けられませんか。",
            )  # fmt: skip


@rule(
    "many-commas",
    Level.WARNING,
    "読点の多い文",
    f"1文に読点が{MOST_COMMAS + 1}つ以上あると、どこがどこに掛かるか分かりにくくなります。括弧や引用の中は数えません。",
    "技術文書・広報文の慣行（1文に読点は3つまで）",
)
def many_commas(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage, sentence in _prose(manuscript):
        plain = masked(without_quotes(sentence.text), BRACKETED, BRACKETED)
        count = len(re.findall("[、，]", plain))
        if count > MOST_COMMAS:
            yield rule.finding(
                passage, sentence.start, sentence.end,
                f"1文に読点が{count}つあります（目安は{MOST_COMMAS}つまで）。文を分けるか、箇条書きにしてください。",
            )  # fmt: skip


_KANJI_RUN = re.compile(rf"[{KANJI}]{{{KANJI_RUN},}}")
# Names and addresses run on by right; so do offices, laws and dates in kanji.
_NAMING = re.compile(
    "[都道府県].{0,12}[市区町村郡]|[市区町村郡][立長]|[市区町村郡課局部室院省庁署]$|課|省庁|(?<!方)法$|協議会|委員会|連合|機構|研究所|大学|学校|法人|株式会社|財団|条約|法律|計画$|条例"
    "|[一二三四五六七八九十百千]{3}|会館|公民館|図書館|博物館|美術館|試験場|国際|地方公共団体|協会|組合|連盟|本部|事業所|会議所"
)


@rule(
    "kanji-run",
    Level.WARNING,
    "漢字の連続",
    f"漢字が{KANJI_RUN}字以上続くと読みにくくなります。「の」を入れるか、言い換えます。"
    "地名、住所、団体や役所の名前、【】と『』の中、表記辞書にある言葉は対象にしません。",
    "技術文書・広報文の慣行（漢字の連続は6字まで）",
)
def kanji_run(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    known = _registered(world)
    for passage in passages(manuscript):
        if passage.field not in ("text", "lead"):
            continue
        text = masked(passage.text, TITLE)
        for match in _KANJI_RUN.finditer(text):
            if _NAMING.search(match[0]) or text.startswith("センター", match.end()) or _is_known(match[0], known):
                continue
            yield rule.finding(
                passage,
                *match.span(),
                f"漢字が{len(match[0])}字続いています。間に「の」などを入れて言葉を分けられませんか。",
            )


_COMMON = ("生物多様性", "地球温暖化")  # long words that everybody reads at a glance


def _registered(world: World) -> tuple[str, ...]:
    names = [member.name for member in world.members] + [member.head for member in world.members]
    names += [*world.publisher.values(), *world.municipalities]
    names += [name for japanese in world.glossary.values() for name in re.split("[（）]", japanese)]
    names += _COMMON
    names += [entry.expected for entry in world.words.entries if entry.layer not in ("hyoki", "koyobun")]
    return tuple(name for name in names if len(name) > 2)


def _is_known(run: str, known: tuple[str, ...]) -> bool:
    """Whether what is left without the registered words in it is short enough."""
    for name in known:
        if name in run:
            run = run.replace(name, "・")
    return not _KANJI_RUN.search(run)


_NOT = "(?:ありません|ない|いません)"
_DOUBLE_NEGATIVE = re.compile(
    "|".join(
        (
            f"(?:なく|ないで|ずに)は(?:なりません(?=か)|{_NOT}(?=。|と|か))",
            f"ない(?:わけ|こと|もの|の|とい?う(?:わけ|こと))(?:で|に)?(?:は|も|が)(?:{_NOT}|いきません|行きません)",
            f"なくも{_NOT}|(?:ずには|ないでは)いられ(?:ない|ません)",
            "ないと(?:は|も)(?:言い切れ|言いきれ|言え|いえ|限ら|かぎら|限り|かぎり)(?:ない|ません)",
            "(?<![少危切])(?<=[ぁ-ゖ一-鿿])ない[^。、]{1,8}(?:はいない|はいません|はありません|はない(?=。)|も少なくありません|も少なくない)",
        )
    )
)


@rule(
    "double-negative",
    Level.WARNING,
    "二重否定",
    "「…ないことはない」のような二重の否定は、肯定なのか否定なのか読み取りにくくなります。肯定の形で書きます。",
    "公用文作成の考え方（令和4年1月）の二重否定についての考え方",
)
def double_negative(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage, sentence in _prose(manuscript):
        for match in _DOUBLE_NEGATIVE.finditer(without_quotes(sentence.text)):
            yield rule.finding(
                passage, sentence.start + match.start(), sentence.start + match.end(),
                f"「{match[0]}」は二重否定です。「必要です」「できます」のような肯定の形に言い換えてください。",
            )  # fmt: skip


# Only with nouns between: what stands there cannot be a verb that would use up the first particle.
_NOUN = rf"[{KANJI}{KATAKANA}A-Za-z0-9]{{1,10}}"
_REPEATED = (
    (re.compile(rf"(?<=[{KANJI}{KATAKANA}])を(?={_NOUN}を(?!除|含|中心))"), "を"),
    (re.compile(rf"(?<=[{KANJI}{KATAKANA}])が(?={_NOUN}が(?![るりらっれろ]))"), "が"),
    (re.compile(rf"(?<=[{KANJI}{KATAKANA}])は(?={_NOUN}は(?!じめ))"), "は"),
    (re.compile(rf"の(?={_NOUN}の{_NOUN}の{_NOUN}の)"), "の"),
)  # fmt: skip
_SAME_TWICE = re.compile(
    r"をを+|([はがに])\1(?=[、一-鿿])|(?<!も)のの(?=[一-鿿])|(?<!ま)でで(?=[、一-鿿])|(?<!こ)とと(?=[、一-鿿])"
)


@rule(
    "repeated-particle",
    Level.WARNING,
    "同じ助詞の繰り返し",
    "「調査を実施を…」のように同じ助詞が続くと、どの言葉がどこに掛かるか分かりません。「の」が4つ続く言い方も同じです。",
    "広報文の慣行（1つの動詞に同じ助詞は1度）",
)
def repeated_particle(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage, sentence in _prose(manuscript):
        plain = without_quotes(sentence.text)
        for pattern, particle in _REPEATED:
            match = pattern.search(plain)
            if match:
                after = re.compile(rf"{_NOUN}{particle}").match(plain, match.end())
                end = after.end() if after else match.end()
                said = f"「{plain[match.start() : end]}」と、助詞「{particle}」が続いています。"
                yield rule.finding(
                    passage, sentence.start + match.start(), sentence.start + end,
                    f"{said}一方を別の言い方にしてください。",
                )  # fmt: skip
        for match in _SAME_TWICE.finditer(plain):
            yield rule.finding(
                passage, sentence.start + match.start(), sentence.start + match.end(),
                f"助詞「{match[0][0]}」が重なっています。", match[0][0],
            )  # fmt: skip


_BUT = re.compile("(?:ます|です|ました|でした|ません|ませんでした|である|ない|でしょう|たい|[ただる])が、")


@rule(
    "ga-chain",
    Level.WARNING,
    "「が、」の連続",
    "1文に「…ですが、…ですが、」が2つあると、何が逆で何が順かが分からなくなります。文を分けます。",
    "公用文作成の考え方（令和4年1月）の文の長さと接続についての考え方",
)
def ga_chain(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage, sentence in _prose(manuscript):
        matches = list(_BUT.finditer(without_quotes(sentence.text)))
        for match in matches[1:]:
            yield rule.finding(
                passage, sentence.start + match.start(), sentence.start + match.end(),
                "1文に「が、」が2つ以上あります。ここで文を切り、「しかし」「また」などで続けてください。",
            )  # fmt: skip


_RA_STEMS = (
    "見 食べ 出 来 着 起き 寝 決め 考え 受け 借り 始め 続け 避け 投げ 止め 覚え 調べ 届け 見つけ 集め 降り 浴び "
    "感じ 信じ 答え 伝え 教え 育て 捨て 建て 開け 閉め 掛け かけ 付け つけ 分け 上げ 下げ 広げ 高め 進め 深め 比べ "
    "並べ 助け 支え 乗り越え 越え 変え 替え 迎え 加え 抑え 備え 植え 添え 用い 生き 落ち 過ぎ 述べ 確かめ 眺め "
    "認め 求め やめ い 載せ 寄せ 任せ 見せ 乗せ"
).split()
_RA_NUKI = re.compile(
    rf"(?<![{KANJI}])({'|'.join(sorted(_RA_STEMS, key=len, reverse=True))})"
    "れ(?=る|ま[すしせ]|な[いか]|た|て[いきお]|そう|ず)"
)


@rule(
    "ra-nuki",
    Level.WARNING,
    "ら抜き言葉",
    "「見れる」「食べれる」は話し言葉です。広報では「見られる」「食べられる」と書きます。",
    "第20期国語審議会「新しい時代に応じた国語施策について」（共通語では改まった場での使用は認知されていない）",
)
def ra_nuki(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage in passages(manuscript):
        text = masked(passage.text, ADDRESS, TITLE)
        for match in _RA_NUKI.finditer(text):
            stem = match[1]
            if stem in ("い", "かけ", "つけ", "やめ") and not text[: match.start()].endswith(("て", "で")):
                continue
            right = f"{stem}られ"
            yield rule.finding(
                passage, *match.span(), f"「{match[0]}…」はら抜き言葉です。「{right}…」と書きます。", right
            )


_POLITE = re.compile(
    "(?:です|ます|ました|でした|ません|ませんでした|ましょう|でしょう|ください|下さい)(?:か|ね|よ)?(?:（[^（）\n]*）)?[。！？]*\\Z"
)
_BRACKET_END = r"(?:（[^（）\n]*）)?。\Z"
_PLAIN = re.compile(rf"[{KANJI}ぁ-ゖ]{{1,2}}[るただいうくぐすつむぶ]{_BRACKET_END}|だ{_BRACKET_END}")
_AS_POLITE = {
    "である": "です", "であった": "でした", "だった": "でした", "した": "しました", "する": "します",
    "している": "しています", "していた": "していました", "された": "されました", "される": "されます",
    "されている": "されています", "いる": "います", "いた": "いました", "ある": "あります", "あった": "ありました",
    "なる": "なります", "なった": "なりました", "であろう": "でしょう",
}  # fmt: skip
# Of these verbs only what stands before tells them from the ends of others: まかなった, 歩いた.
_AFTER = {
    "いる": "てで",
    "いた": "てで",
    "ある": "がはもてで",
    "あった": "がはもてで",
    "なる": "くにと",
    "なった": "くにと",
}
_KNOWN_ENDS = [
    f"(?<=[{_AFTER[end]}]){end}" if end in _AFTER else end for end in sorted(_AS_POLITE, key=len, reverse=True)
]
_KNOWN = re.compile(rf"({'|'.join(_KNOWN_ENDS)}){_BRACKET_END}")
_NOT_PLAIN = re.compile("(?:ほう|よう|そう|とう|ひとつ|ずつ|なく|よく|近く|多く|くらい|ぐらい|以下|いくつ)。\\Z")


@rule(
    "mixed-style",
    Level.WARNING,
    "「です・ます」と「である」の混在",
    "本文は「です・ます」でそろえます。引用、箇条書き、見出しは対象にしません。",
    "公用文作成の考え方（令和4年1月）の文体についての考え方",
)
def mixed_style(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    plain: list[tuple[Passage, int, str, str]] = []
    is_polite = False
    for passage, sentence in _prose(manuscript):
        text = masked(sentence.text, ADDRESS)
        if _POLITE.search(text):
            is_polite = True
        elif known := _KNOWN.search(text):
            plain.append((passage, sentence.start + known.start(), known[1], _AS_POLITE[known[1]]))
        elif not _NOT_PLAIN.search(text) and (match := _PLAIN.search(text)):
            plain.append((passage, sentence.start + match.start(), re.split("[（。]", match[0])[0], ""))
    for passage, start, end, put in plain if is_polite else ():
        message = f"ほかの文は「です・ます」ですが、ここは「…{end}。」です。「です・ます」にそろえてください。"
        yield rule.finding(passage, start, start + len(end), message, *((put,) if put else ()))


@rule(
    "repeated-particle-parsed",
    Level.WARNING,
    "同じ助詞の繰り返し（形態素解析）",
    "動詞を挟まずに同じ助詞が2度使われている文を、品詞を調べて見つけます。",
    "広報文の慣行。SudachiPyがあるときだけ働きます",
    needs_morphology=True,
)
def repeated_particle_parsed(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    for passage, sentence in _prose(manuscript):
        words = morphology.words(without_quotes(sentence.text))
        for first, second in morphology.repeated_particles(words):
            start, end = sentence.start + first.start, sentence.start + second.end
            yield rule.finding(
                passage,
                start,
                end,
                f"動詞を挟まずに助詞「{first.surface}」が2度使われています。一方を言い換えてください。",
            )
