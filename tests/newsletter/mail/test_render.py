"""An issue becomes a mail: what every reader's program must find in it."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import html as lxml_html

from newsletter.mail.content import Fact, IssueContent, ItemContent, Picture, RenderedMail, SectionContent
from newsletter.mail.render import RenderError, render_issue, render_letter
from tests.newsletter.mail.sample import TEMPLATES, letter, rich_issue


@pytest.fixture(scope="module")
def mail() -> RenderedMail:
    return render_issue(rich_issue(), TEMPLATES)


@pytest.fixture(scope="module")
def page(mail: RenderedMail) -> lxml_html.HtmlElement:
    return lxml_html.document_fromstring(mail.html)


def with_item(**changes: object) -> IssueContent:
    item = dataclasses.replace(ItemContent(1, "item-1", "見出し", ("本文",)), **changes)  # type: ignore[arg-type]
    return dataclasses.replace(rich_issue(), sections=(SectionContent("members", "会員", (item,)),))


def test_it_is_a_japanese_html_document_with_doctype_title_and_preheader(
    mail: RenderedMail, page: lxml_html.HtmlElement
) -> None:
    assert mail.html.startswith("<!doctype html>")
    assert page.get("lang") == "ja"
    assert page.findtext(".//title") == mail.subject == rich_issue().subject
    assert mail.preheader == rich_issue().preheader
    first_words = page.find("body").text_content().strip()
    assert first_words.startswith(rich_issue().preheader)
    assert 'content="text/html; charset=UTF-8"' in mail.html


def test_the_same_content_gives_the_same_bytes(mail: RenderedMail) -> None:
    assert render_issue(rich_issue(), TEMPLATES) == mail


def test_headings_go_down_in_order(page: lxml_html.HtmlElement) -> None:
    levels = [int(heading.tag[1]) for heading in page.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))
    assert levels.count(3) == len(rich_issue().items)


def test_layout_tables_say_so_and_the_facts_are_a_real_table(page: lxml_html.HtmlElement) -> None:
    for table in page.iter("table"):
        if table.find(".//th") is not None and table.get("class") == "facts":
            assert [cell.get("scope") for cell in table.iter("th")] == ["row"] * len(table.findall(".//th"))
        else:
            assert table.get("role") == "presentation"


def test_every_picture_has_alt_text_and_a_width_outlook_understands(page: lxml_html.HtmlElement) -> None:
    pictures = list(page.iter("img"))
    assert len(pictures) == 3
    for picture in pictures:
        assert picture.get("alt")
        assert picture.get("width") == "544"
    assert "（写真：©北浜市）" in page.text_content()
    assert "©©" not in page.text_content()


def test_the_contents_lead_to_every_item(page: lxml_html.HtmlElement) -> None:
    for item in rich_issue().items:
        (entry,) = page.xpath(f'//a[@href="#{item.anchor}"]')
        assert entry.text_content() == item.headline
        assert len(page.xpath(f'//a[@name="{item.anchor}"]')) == 1


def test_each_item_has_one_button_whose_name_makes_sense_alone(page: lxml_html.HtmlElement) -> None:
    for item in rich_issue().items:
        if item.url:
            (button,) = page.xpath(f'//a[@href="{item.url}"]')
            assert button.text_content() == item.link_label
            assert button.get("aria-label") == f"{item.link_label}：{item.headline}"


def test_no_two_links_with_the_same_name_lead_to_different_places(page: lxml_html.HtmlElement) -> None:
    places: dict[str, set[str]] = {}
    for link in page.xpath("//a[@href]"):
        places.setdefault(link.get("aria-label") or link.text_content(), set()).add(link.get("href"))
    assert {name: found for name, found in places.items() if len(found) > 1 or not name.strip()} == {}


def test_an_original_title_carries_its_language(page: lxml_html.HtmlElement) -> None:
    (title,) = page.xpath('//span[text()="250 cities call on Parties to count local action at COP31"]')
    assert title.get("lang") == "en"


def test_headlines_break_at_phrases_and_the_rest_does_not(mail: RenderedMail) -> None:
    assert "水素で<wbr>動く" in mail.html
    # The contents list repeats the headlines.
    assert "<wbr>" not in re.sub(r'<h[123][ >].*?</h[123]>|<td class="tt".*?</td>', "", mail.html)
    assert "\u200b" not in mail.html + mail.subject + mail.text


def test_leaving_is_possible_from_the_top_and_from_the_foot(mail: RenderedMail, page: lxml_html.HtmlElement) -> None:
    assert mail.html.count("https://slot.invalid/unsubscribe") == 2
    assert mail.html.count("https://slot.invalid/preferences") == 2
    links = page.xpath("//a[@href]")
    assert "https://slot.invalid/unsubscribe" in [link.get("href") for link in links[:3]]


def test_it_carries_what_law_and_manners_want(page: lxml_html.HtmlElement) -> None:
    issue, shown = rich_issue(), page.text_content()
    publisher = issue.publisher
    for words in (
        publisher.legal_name,
        publisher.postal_address,
        publisher.postal_code,
        publisher.phone,
        publisher.email,
    ):
        assert words in shown
    assert issue.why in shown
    assert issue.reprint_rule in shown
    for address in (issue.web_url, issue.archive_url, issue.subscribe_url, publisher.website):
        assert page.xpath(f'//a[@href="{address}"]')
    assert page.xpath(f'//a[starts-with(@href, "mailto:{publisher.email}?subject=")]')


def test_html_from_outside_stays_text() -> None:
    nasty = "<script>alert(1)</script>&\"'<mj-text>{{ 7*7 }}"
    mail = render_issue(
        with_item(headline=f"【汐見市】{nasty}", paragraphs=(nasty,), facts=(Fact(nasty, nasty),), source=nasty,
                  picture=Picture("https://news.example.jp/p.jpg", nasty, nasty), sdgs=(nasty,), pathway=nasty),
        TEMPLATES,
    )  # fmt: skip
    page = lxml_html.document_fromstring(mail.html)
    assert page.xpath("//script") == []
    assert "{{ 7*7 }}" in page.text_content()
    assert "49" not in page.find(".//h3").text_content()
    assert page.find(".//img").get("alt") == nasty


def test_a_zero_width_space_from_outside_reaches_no_part() -> None:
    issue = dataclasses.replace(
        with_item(headline="見\u200b出し", paragraphs=("本\u200b文 https://example.jp/a\u200b",)),
        subject="件\u200b名\n二行目",
    )
    mail = render_issue(issue, TEMPLATES)
    assert "\u200b" not in mail.subject + mail.html + mail.text
    assert mail.subject == "件名 二行目"
    assert "本文" in mail.html


def test_an_association_without_serial_numbers_and_extras_gets_a_clean_mail() -> None:
    issue = dataclasses.replace(
        with_item(),
        number=None,
        preheader="",
        lead=(),
        next_issue="",
        web_url="",
        archive_url="",
        subscribe_url="",
        reprint_rule="",
    )
    page = lxml_html.document_fromstring(render_issue(issue, TEMPLATES).html)
    shown = page.text_content()
    assert "第" not in page.xpath('string(//td[@class="month"])')
    assert "次号予告" not in shown
    assert all(link.get("href") for link in page.xpath("//a[not(@name)]"))


def test_dates_are_those_of_the_issue() -> None:
    mail = render_issue(
        dataclasses.replace(rich_issue(), release_on=date(2027, 1, 29), month=date(2027, 1, 1)), TEMPLATES
    )
    assert "2027年1月29日（金）発行" in mail.html
    assert "2027年" in mail.html


def test_rendering_needs_no_network() -> None:
    """In a process of its own, where every socket call is an error."""
    program = """
import sys
def no_network(event, args):
    if event.startswith("socket.") and event != "socket.gethostname":
        raise RuntimeError("network: " + event)
from tests.newsletter.mail.sample import TEMPLATES, LETTER_FACTS, letter, rich_issue
from newsletter.mail.render import render_issue, render_letter
sys.addaudithook(no_network)
html = render_issue(rich_issue(), TEMPLATES).html
assert "fonts.googleapis" not in html and "@import" not in html and "<link" not in html
for kind in LETTER_FACTS:
    render_letter(kind, letter(kind), TEMPLATES)
assert "django" not in sys.modules
print("rendered")
"""
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "rendered", done.stderr


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    shutil.copytree(TEMPLATES, tmp_path / "mail")
    return tmp_path / "mail"


def change(file: Path, old: str, new: str) -> int:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_a_missing_value_names_the_template_and_the_line(broken: Path) -> None:
    line = change(broken / "parts.mjml.j2", "{{ it.number }}", "{{ it.numbr }}")
    with pytest.raises(RenderError, match=rf"parts\.mjml\.j2の{line}行目") as caught:
        render_issue(rich_issue(), broken)
    assert (caught.value.template, caught.value.line) == ("parts.mjml.j2", line)
    assert "numbr" in str(caught.value)


def test_a_syntax_error_names_the_template_and_the_line(broken: Path) -> None:
    line = change(broken / "issue.txt.j2", "{{ box(sec.title) }}", "{{ box(sec.title }}")
    with pytest.raises(RenderError, match=rf"issue\.txt\.j2の{line}行目"):
        render_issue(rich_issue(), broken)


def test_an_expression_that_fails_names_the_line(broken: Path) -> None:
    line = change(broken / "issue.mjml.j2", "{{ issue.month.month }}", "{{ issue.month.month / 0 }}")
    with pytest.raises(RenderError, match=rf"issue\.mjml\.j2の{line}行目"):
        render_issue(rich_issue(), broken)


def test_a_part_printed_without_its_brackets_is_an_error(broken: Path) -> None:
    change(broken / "issue.txt.j2", '{{ box("発行元") }}', "{{ box }}")
    with pytest.raises(RenderError, match="部品"):
        render_issue(rich_issue(), broken)


def test_a_template_in_another_encoding_is_named(broken: Path) -> None:
    file = broken / "issue.txt.j2"
    file.write_bytes(file.read_text("utf-8").encode("cp932", "replace"))
    with pytest.raises(RenderError, match=r"issue\.txt\.j2: 文字コードがUTF-8ではありません"):
        render_issue(rich_issue(), broken)


def test_a_missing_template_is_named(broken: Path) -> None:
    (broken / "parts.mjml.j2").unlink()
    with pytest.raises(RenderError, match=r"parts\.mjml\.j2"):
        render_issue(rich_issue(), broken)


def test_mjml_that_cannot_be_read_is_an_error(broken: Path) -> None:
    change(broken / "issue.mjml.j2", "</mj-body>", "")
    with pytest.raises(RenderError, match=r"issue\.mjml\.j2"):
        render_issue(rich_issue(), broken)


@pytest.mark.parametrize("theme", ["rule = ", 'rule = "━"', None], ids=["not TOML", "signs missing", "no file"])
def test_a_theme_file_that_cannot_be_used_is_named(broken: Path, theme: str | None) -> None:
    file = broken / "text-theme.toml"
    file.unlink() if theme is None else file.write_text(theme, encoding="utf-8")
    with pytest.raises(RenderError, match=r"text-theme\.toml"):
        render_issue(rich_issue(), broken)


def test_a_changed_template_is_used_at_once(broken: Path) -> None:
    render_issue(rich_issue(), broken)
    change(broken / "issue.txt.j2", "発行元：", "発行者：")
    import os

    os.utime(broken / "issue.txt.j2", (1, 1))
    assert "発行者：" in render_issue(rich_issue(), broken).text


def test_a_letter_without_its_facts_is_refused_before_the_template_sees_it() -> None:
    content = dataclasses.replace(letter("confirmation"), facts={"days": 14})
    with pytest.raises(RenderError, match="confirm_url"):
        render_letter("confirmation", content, TEMPLATES)
    with pytest.raises(RenderError, match="greeting"):
        render_letter("greeting", content, TEMPLATES)
    with pytest.raises(RenderError, match="dayz"):
        render_letter(
            "confirmation", dataclasses.replace(content, facts={"days": 1, "confirm_url": "x", "dayz": 2}), TEMPLATES
        )
