"""Headlines break between phrases and nowhere else."""

from __future__ import annotations

import random
import re

import pytest

from newsletter.mail.phrases import BREAK, names_in, phrased, phrases

MEMBERS = ("汐見市", "山里市・見本県", "イクレイ会員4自治体", "北浜市", "古都市")
TOPICS = (
    "2050年カーボンニュートラルに向けた54か所目の実証拠点が完成",
    "気候変動適応シンポジウムを開催します",
    "1万2,000人が参加した都市サミットを報告",
    "『月刊見本』で再生可能エネルギー条例を紹介",
    "COP31で250都市が共同声明",
    "https://www.example.jp/a-b を公開",
    "水素バスの運行を開始し、10.5％を削減",
    "ゼロ・ウェイスト宣言に第137号として署名",
    "北浜市と汐見市がレジリエンスの協定を更新",
    "令和8年度の参加者を募集しています",
)
DATES = ("（11/23）", "（10/14-15）", "（11月23日（月・祝））", "", "（2027/1/21-22）")


def headline(seed: int) -> str:
    dice = random.Random(seed)
    member = f"【{dice.choice(MEMBERS)}】" if dice.random() < 0.8 else ""
    return (
        member + dice.choice(TOPICS) + dice.choice(("", "、")).join(("", dice.choice(TOPICS)[:12])) + dice.choice(DATES)
    )


def test_five_hundred_headlines_break_nowhere_inside_what_belongs_together() -> None:
    names = names_in([f"【{member}】" for member in MEMBERS])
    whole = re.compile(
        r"【[^】]*】|https?://[!-~]+|[0-9][0-9,.]*(?:年|月|日|号|か所目|％|人|都市|年度)|(?<![ァ-ヴー])[ァ-ヴー]{2,8}(?![ァ-ヴー])"
        r"|\d+/\d+(?:-\d+)?|汐見市|北浜市"
    )
    for seed in range(500):
        text = headline(seed)
        pieces = phrases(text, names)
        assert "".join(pieces) == text
        place, edges = 0, set()
        for piece in pieces:
            place += len(piece)
            edges.add(place)
        for match in whole.finditer(text):
            inside = edges & set(range(match.start() + 1, match.end()))
            assert not inside, (match[0], pieces)


def test_it_breaks_between_phrases() -> None:
    assert phrases("【汐見市】気候変動適応シンポジウムを開催します（11月23日）") == [
        "【汐見市】", "気候変動適応シンポジウムを", "開催します", "（11月23日）",
    ]  # fmt: skip


def test_no_phrase_begins_or_ends_with_what_may_not() -> None:
    for seed in range(200):
        for piece in phrases(headline(seed))[1:]:
            assert piece[0] not in "、。）」』】ーっゃ・"


def test_a_hyphenated_date_is_told_to_stay_on_one_line() -> None:
    assert '<span class="word">（2027/1/21-22）</span>' in phrased("視察会の参加者を募集（2027/1/21-22）")


def test_html_in_a_headline_is_escaped_and_foreign_break_marks_are_dropped() -> None:
    assert phrased(f"<b>&{BREAK}</b>").replace(BREAK, "") == "&lt;b&gt;&amp;&lt;/b&gt;"


def test_names_come_from_the_brackets() -> None:
    assert names_in(["【汐見市・山里市】見出し", "見出し"]) == {"汐見市", "山里市"}


@pytest.mark.parametrize("text", ["", "あ", "【】", "（）", "ABC"])
def test_short_headlines_are_returned_as_they_are(text: str) -> None:
    assert "".join(phrases(text)) == text


def test_a_phrase_in_brackets_of_signs_stays_on_one_line() -> None:
    html = phrased("【古都市】脱炭素先行地域の視察会＜参加者募集＞（2027/1/21-22）")
    assert '<span class="word">視察会＜参加者募集＞</span>' in html
