"""The text edition: complete without the HTML, and readable in the oldest mail program of a city hall."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from newsletter.mail.content import Fact, IssueContent, ItemContent, SectionContent
from newsletter.mail.linebreak import URL, width
from newsletter.mail.plaintext import finish_text, plain_content, prose, read_marks
from newsletter.mail.render import render_issue
from tests.newsletter.mail.sample import TEMPLATES, large_issue, rich_issue


def bare(text: str) -> str:
    """Without white space and signs of the theme, as a reader's eye joins the lines."""
    return re.sub(r"[\s■◆▼※]", "", text)


@pytest.fixture(scope="module")
def text() -> str:
    return render_issue(rich_issue(), TEMPLATES).text


def facts_of(item: ItemContent) -> list[str]:
    facts = [item.headline, *item.paragraphs, item.url, item.source, item.original_title, item.pathway, *item.sdgs]
    facts += [
        part for fact in item.facts for part in (fact.label, *re.split(URL, fact.value), *URL.findall(fact.value))
    ]
    return [fact for fact in [*facts, item.picture.alt if item.picture else ""] if fact.strip()]


@pytest.mark.parametrize("item", rich_issue().items, ids=lambda item: str(item.number))
def test_every_fact_of_every_item_is_there(text: str, item: ItemContent) -> None:
    whole = bare(text)
    assert [fact for fact in facts_of(item) if bare(fact) not in whole] == []


def test_a_gateway_that_drops_html_links_and_attachments_loses_no_fact(text: str) -> None:
    dead = bare(text.replace("https://", "hxxps://"))
    wanted = [bare(fact.replace("https://", "hxxps://")) for item in rich_issue().items for fact in facts_of(item)]
    assert [fact for fact in wanted if fact not in dead] == []


def test_it_has_a_masthead_numbered_contents_and_what_the_law_wants(text: str) -> None:
    issue = rich_issue()
    assert "イクレイ日本 e-ニュース　2026年11月号（第137号）" in text
    assert "2026年11月30日（月）" in text
    for item in issue.items:
        assert text.count(f"{item.number}. ") >= 2, "once in the contents, once above the item"
    publisher = issue.publisher
    for fact in (publisher.legal_name, publisher.postal_address, publisher.phone, publisher.email, issue.why):
        assert bare(fact) in bare(text)
    assert bare(issue.next_issue) in bare(text)
    assert bare(issue.reprint_rule) in bare(text)
    assert "https://slot.invalid/unsubscribe" in text
    assert "https://slot.invalid/preferences" in text


@pytest.mark.parametrize("issue", [rich_issue(), large_issue(12, 400)], ids=["rich", "large"])
def test_no_line_is_wider_than_68_columns_unless_it_is_a_url(issue: IssueContent) -> None:
    for line in render_issue(issue, TEMPLATES).text.splitlines():
        assert width(line) <= 68 or URL.fullmatch(line), line


def test_every_url_stands_bare_on_a_line_of_its_own(text: str) -> None:
    for line in text.splitlines():
        if "http" in line:
            assert URL.fullmatch(line), line


def test_rules_are_34_full_width_signs(text: str) -> None:
    assert {line for line in text.splitlines() if line.startswith("━")} == {"━" * 34}


def test_it_has_no_zero_width_character_and_no_html(text: str) -> None:
    assert not re.search("[\u200b-\u200d\u2060\ufeff]|<[a-z/]|&(?:amp|lt|#)", text)


def test_machine_dependent_characters_are_replaced_here_only_and_reported() -> None:
    item = ItemContent(
        1, "item-1", "【髙山市】㈱見本と①号機を公開", ("ｱｲｳ㎡の森。",), facts=(Fact("℡", "00-0000-0000"),)
    )
    issue = dataclasses.replace(rich_issue(), sections=(SectionContent("members", "会員自治体ニュース", (item,)),))
    mail = render_issue(issue, TEMPLATES)
    assert "【髙山市】(株)見本と(1)号機を公開" in mail.text
    assert "アイウm²の森。" in mail.text
    assert "◆TEL：00-0000-0000" in mail.text
    assert "㈱見本と①号機" in mail.html.replace("<wbr>", "")
    assert {(one.found, one.put) for one in mail.replacements} >= {
        ("㈱", "(株)"),
        ("①", "(1)"),
        ("ｱｲｳ", "アイウ"),
        ("㎡", "m²"),
        ("℡", "TEL"),
    }


def test_replacing_happens_before_wrapping() -> None:
    content, _ = plain_content(ItemContent(1, "item-1", "見出し", ("㍿" * 30,)))
    assert all(width(line) <= 68 for line in prose(content.paragraphs[0]).splitlines())


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "詳しくは、https://www.example.jp/a をご覧ください。",
            ["詳しくは、", "https://www.example.jp/a", "をご覧ください。"],
        ),
        ("案内（https://www.example.jp/a）を公開", ["案内", "https://www.example.jp/a", "を公開"]),
        ("案内は https://www.example.jp/a。", ["案内は", "https://www.example.jp/a"]),
        ("https://www.example.jp/a", ["https://www.example.jp/a"]),
        ("案内です。", ["案内です。"]),
    ],
)
def test_prose_sets_urls_apart(text: str, lines: list[str]) -> None:
    assert prose(text).splitlines() == lines


def test_an_association_may_choose_its_own_signs(tmp_path: Path) -> None:
    theme = tmp_path / "text-theme.toml"
    theme.write_text('rule = "＝"\nitem = "●"\nfact = "○"\nlink = "→"\nnote = "＊"\n', encoding="utf-8")
    assert read_marks(theme).line == "＝" * 34
    theme.write_text('rule = "="\nitem = "*"\nfact = "-"\nlink = ">"\nnote = "#"\n', encoding="utf-8")
    assert read_marks(theme).line == "=" * 68


def test_a_theme_with_a_wrong_sign_is_refused(tmp_path: Path) -> None:
    theme = tmp_path / "text-theme.toml"
    theme.write_text("rule = 3\n", encoding="utf-8")
    with pytest.raises(ValueError, match="rule"):
        read_marks(theme)


def test_an_issue_without_optional_parts_has_no_empty_frames() -> None:
    item = ItemContent(1, "item-1", "お知らせ", ("本文です。",))
    issue = dataclasses.replace(
        rich_issue(), number=None, lead=(), next_issue="", web_url="", archive_url="", subscribe_url="",
        reprint_rule="",
        sections=(SectionContent("office", "事務局から", (item,)), SectionContent("network", "世界から", ())),
    )  # fmt: skip
    text = render_issue(issue, TEMPLATES).text
    assert "次号予告" not in text
    assert "世界から" not in text
    assert "2026年11月号\n" in text
    assert "\n\n\n\n" not in text


def test_the_end_is_one_line_end_and_no_line_has_trailing_spaces() -> None:
    assert finish_text("\n\nあ  \n\n\n\n\nい\n\n") == "あ\n\n\nい\n"
