"""Whatever is written, every finding points at what it found, and no text keeps the gate busy for long."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.proof.finding import apply
from newsletter.proof.manuscript import Manuscript, ProofItem, World, passages
from newsletter.proof.rules import proof

PIECES = (
    "市は|取組|取り組み|を|が、|です。|である。|「|」|『|（|）|(|)| |\u3000|\n|\t|\u200b|か\u3099|１２|12|月|日|（月）"
    "|令和8年|2026年|ＡＢ|GCoM|nature based|https://example.jp/a b|a@example.jp|㈱|①|ｶﾞ|ない|ことはない|昨年|下さい"
    "|カ国|、|，|！|?|など|等|\"|“|”|'|電話|00-0000-0000|北九州市|内堀 雅雄知事|見れる|%|％|10時|〜|2,500|人|\x07"
    "|・|㍻|𠮷|👨‍👩‍👧|の|環境庁|午後|25:00|【|】"
).split("|")
WORLD = World(glossary={"GCoM": "世界気候エネルギー首長誓約（世界首長誓約）"})


def issue(headline: str, text: str) -> Manuscript:
    return Manuscript(date(2026, 11, 1), date(2026, 11, 30), (ProofItem(1, headline, text),), lead=headline)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12), st.lists(st.sampled_from(PIECES), max_size=60))
def test_a_finding_points_at_what_it_found_and_its_fixes_can_be_put_in(
    headline: list[str], pieces: list[str]
) -> None:  # fmt: skip
    manuscript = issue("".join(headline), "".join(pieces))
    texts = {(passage.item, passage.field): passage.text for passage in passages(manuscript)}
    for finding in proof(manuscript, WORLD):
        assert finding.message.endswith(("。", "）", "？")), finding
        if (text := texts.get((finding.place.item, finding.place.field))) is None:
            continue
        assert text[finding.place.start : finding.place.end] == finding.found
        for fix in finding.fixes:
            assert fix.replacement != finding.found
            apply(text, finding, fix)


@pytest.mark.parametrize(
    "part",
    [
        "の",
        "漢",
        "（漢",
        " ",
        "漢の",
        "を漢",
        "a.",
        "a@",
        "1",
        "都",
        "aa ",
        "申込",
        "ますが、",
        "Ａ．",
        "ア一",
        "(漢",
        "「",
        "\t",
        "、",
    ],
)
def test_a_text_that_only_repeats_itself_is_read_to_its_end(part: str) -> None:
    list(proof(issue("見出し", part * (3_000 // len(part)) + "（GCoM）"), WORLD))
