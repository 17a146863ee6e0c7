"""The one step that makes the HTML small, and what it must not take away."""

from __future__ import annotations

import re

import pytest

from newsletter.mail.phrases import BREAK
from newsletter.mail.render import render_issue
from newsletter.mail.squeeze import REFUSE_BYTES, WARN_BYTES, size_finding, squeeze
from tests.newsletter.mail.sample import TEMPLATES, large_issue, rich_issue


def page(body: str, head: str = "") -> str:
    return f'<!doctype html><html lang="ja"><head><title>題</title>{head}</head><body>{body}</body></html>'


def test_forty_items_of_150_characters_stay_below_80_kb() -> None:
    html = render_issue(large_issue(40, 150), TEMPLATES).html
    assert len(html.encode()) < WARN_BYTES
    assert size_finding(html) is None


def test_it_warns_at_80_kb_and_refuses_at_100_kb() -> None:
    assert size_finding("x" * (WARN_BYTES - 1)) is None
    warning, refusal = size_finding("x" * WARN_BYTES), size_finding("あ" * (REFUSE_BYTES // 3 + 1))
    assert warning is not None
    assert refusal is not None
    assert (warning.level, warning.size) == ("warning", WARN_BYTES)
    assert "80.0kB" in warning.message
    assert refusal.level == "error"
    assert "配信できません" in refusal.message


def test_classes_stay_only_where_a_style_names_them() -> None:
    styles = "<style>@media screen{.kept{color:red}}</style><!--[if mso]><style>.mso{width:1px}</style><![endif]-->"
    html = squeeze(page('<p class="kept gone">あ</p><p class="gone">い</p><p class="mso">う</p>', styles))
    assert '<p class="kept">あ</p><p>い</p><p class="mso">う</p>' in html


def test_attributes_that_say_what_is_so_anyway_go_and_the_others_stay() -> None:
    table = '<table border="0" cellpadding="0" role="presentation" dir="auto"><tbody>'
    html = squeeze(page(table + '<tr><td align="left" colspan="2">あ</td></tr></tbody></table>'))
    assert '<table cellpadding="0" role="presentation"><tr><td colspan="2">あ</td></tr></table>' in html


def test_white_space_that_nobody_sees_goes_and_the_space_between_words_stays() -> None:
    html = squeeze(page("<div>\n  <p>日本語の\n   改行 と <b>Latin</b> words\n and more</p>\n</div>\n<p> 　字下げ</p>"))
    assert "<div><p>日本語の改行 と <b>Latin</b> words and more</p></div><p>　字下げ</p>" in html


def test_styles_are_written_shortly() -> None:
    html = squeeze(
        page(
            '<p style="margin: 0px 0px 12px; color: #FFFFFF; ">あ</p>',
            "<style>\n.a { color: red ; }\n/* note */\n</style>",
        )
    )
    assert '<p style="margin:0 0 12px;color:#FFF">' in html
    assert "<style>.a{color:red}</style>" in html


def test_conditional_comments_stay_and_neighbours_with_the_same_condition_are_joined() -> None:
    ghosts = "<!--[if mso | IE]><table><tr><![endif]--><!--[if mso | IE]><td><![endif]--><p>あ</p>"
    html = squeeze(page(ghosts + "<!--[if mso]>い<![endif]--><!--[if !mso]><!-->う<!--<![endif]-->"))
    assert "<!--[if mso | IE]><table><tr><td><![endif]--><p>あ</p>" in html
    assert "<!--[if mso]>い<![endif]--><!--[if !mso]><!-->う<!--<![endif]-->" in html


def test_the_doctype_comes_first_and_break_marks_become_wbr() -> None:
    html = squeeze(page(f"<h1>見出し{BREAK}です</h1>"))
    assert html.startswith("<!doctype html>\n<html")
    assert "<h1>見出し<wbr>です</h1>" in html


def test_squeezing_twice_changes_nothing() -> None:
    html = render_issue(rich_issue(), TEMPLATES).html
    assert squeeze(html.replace("<wbr>", BREAK)) == html


def test_lines_are_short_enough_for_8_bit_mail_and_end_where_nobody_sees_it() -> None:
    html = render_issue(large_issue(40, 150), TEMPLATES).html
    lines = html.split("\n")
    assert len(lines) > 50
    assert max(len(line.encode()) for line in lines) < 950
    assert all(re.match(r"<(?:/?t|p|h\d|ul|li|meta|style|/head|html)|[.@a-z]|$", line) for line in lines[1:])


def test_a_line_never_ends_inside_a_paragraph() -> None:
    long = "{波括弧}a のある、とても長い段落です。" * 60
    html = squeeze(page(f"<p>前</p><p>{long}<b>太字</b>{long}</p><p>{long}</p>", "<style>.a{color:red}</style>"))
    assert f"<p>{long}<b>太字</b>{long}</p>\n<p>{long}</p>" in html


@pytest.mark.parametrize(
    "conditional", ["<!--[if mso | IE]>", "<![endif]-->", "<!--[if !mso]><!-->", "<!--[if lte mso 11]>"]
)
def test_outlook_s_conditionals_survive_the_whole_way(conditional: str) -> None:
    html = render_issue(rich_issue(), TEMPLATES).html
    assert conditional in html
    assert html.count("<!--[if") == html.count("<![endif]")


def test_what_outlook_sees_is_balanced_too() -> None:
    html = render_issue(rich_issue(), TEMPLATES).html
    seen = re.sub(r"<!--\[if !mso\]><!-->.*?<!--<!\[endif\]-->", "", html, flags=re.DOTALL)
    seen = re.sub(r"<!--\[if [^\]]*\]>(.*?)<!\[endif\]-->", r"\1", seen, flags=re.DOTALL)
    for tag in ("table", "tr", "td", "div"):
        assert len(re.findall(rf"<{tag}[ >]", seen)) == seen.count(f"</{tag}>"), tag
