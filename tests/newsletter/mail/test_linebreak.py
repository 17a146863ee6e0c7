"""Line breaking of the text edition: 禁則, columns, what stays whole."""

from __future__ import annotations

import cProfile
import json
import random
import re
from itertools import pairwise
from pathlib import Path

import pytest
from uniseg.linebreak import line_break_boundaries

from newsletter.mail import linebreak
from newsletter.mail.linebreak import breaks, width, wrap

CASES = Path(__file__).resolve().parents[2] / "data" / "enews" / "wrap.jsonl"
# Written down again here, so that the table in the program is checked and not believed.
MAY_NOT_BEGIN = "、。，．・：；？！）］｝〕〉》」』】ーゝゞ々ぁぃぅぇぉっゃゅょァィゥェォッャュョ…％℃,.)]}!?:;%"
MAY_NOT_END = "（［｛〔〈《「『【＜([{"
WORDS = (
    "イクレイ日本 e-ニュース 気候変動 適応 シンポジウム を開催します。 、 。 （参加費は無料） "
    "「脱炭素先行地域」 『白書』 【汐見市】 "
    "が、 では、 カーボンニュートラル っていう ちょっと データ 々 時々 COP31 ICLEI low-carbon "
    "São Paulo 2050年 2,500自治体 10.5％ "
    "11月23日（月・祝） 10:30 ・ …… ！？ 《特集》 ＜参加者募集＞ ー ％ ℃ 1万2,000人 ゼロ・ウェイスト ヴィジョン "
    "令和8年度 第137号 〜 ※ ■ ① 髙﨑市 "
    "information 市町村 ますます いっしょに 取組 を 進める"
).split()


def random_paragraph(seed: int) -> str:
    dice = random.Random(seed)
    return "".join(dice.choice(WORDS) + (" " if dice.random() < 0.03 else "") for _ in range(dice.randint(5, 60)))


@pytest.mark.parametrize("case", [json.loads(line) for line in CASES.read_text().splitlines()], ids=lambda c: c["id"])
def test_it_wraps_the_sample_as_written_beside_it(case: dict[str, object]) -> None:
    assert "\n".join(wrap(str(case["text"]), int(str(case["width"])))) == case["wrapped"]


@pytest.mark.parametrize("columns", [68, 40, 30])
def test_six_hundred_random_paragraphs_have_no_kinsoku_fault_and_lose_nothing(columns: int) -> None:
    for seed in range(600):
        text = random_paragraph(seed)
        lines = wrap(text, columns)
        assert "".join("".join(lines).split()) == "".join(text.split())
        for line in lines:
            assert width(line) <= columns, line
            assert line == line.rstrip()
        for line in lines[1:]:
            assert line[0] not in MAY_NOT_BEGIN, lines
        for line in lines[:-1]:
            assert line[-1] not in MAY_NOT_END, lines


def test_a_line_is_filled_as_far_as_it_goes() -> None:
    for seed in range(200):
        text = random_paragraph(seed)
        lines = wrap(text, 68)
        for line, following in pairwise(lines):
            first_piece = following[: next(iter(breaks(following)), len(following))]
            assert width(line) + width(first_piece.rstrip()) > 68 - 1, (line, following)


def test_ambiguous_characters_take_two_columns() -> None:
    assert width("■◆━─★●○※①→…×℃") == 26
    assert width("━" * 34) == 68
    assert width("ｱｲｳabc 123") == 10
    assert width("か\u3099") == 2  # a loose sound mark takes no column of its own


def test_uax14_is_uniseg_s_answer() -> None:
    dice = random.Random(14)
    alphabet = "あかっゃー々、。・（）「」【】…―％！？〜日本市アカッ　  abcXYZ0123456789,.-/()"
    alphabet += "\"'éñ①■※→×℃ﾊﾟか\u3099👍🏽🇯🇵\u200d\u2060"
    for _ in range(400):
        text = "".join(dice.choice(alphabet) for _ in range(dice.randint(1, 25)))
        expected = [place for place in line_break_boundaries(text) if 0 < place < len(text)]
        assert sorted(set(linebreak._uax14(text))) == expected, text


@pytest.mark.parametrize(
    "whole",
    [
        "11月23日（月・祝）",
        "2,500自治体",
        "10.5％",
        "1万2,000人",
        "第137号",
        "low-carbon",
        "https://www.example.jp/a-b/c?d=e&f=1",
        "54か所目",
    ],
)
def test_it_never_breaks_inside(whole: str) -> None:
    for lead in range(40):
        assert whole in "\n".join(wrap("あ" * lead + whole + "を" + "い" * 30, 40))


def test_a_url_or_a_latin_word_longer_than_the_line_stays_whole() -> None:
    url, word = "https://www.example.jp/" + "x" * 80, "W" * 75
    assert wrap(f"詳しくは{url}をご覧ください", 68) == ["詳しくは", url, "をご覧ください"]
    assert word in wrap(f"長い語{word}です", 68)


def test_only_kinsoku_characters_are_cut_rather_than_let_run_over() -> None:
    assert all(width(line) <= 20 for line in wrap("「" * 30 + "あ" + "ー" * 30, 20))


def test_line_ends_of_the_writer_stay_and_empty_lines_too() -> None:
    assert wrap("一行目\r\n二行目\n\n四行目\n", 68) == ["一行目", "二行目", "", "四行目", ""]


def test_a_hanging_indent_counts_as_width() -> None:
    lines = wrap("日時：" + "あ" * 60, 40, first="◆", rest="　")
    assert lines[0].startswith("◆日時：")
    assert all(line.startswith("　") and not line.startswith("　　") for line in lines[1:])
    assert all(width(line) <= 40 for line in lines)


def test_the_first_indent_of_a_paragraph_is_kept() -> None:
    assert wrap("　段落の頭は一字下げ。" * 3, 40)[0].startswith("　段落")


def test_the_slow_rules_are_asked_only_where_they_are_needed() -> None:
    # uniseg makes eight hundred calls for each character; between two plain ones nobody needs it. We make a dozen.
    text = re.sub(r"\s", "", "".join(random_paragraph(seed) for seed in range(300)))
    wrap(text, 68)  # what is looked up of a character is looked up once
    profile = cProfile.Profile()
    profile.runcall(wrap, text, 68)
    assert sum(entry.callcount for entry in profile.getstats()) < 100 * len(text)
