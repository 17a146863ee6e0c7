"""Names of heads of local governments against the registry: no space inside, their own glyphs, their own title."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from newsletter.proof.finding import Finding, Level
from newsletter.proof.glyphs import folded
from newsletter.proof.manuscript import Manuscript, Passage, RegisteredMember, World, passages
from newsletter.proof.places import STEM, Places, places_of
from newsletter.proof.rules import Rule, rule

KANJI = "一-龠々〆ヶ𠮷﨑髙德濵\uf900-\ufaff"
GAP = "[ \u3000\u00a0\u2009]"
TITLE = "都知事|府知事|道知事|県知事|知事|副知事|市長|区長|町長|村長|副市長|副区長|副町長"
PREFECTURAL = ("都知事", "府知事", "道知事", "県知事")
SPACED = re.compile(
    rf"(?<![{KANJI}])([{KANJI}]{{1,3}})({GAP}+)([{KANJI}]{{1,3}}?){GAP}?(?=(?:{TITLE})(?!会|選|賞|室|杯|表彰))"
)
PLACE = f"[{KANJI}ァ-ヺーさいたま]{{0,12}}?"
AFTER = re.compile(rf"{GAP}?(?:氏)?[（(]?({PLACE})(副|元|前)?({TITLE})(?!会|選|賞|室|杯|表彰)")
BEFORE = re.compile(rf"({PLACE})(副|元|前)?({TITLE})(?:の|である|・|{GAP})?$")
# The last character of most given names; the word before a space is a surname only if such a word follows.
GIVEN = frozenset(
    "雄夫男一二三四五郎朗子美代恵江枝介輔助樹人仁司志史士之幸也哉弥弘宏浩博洋裕久彦正明昭章彰秋治次春晴晃光"
    "俊敏利年寿誠清茂実實稔隆孝高貴義吉良和安康泰健建剛勇武徹哲勝克信伸進真眞慎守衛衞豊勉学馬平太大智知"
    "香織奈菜音里理紀規則憲賢行生直英栄秀保穂翔崇宗繁重紘功勲典法徳德百合葉希華花忠敬允幹基尚尊雅睦望輝宣延"
    "展丈壮策周淳潤純舜駿峻順均聡薫渉悟悠暁満亘渡修治収創巌猛毅毅滋猪亨享亮凌力務努匡昇昌景晋梓梢楓歩毬瑛環眸碧"
    "祐禎紗絵綾緑翼翠聖肇芳茜莉蓮虎裟詩諒謙護貢賀賜路近透遥道達鉄銀鋼錦陽隼雪雷静順頼颯魁鷹麻麿龍竜"
)
# Words that stand before a name or a title without being a surname.
LABELS = frozenset(
    "登壇者 講師 主催 共催 後援 協力 会場 日時 出席者 参加者 挨拶 司会 座長 会長 理事 代表 議長 委員 委員長 登壇 出席 "
    "講演 基調 開会 閉会 来賓 発表 報告 説明 対談 写真 左 右 中央 前列 後列 同 現 新 前 元 各 全 首長 市民 県民".split()
)
NOT_SURNAME = frozenset("者師催援場長員役席会拶言氏県市区町村都府道国")


@rule(
    "head-space",
    Level.ERROR,
    "首長の氏名の中の空白",
    "文の中の氏名は、姓と名の間を空けずに書きます（内堀雅雄知事）。名簿などから写すと空白が残りがちです。",
    "公用文の氏名の書き方、実際の号で起きた誤り",
)
def head_space(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """A space inside the name of a registered head, or inside any name with a head's title right after it."""
    for passage in passages(manuscript):
        found: set[int] = set()
        for member in world.members:
            if member.head:
                for match in _spaced(member.head).finditer(passage.text):
                    if re.search(GAP, match[0]) and folded(_closed(match[0])) == folded(member.head):
                        found.add(match.start())
                        yield _space(rule, passage, match.start(), match.end(), member.head)
        for match in SPACED.finditer(passage.text):
            if match.start() not in found and _is_name(match[1], match[3], world):
                yield _space(rule, passage, match.start(1), match.end(3), match[1] + match[3])


def _space(rule: Rule, passage: Passage, start: int, end: int, right: str) -> Finding:
    message = f"氏名「{passage.text[start:end]}」の中に空白があります。「{right}」と続けて書いてください。"
    return rule.finding(passage, start, end, message, right)


def _spaced(name: str) -> re.Pattern[str]:
    return re.compile(f"{GAP}*".join(f"[{re.escape(c)}{_variants(c)}]" for c in name))


def _variants(character: str) -> str:
    common = folded(character)
    return common if common != character else ""


def _closed(name: str) -> str:
    return re.sub(GAP, "", name)


def _is_name(surname: str, given: str, world: World) -> bool:
    """Whether the two words are a person's name: 内堀 雅雄 is, 主催 北九州 and 福島県 内堀 are not."""
    if surname in LABELS or surname[-1] in NOT_SURNAME or given in LABELS:
        return False
    stems = places_of(world).words
    if given in stems or surname + given in stems:
        return False
    return given[-1] in GIVEN


# ------------------------------------------------------------ glyphs
@rule(
    "head-glyph",
    Level.ERROR,
    "首長の氏名の字体が違う",
    "氏名の漢字は、本人が使っている字で書きます（松井一實、青木克德の「實」「德」など）。名簿の字と違うところがあります。",
    "会員名簿の首長の氏名",
)
def head_glyph(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """The name of a registered head in other glyphs than the registered ones."""
    for passage in passages(manuscript):
        plain = folded(passage.text)
        for member in world.members:
            if not member.head:
                continue
            for start, end in _found(plain, folded(member.head)):
                written = passage.text[start:end]
                if written != member.head:
                    message = f"「{written}」の字体が名簿と違います。{member.name}の首長は「{member.head}」です。"
                    yield rule.finding(passage, start, end, message, member.head)


def _found(text: str, word: str) -> Iterator[tuple[int, int]]:
    at = text.find(word)
    while at >= 0:
        yield at, at + len(word)
        at = text.find(word, at + 1)


# ------------------------------------------------------------ title and name
@rule(
    "head-title",
    Level.ERROR,
    "首長の職名か自治体が違う",
    "氏名のすぐ前か後ろに書いた職名（知事、市長、区長、町長）か自治体の名称が、名簿のその人と違います。",
    "会員名簿の首長の氏名と職名",
)
def head_title(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """小池百合子市長: the title, or the government, next to a registered head's name is another one."""
    for passage in passages(manuscript):
        plain = folded(passage.text)
        for member in world.members:
            if member.head and member.head_title:
                for start, end in _found(plain, folded(member.head)):
                    yield from _title_beside(rule, passage, start, end, member, places_of(world))


def _title_beside(
    rule: Rule, passage: Passage, start: int, end: int, member: RegisteredMember, places: Places
) -> Iterator[Finding]:
    text = passage.text
    before, after = BEFORE.search(text, max(0, start - 16), start), AFTER.match(text, end)
    title = after or before
    if title is None or title[2] or title[3].startswith("副"):
        return  # 元知事, 副市長: somebody's past or another office
    place, words = _government(title[1], places), title[3]
    if title[1] and not place and title is after:
        return  # 武内和久同市長: no name of a government, so perhaps not this title either
    if place and STEM.sub("", place) != STEM.sub("", member.name):
        start, office = title.end(1) - len(place), _office(member)
        message = f"{member.head}さんは{office}です。「{text[start : title.end(3)]}」になっています。"
        yield rule.finding(passage, start, title.end(3), message, office)
        return
    right = member.name[-1] + "知事" if words in PREFECTURAL and member.head_title == "知事" else member.head_title
    if words != right and (words != "知事" or member.head_title != "知事"):
        message = f"{member.head}さんの職名は「{member.head_title}」です（{member.name}）。「{words}」になっています。"
        yield rule.finding(passage, title.start(3), title.end(3), message, right)


def _government(words: str, places: Places) -> str:
    """The longest end of the words that names a government, with or without its last character: 広島."""
    return next((words[at:] for at in range(len(words)) if words[at:] in places.words), "")


@rule(
    "head-name",
    Level.ERROR,
    "首長の氏名が名簿と違う",
    "自治体名と職名の隣に書いた氏名が、名簿の首長と違います。字の書き間違いか、名簿が古くなっています。"
    "選挙で代わったときは、名簿（管理画面の会員かプロファイル）を直してください。",
    "会員名簿の首長の氏名",
)
def head_name(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """北九州市長 武内一久: the person beside the government and its title is another than the registered one."""
    registered = {folded(member.head) for member in world.members if member.head}  # of those, head-title speaks
    for passage in passages(manuscript):
        for member in world.members:
            if member.head and member.head_title:
                yield from _other_person(rule, passage, member, registered)


def _other_person(rule: Rule, passage: Passage, member: RegisteredMember, registered: set[str]) -> Iterator[Finding]:
    office = re.escape(_office(member))
    name = f"[{KANJI}]{{3,5}}"
    title = "[都道府県]?知事" if member.head_title == "知事" else re.escape(member.head_title)
    after = re.compile(
        rf"{office}(?:の|・|{GAP})?({name}?)(?=氏|さん|が|は|と|も|に|を|や|、|。|（|）|」|\)|{GAP}|\s|$)"
    )
    before = re.compile(rf"(?<![{KANJI}])({name}?){GAP}?(?:{office}|{title})(?![{KANJI}])")
    surname = folded(member.head[:2])
    for pattern in (after, before):
        for match in pattern.finditer(passage.text):
            written = match[1]
            if any(name in folded(written) for name in registered) or not _could_be(written):
                continue
            named = office in re.escape(match[0])
            if folded(written[:2]) != surname and not (named and written[-1] in GIVEN):
                continue
            message = f"{_office(member)}は「{member.head}」です。「{written}」になっています。"
            yield rule.finding(passage, match.start(1), match.end(1), message, member.head)


def _office(member: RegisteredMember) -> str:
    """北九州市長, 東京都知事"""
    if member.head_title == "知事":
        return f"{member.name}知事"
    return STEM.sub("", member.name) + member.head_title


OFFICE_WORDS = re.compile(
    "選挙|会議|表彰|公室|室|賞|就任|公約|応接|職務|以下|杯|挨拶|会見|定例|記者|市長|知事|区長|町長|代理|秘書|宛|当選|退任|任期|候補"
)


def _could_be(written: str) -> bool:
    return not OFFICE_WORDS.search(written) and written not in LABELS
