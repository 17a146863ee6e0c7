"""What both parts of the mail must carry before it may be sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from newsletter.duties import LARGEST_HTML, missing
from newsletter.mail.content import (
    PREFERENCES_SLOT,
    UNSUBSCRIBE_SLOT,
    Fact,
    IssueContent,
    ItemContent,
    Publisher,
    RenderedMail,
    SectionContent,
)

CONTENT = IssueContent(
    publisher=Publisher(
        name="例示の会",
        legal_name="一般社団法人例示の会",
        postal_code="000-0000",
        postal_address="東京都例示区例示1-2-3 例示ビル4F",
        phone="00-0000-0000",
        email="office@example.jp",
        website="https://example.jp/",
    ),
    title="例示 e-ニュース",
    month=date(2026, 11, 1),
    release_on=date(2026, 11, 30),
    subject="件名",
    sections=(),
    why="このメールは、配信を希望された方にお送りしています。",
    web_url="https://example.jp/archive/2026-11/",
)
PARTS = (
    "一般社団法人例示の会",
    "東京都例示区例示1-2-3 例示ビル4F",
    "00-0000-0000",
    "このメールは、配信を希望された方にお送りしています。",
    "配信停止",
    UNSUBSCRIBE_SLOT,
    PREFERENCES_SLOT,
    "https://example.jp/archive/2026-11/",
)


def mail(*, without: str = "", html: str | None = None, text: str | None = None) -> RenderedMail:
    parts = [part for part in PARTS if part != without]
    page = "".join(f'<p>{part}</p><a href="{part}"></a>' for part in parts)
    return RenderedMail("件名", page if html is None else html, "\n".join(parts) if text is None else text)


def test_a_complete_mail_lacks_nothing() -> None:
    assert missing(CONTENT, mail()) == []


@pytest.mark.parametrize(
    ("part", "label"),
    [
        (PARTS[0], "送信者の名称"),
        (PARTS[1], "送信者の所在地"),
        (PARTS[2], "問い合わせ先"),
        (PARTS[3], "受け取る理由"),
        (PARTS[4], "配信を停止できることの説明"),
        (PARTS[5], "配信停止のリンク"),
        (PARTS[6], "登録内容変更のリンク"),
        (PARTS[7], "ウェブ版へのリンク"),
    ],
)
def test_what_is_lacking_is_named_for_each_part(part: str, label: str) -> None:
    for rendered, name in (
        (replace(mail(), html=mail(without=part).html), "HTML版"),
        (replace(mail(), text=mail(without=part).text), "テキスト版"),
    ):
        found = missing(CONTENT, rendered)
        assert len(found) == 1
        assert found[0].startswith(f"{name}に{label}")


def test_a_mail_address_is_contact_enough() -> None:
    assert missing(CONTENT, mail(text=mail().text.replace("00-0000-0000", "office@example.jp"))) == []


def test_wrapped_lines_break_marks_and_entities_do_not_hide_what_is_there() -> None:
    text = mail().text.replace("例示1-2-3 例示ビル", "例示1-2-3\n例示ビル").replace("配信を希望", "配信を\n希望")
    html = mail().html.replace("例示1-2-3 例示ビル4F", "例示1-2-3&nbsp;例示<wbr>ビル\u200b４Ｆ")
    assert missing(CONTENT, mail(html=html, text=text)) == []


def test_what_stands_in_a_style_or_comment_does_not_count() -> None:
    html = mail(without=PARTS[1]).html + f"<!-- {PARTS[1]} --><style>{PARTS[1]}</style>"
    assert missing(CONTENT, mail(html=html)) == ["HTML版に送信者の所在地がありません。"]


def test_an_empty_fact_of_the_profile_is_lacking() -> None:
    assert len(missing(replace(CONTENT, why=" "), mail())) == 2


def test_html_over_the_limit_is_refused_by_its_bytes() -> None:
    page = mail().html
    full = page + "x" * (LARGEST_HTML - len(page.encode()))
    assert missing(CONTENT, mail(html=full)) == []
    assert "100,001バイト" in missing(CONTENT, mail(html=full + "x"))[0]


def test_a_mail_needs_a_subject() -> None:
    assert missing(CONTENT, replace(mail(), subject=" ")) == ["件名がありません。"]


def test_a_text_edition_that_lacks_a_fact_of_an_item_may_not_be_sent() -> None:
    item = ItemContent(1, "item-1", "講座を開きます", ("本文です。",), facts=(Fact("締切", "12月4日（金）"),))
    content = replace(CONTENT, sections=(SectionContent("events", "催し", (item,)),))
    whole = mail().text + "\n講座を開きます\n本文です。\n締切：12月4日（金）\n"
    assert missing(content, mail(text=whole)) == []
    (lacking,) = missing(content, mail(text=whole.replace("（金）", "")))
    assert lacking == "1番「講座を開きます」: 無害化で失われる事実があります（締切）。"
