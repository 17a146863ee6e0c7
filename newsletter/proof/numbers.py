"""Numbers, counters and units."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, World, passages
from newsletter.proof.plain import plain
from newsletter.proof.rules import Rule, rule

_COUNTERS = (
    "人|名|件|円|ドル|ユーロ|トン|グラム|世帯|戸|台|本(?!部|校|庁|人)|社|団体|自治体|都市|市町村|か国|カ国|校|枚|冊|点|票|株|頭|匹|羽|杯|袋|箱|食|席|組|室|棟|基|か所|カ所|ヶ所|箇所"
    "|平方メートル|立方メートル|平方キロメートル|キロメートル|メートル(?!走|競|リレー|自由形|障害)|キログラム|キロワット時?|メガワット|ヘクタール|リットル|キロ|億|万|兆"
    "|m(?!走|競|リレー|自由形|障害)|km|kg|g|t|ha|kWh|kW|MW|GW|MWh|GWh|L|ℓ|㎡|m²|m2|m3|㎥|km²|㎏|㎞|t-CO|kcal|ポイント|アクセス|回(?!線|路)|品目|種類|字|文字|歩|口|区画|作品|筆|床|便|通|問"
)
_UNGROUPED = re.compile(
    r"(?<![0-9A-Za-z.,/\-#〒:第№])(?<![A-Za-z] )(?P<digits>[1-9][0-9]{3,})(?P<decimal>\.[0-9]+)?"
    rf"(?= ?(?:余り?|あまり|以上の|超の|弱の|強の)?(?:{_COUNTERS}))(?! ?(?:m|km|t|g)[A-Za-z])"
)
_MISGROUPED = re.compile(rf"(?<![0-9A-Za-z.,/\-])(?P<whole>[0-9]{{1,}}(?:,[0-9]+)+)(?= ?(?:{_COUNTERS}))")
_RIGHT_GROUPS = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_FULL_WIDTH = str.maketrans("0123456789,.", "０１２３４５６７８９，．")


def _grouped(digits: str, like: str) -> str:
    grouped = f"{int(digits):,}"
    return grouped.translate(_FULL_WIDTH) if like and not like[0].isascii() else grouped


@rule(
    "digit-grouping",
    Level.WARNING,
    "4桁以上の数の区切り",
    "4桁以上の数には3桁ごとにコンマを入れます（2,500人）。年、番地、電話番号、規格の番号には入れません。",
    "公用文作成の考え方（令和4年 文化審議会建議）",
)
def digit_grouping(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """2500人, 12,34円."""
    for passage in passages(manuscript):
        flat = plain(passage.text)
        for match in _UNGROUPED.finditer(flat):
            start, end = match.span("digits")
            right = _grouped(match["digits"], passage.text[start:end])
            why = f"「{passage.text[start:end]}」は4桁以上の数なので、「{right}」のようにコンマで区切ってください。"
            yield this.finding(passage, start, end, why, right)
        for match in _MISGROUPED.finditer(flat):
            if not _RIGHT_GROUPS.fullmatch(match["whole"]) and not _list_of_numbers(match["whole"]):
                start, end = match.span("whole")
                right = _grouped(match["whole"].replace(",", ""), passage.text[start:end])
                written = passage.text[start:end]
                why = f"「{written}」のコンマの位置が3桁ごとになっていません。数を確かめて直してください。"
                yield this.finding(passage, start, end, why, right)


def _list_of_numbers(written: str) -> bool:
    """1,2,3: numbers side by side."""
    return all(len(part) <= 2 for part in written.split(",")[1:]) and len(written.split(",")) > 2


_KANJI = "一二三四五六七八九"
_KANJI_COUNT = re.compile(
    rf"(?<![{_KANJI}十百千万数何幾第])(?P<count>(?:[{_KANJI}十百千]{{1,7}}万)?(?:[{_KANJI}]?千)?(?:[{_KANJI}]?百)?(?:[{_KANJI}]?十)?[{_KANJI}]?)(?P<counter>人(?![一首])|名|件|円|世帯|団体|トン|か所|校|社|台)"
)
_KANJI_UNITS = {"千": 1000, "百": 100, "十": 10}


@rule(
    "kanji-count",
    Level.WARNING,
    "数量の漢数字",
    "横書きでは、数量は算用数字で書きます（二千五百人は2,500人）。「数千人」「百人一首」のような概数や慣用の語は漢数字のままにします。",
    "公用文作成の考え方（令和4年 文化審議会建議）",
)
def kanji_count(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """二千五百人, 三百五十件."""
    for passage in passages(manuscript):
        for match in _KANJI_COUNT.finditer(passage.text):
            written = match["count"]
            if sum(unit in written for unit in _KANJI_UNITS) >= 2 or (
                len(written) >= 3 and any(unit in written for unit in "千百")
            ):
                right = f"{_kanji_value(written):,}"
                why = f"数量「{written}{match['counter']}」は、横書きでは「{right}{match['counter']}」と書きます。"
                yield this.finding(passage, *match.span("count"), why, right)


def _kanji_value(written: str) -> int:
    total = digit = 0
    if "万" in written:
        tens_of_thousands, _, written = written.partition("万")
        total = _kanji_value(tens_of_thousands) * 10_000
    for character in written:
        if character in _KANJI_UNITS:
            total += (digit or 1) * _KANJI_UNITS[character]
            digit = 0
        else:
            digit = _KANJI.index(character) + 1
    return total + digit


_FORMULA = re.compile(
    r"(?<![A-Za-z0-9])(?:(?P<co2>[Cc][Oo]2)|(?P<other>N2O|CH4|SF6|NF3|H2O|SO2|NO2))(?![0-9A-Z])", re.ASCII
)
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@rule(
    "subscript",
    Level.WARNING,
    "化学式の下付き数字",
    "二酸化炭素の化学式はCO₂と、数字を下付きで書きます。テキスト版でも読める文字です。",
    "この e-ニュースの表記（CO₂）、環境省の資料での書き方",
)
def subscript(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """CO2, ＣＯ２, N2O."""
    for passage in passages(manuscript):
        for match in _FORMULA.finditer(plain(passage.text)):
            right = match[0].upper().translate(_SUBSCRIPTS)
            yield this.finding(
                passage,
                *match.span(),
                f"化学式「{passage.text[slice(*match.span())]}」は「{right}」と書いてください。",
                right,
            )


_PERCENT = re.compile(r"(?<=[0-9０-９])(?P<space>[ 　]?)(?P<sign>[%％]|パーセント)(?!ポイント)")


@rule(
    "percent-sign",
    Level.WARNING,
    "％の書き方の混在",
    "「％」「%」「パーセント」は、1つの号の中でどれかにそろえます。少ないほうを知らせます。",
    "公用文作成の考え方（令和4年）：1つの文書の中での統一",
)
def percent_sign(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """The spelling that is used less."""
    found = [
        (passage, match) for passage in passages(manuscript) for match in _PERCENT.finditer(_without_links(passage))
    ]
    usual = _usual([match["sign"] for _, match in found], "％%")
    for passage, match in found:
        if match["sign"] != usual:
            why = f"この号では「{usual}」が多く使われています。「{match['sign']}」を「{usual}」にそろえてください。"
            yield this.finding(passage, *match.span(), why, usual)
        elif match["space"]:
            yield this.finding(passage, *match.span(), f"数字と「{usual}」の間の空白を詰めてください。", usual)


def _without_links(passage: Passage) -> str:
    """The text with its addresses blanked, in its own characters."""
    flat = plain(passage.text)
    return "".join("\ufffc" if other == "\ufffc" else one for one, other in zip(passage.text, flat, strict=True))


def _usual(spellings: list[str], preferred: str) -> str:
    counts = Counter(spellings)
    return max(counts, key=lambda one: (counts[one], -preferred.find(one) if one in preferred else -9), default="")


# Spellings of one unit behind a number; the first is the one to prefer in a tie.
_UNITS = (
    ("キロメートル", "km", "㎞", "ｋｍ"), ("キログラム", "kg", "㎏", "ｋｇ"), ("ヘクタール", "ha", "㏊", "ｈａ"),
    ("平方メートル", "m²", "㎡", "m2"), ("立方メートル", "m³", "㎥", "m3"), ("平方キロメートル", "km²", "㎢", "km2"),
    ("トン", "t", "ｔ"), ("キロワット時", "kWh", "kwh", "KWh", "KWH"), ("キロワット", "kW", "kw", "KW", "㎾"),
    ("メガワット", "MW"),
    ("メートル", "m", "ｍ"), ("センチメートル", "cm", "㎝"), ("リットル", "L", "ℓ", "l"), ("度", "℃"),
)  # fmt: skip
_UNIT_OF = {spelling: spellings for spellings in _UNITS for spelling in spellings if spellings[0] != "度"}
_UNIT_WORDS = "|".join(sorted(map(re.escape, _UNIT_OF), key=len, reverse=True))
_UNIT = re.compile(rf"(?<=[0-9０-９万億]) ?(?P<unit>{_UNIT_WORDS})(?![A-Za-zａ-ｚ0-9²³ァ-ヴー])")


@rule(
    "unit-variants",
    Level.WARNING,
    "単位の書き方の混在",
    "「トン」と「t」、「km」と「キロメートル」のような同じ単位の書き方は、1つの号の中でそろえます。少ないほうを知らせます。",
    "公用文作成の考え方（令和4年）：1つの文書の中での統一",
)
def unit_variants(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """km here and キロメートル there."""
    found = [(passage, match) for passage in passages(manuscript) for match in _UNIT.finditer(_without_links(passage))]
    for spellings in _UNITS:
        used = [(passage, match) for passage, match in found if match["unit"] in spellings]
        usual = max(spellings, key=lambda one: (sum(match["unit"] == one for _, match in used), -spellings.index(one)))
        for passage, match in used:
            if match["unit"] != usual:
                why = f"この号では「{usual}」とも書かれています。「{match['unit']}」を「{usual}」にそろえてください。"
                yield this.finding(passage, *match.span("unit"), why, usual)


_TEN_THOUSANDS = re.compile(r"(?<![0-9.,億万])(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{5,})万(?=[^0-9]|$)")
_THOUSANDS = re.compile(
    r"(?<![0-9.,億万])(?P<digits>[0-9]{1,3}(?:,[0-9]{3})*|[0-9]+)千(?P<counter>円|人|トン|kWh|t|ドル)"
)
_LONG = re.compile(r"(?<![0-9.,A-Za-z\-万億])(?P<digits>[0-9]{1,3}(?:,[0-9]{3}){2,})(?=円|人|トン|ドル|件|kWh|t)")
_DECIMAL_MIX = re.compile(r"(?<![0-9.,])[0-9]+\.[0-9]+(?:億[0-9,]+万?|万[0-9,]+)(?=円|人|トン|ドル|件)")
_LONG_BEHIND = re.compile(
    r"(?<![0-9.,])(?P<man>[0-9,]+)億(?P<rest>[0-9]{1,3}(?:,[0-9]{3}){2}|[0-9]{5,8})(?=円|人|トン|ドル)"
)


@rule(
    "large-number",
    Level.WARNING,
    "億・万の書き方",
    "万を超える数は「1億2,500万円」のように億と万を添えると読みやすくなります。「12,500万円」「120千円」「120,000,000円」「1.2億3,000万円」のように桁の言い方がまざると読み違えます。",
    "公用文作成の考え方（令和4年 文化審議会建議）",
)
def large_number(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """12,500万円, 120千円, 120,000,000円, 1.2億3,000万円, 2億30,000,000円."""
    for passage in passages(manuscript):
        flat = plain(passage.text)
        for match in _TEN_THOUSANDS.finditer(flat):
            value = _value(match["digits"])
            if value >= 10_000:
                yield _larger(this, passage, match.span(), value * 10_000)
        for match in _THOUSANDS.finditer(flat):
            if _value(match["digits"]) >= 10:
                span = (match.start(), match.start("counter"))
                yield _larger(this, passage, span, _value(match["digits"]) * 1000)
        for match in _LONG.finditer(flat):
            if _value(match["digits"]) % 10_000 == 0:
                yield _larger(this, passage, match.span(), _value(match["digits"]))
        for match in _LONG_BEHIND.finditer(flat):
            yield _larger(this, passage, match.span(), _value(match["man"]) * 10**8 + _value(match["rest"]))
        for match in _DECIMAL_MIX.finditer(flat):
            why = (
                f"「{match[0]}」は、小数と桁の言い方がまざっています。"
                "数を確かめ、「1億2,500万」のような形に直してください。"
            )
            yield this.finding(passage, *match.span(), why)


def _larger(this: Rule, passage: Passage, span: tuple[int, int], value: int) -> Finding:
    right = in_words(value)
    why = f"「{passage.text[slice(*span)]}」は「{right}」と書くと読みやすくなります。"
    return this.finding(passage, *span, why, right)


def _value(digits: str) -> int:
    return int(digits.replace(",", ""))


def in_words(value: int) -> str:
    """125000000 -> 1億2,500万."""
    parts = []
    for unit, name in ((10**12, "兆"), (10**8, "億"), (10**4, "万"), (1, "")):
        if value >= unit and value // unit:
            parts.append(f"{value // unit:,}{name}")
            value %= unit
    return "".join(parts)


_KA = re.compile(
    r"(?<=[0-9０-９])(?P<ka>ヶ|ケ|ヵ|カ|ｹ|箇|個(?=[所国月年]))(?=所|国|月|年|条|村|町|校|店|寺)(?!所巡|所霊場|所めぐり)"
)


@rule(
    "counter-ka",
    Level.WARNING,
    "「か所」「か国」「か月」の書き方",
    "算用数字に付く「か」は平仮名で書きます（3か所、125か国、6か月）。漢数字に付くときは「箇所」です。",
    "公用文作成の考え方（令和4年 文化審議会建議）",
)
def counter_ka(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """3ヶ所, 6ケ月, 5箇所."""
    for passage in passages(manuscript):
        for match in _KA.finditer(passage.text):
            counter = passage.text[match.end()]
            why = f"数字の後の「{match['ka']}{counter}」は「か{counter}」と書いてください。"
            yield this.finding(passage, match.start(), match.end() + 1, why, f"か{counter}")


_RUN = re.compile(r"[0-9０-９]+(?:[,，.．][0-9０-９]+)*")


@rule(
    "mixed-digit-width",
    Level.WARNING,
    "1つの数の中の全角と半角",
    "1つの数の中に全角と半角の数字がまざっています。打ち直しの跡で、数そのものが違っていることもあります。数を確かめて半角にそろえてください。",
    "公用文作成の考え方（令和4年）：1つの文書の中での統一",
)
def mixed_digit_width(this: Rule, manuscript: Manuscript, world: World) -> Iterator[Finding]:
    """２5人, ２,500円."""
    for passage in passages(manuscript):
        for match in _RUN.finditer(passage.text):
            written = match[0]
            if not written.isascii() and any(one.isascii() for one in written):
                right = plain(written)
                why = f"「{written}」は全角と半角がまざっています。数を確かめ、「{right}」にそろえてください。"
                yield this.finding(passage, *match.span(), why, right)
