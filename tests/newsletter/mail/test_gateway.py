"""A gateway of a local government takes HTML, links, images and attachments away; no fact may go with them."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from newsletter.mail.content import Fact, IssueContent, ItemContent, Picture, RenderedMail, SectionContent
from newsletter.mail.gateway import LOST_WITH_HTML, Way, disarmed, lost_words, sanitise, surviving
from newsletter.mail.message import Recipient, Sender, compile_message
from newsletter.mail.render import render_issue
from tests.newsletter.mail.sample import TEMPLATES, large_issue, rich_issue

SENDER = Sender("イクレイ日本", "enews@example.jp", list_id="enews.example.jp")
READER = Recipient("r@example.jp", "<1@example.jp>", "https://news.example.jp/u/x", "https://news.example.jp/p/x")


def message(rendered: RenderedMail, *, text_only: bool = False) -> bytes:
    date = datetime(2026, 11, 30, tzinfo=UTC)
    return compile_message(rendered, SENDER, date=date, text_only=text_only).join(READER)


def mail(text: str, html: str = "", attachment: bytes = b"") -> bytes:
    made = EmailMessage()
    made["Subject"], made["From"] = "件名", "事務局 <office@example.jp>"
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    if attachment:
        made.add_attachment(attachment, maintype="application", subtype="pdf", filename="a.pdf")
    return made.as_bytes()


@pytest.fixture(scope="module")
def rich() -> tuple[IssueContent, bytes]:
    content = rich_issue()
    return content, message(render_issue(content, TEMPLATES))


def test_every_fact_of_every_item_survives_the_loss_of_the_html(rich: tuple[IssueContent, bytes]) -> None:
    content, octets = rich
    survivals = surviving(content, sanitise(octets).text)
    assert [one.number for one in survivals] == list(range(1, 13))
    assert lost_words(survivals) == []
    assert {fact.label for fact in survivals[4].facts} >= {"見出し", "本文", "日時", "会場", "参加費", "締切", "リンク"}


def test_a_large_issue_and_a_text_only_copy_survive_as_well() -> None:
    content = large_issue()
    rendered = render_issue(content, TEMPLATES)
    for text_only in (False, True):
        assert lost_words(surviving(content, sanitise(message(rendered, text_only=text_only)).text)) == []


def test_html_turned_to_text_keeps_all_but_what_html_alone_can_hold(rich: tuple[IssueContent, bytes]) -> None:
    content, octets = rich
    survivals = surviving(content, sanitise(octets, Way.FROM_HTML).text)
    assert lost_words(survivals, LOST_WITH_HTML) == []
    assert "写真の説明、リンク" in lost_words(survivals)[0]


def test_what_the_gateway_did_is_marked(rich: tuple[IssueContent, bytes]) -> None:
    arrived = sanitise(rich[1])
    assert arrived.subject == rich[0].subject
    assert arrived.sender == "イクレイ日本 <enews@example.jp>"
    assert arrived.marks == ("CHG_TEXT", "REP_LINK")
    assert arrived.images == 3
    assert "http" not in arrived.text.lower().replace("hxxp", "")
    with_all = sanitise(mail("本文", "<p>本文</p>", b"%PDF"))
    assert with_all.marks == ("DEL_ATTACH", "CHG_TEXT")
    assert with_all.attachments == 1


def test_html_becomes_lines_without_tags_images_and_targets() -> None:
    page = (
        "<html><head><title>見えない</title><style>p{}</style></head><body><!-- 見えない --><h1>見出し<wbr>です</h1>"
        '<p>一行目<br>二行目 &amp; <a href="https://example.jp/">詳細</a><img src="a" alt="写真"></p>'
        "<table><tr><th>日時</th><td>12月</td></tr></table><script>x</script></body></html>"
    )
    arrived = sanitise(mail("本文", page), Way.FROM_HTML)
    assert arrived.text == "見出しです\n\n一行目\n二行目 & 詳細\n\n日時 12月\n"
    assert "REP_LINK" in arrived.marks


def test_a_message_of_html_alone_is_turned_to_text_either_way() -> None:
    made = EmailMessage()
    made["Subject"] = "件名"
    made.set_content("<p>本文</p>", subtype="html")
    assert sanitise(made.as_bytes()).text == sanitise(made.as_bytes(), Way.FROM_HTML).text == "本文\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("https://a.jp/x http://b.jp", "hxxps://a.jp/x hxxp://b.jp"), ("詳しくはhttps://a.jpへ", "詳しくはhxxps://a.jpへ"),
     ("hxxps://a.jp", "hxxps://a.jp")],
)  # fmt: skip
def test_links_lead_nowhere_and_stay_readable(text: str, expected: str) -> None:
    assert disarmed(text) == expected


# ------------------------------------------------------------ what is lost is named
def issue_of(*items: ItemContent) -> IssueContent:
    return dataclasses.replace(rich_issue(), sections=(SectionContent("members", "会員", items),))


EVENT = ItemContent(
    1, "item-1", "【汐見市】講座を開きます", ("本文です。",), "https://city.example.lg.jp/1",
    facts=(Fact("締切", "12月4日（金）"), Fact("申込", "フォーム（https://city.example.lg.jp/form）から")),
    picture=Picture("https://p.example.jp/1.jpg", "会場の写真", "汐見市"),
)  # fmt: skip


def test_a_text_edition_that_lacks_a_fact_is_found_out() -> None:
    content = issue_of(EVENT)
    text = "1. 【汐見市】講座を開きます\n\n【汐見市】講座を開きます\n本文です。\n会場の写真（写真：©汐見市）\nhttps://city.example.lg.jp/1\n"
    lost = lost_words(surviving(content, sanitise(mail(text)).text))
    assert lost == ["1番「【汐見市】講座を開きます」: 無害化で失われる事実があります（締切、申込）。"]
    whole = f"{text}締切：12月4日（金）\n申込：フォーム\nhttps://city.example.lg.jp/form\nから\n"
    assert lost_words(surviving(content, sanitise(mail(whole)).text)) == []


def test_a_fact_of_another_item_does_not_count() -> None:
    first = dataclasses.replace(EVENT, picture=None, url="", facts=(Fact("締切", "12月4日"),))
    second = dataclasses.replace(first, number=2, anchor="item-2", headline="別の記事")
    text = "■1. 【汐見市】講座を開きます\n本文です。\n■2. 別の記事\n本文です。\n締切：12月4日\n"
    lost = lost_words(surviving(issue_of(first, second), sanitise(mail(text)).text))
    assert lost == ["1番「【汐見市】講座を開きます」: 無害化で失われる事実があります（締切）。"]


@pytest.mark.parametrize("way", Way)
def test_characters_that_the_text_edition_replaces_are_no_loss(way: Way) -> None:
    item = dataclasses.replace(EVENT, headline="【髙山市】①号機を公開", paragraphs=("面積は10㎡、㈱見本の協力です。",))
    content = issue_of(item)
    survivals = surviving(content, sanitise(message(render_issue(content, TEMPLATES)), way).text)
    assert lost_words(survivals, LOST_WITH_HTML) == []


def test_an_item_that_is_missing_altogether_has_lost_everything() -> None:
    survival = surviving(issue_of(EVENT), sanitise(mail("本文です。")).text)[0]
    assert len(survival.lost) == len(survival.facts)


def test_two_items_with_the_same_headline_are_told_apart() -> None:
    first = dataclasses.replace(EVENT, picture=None, url="", facts=(), paragraphs=("一つ目。",))
    second = dataclasses.replace(first, number=2, paragraphs=("二つ目。",))
    text = f"{EVENT.headline}\n{EVENT.headline}\n\n{EVENT.headline}\n一つ目。\n{EVENT.headline}\n二つ目。\n"
    assert lost_words(surviving(issue_of(first, second), sanitise(mail(text)).text)) == []
