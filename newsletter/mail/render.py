"""Content becomes a rendered mail: Jinja2 -> MJML -> HTML -> styles inlined -> squeezed; the text edition beside it.

Nothing here reads the network: MRML gets no fonts to import, premailer may not fetch.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from mjml import mjml2html
from premailer import Premailer

from newsletter.mail import dates, markup, phrases, plaintext, theme
from newsletter.mail.charset import without_invisible
from newsletter.mail.content import (
    PREFERENCES_SLOT,
    UNSUBSCRIBE_SLOT,
    IssueContent,
    LetterContent,
    RenderedMail,
)
from newsletter.mail.letters import check_facts
from newsletter.mail.squeeze import squeeze

FONT = Markup("'Hiragino Sans','Yu Gothic',Meiryo,sans-serif")
LATIN_FONT = Markup("'Helvetica Neue',Arial,'Hiragino Sans','Yu Gothic',Meiryo,sans-serif")
NUMERAL_FONT = Markup("'Helvetica Neue',Arial,sans-serif")
# How Latin text is set, where it differs.
_IN_ENGLISH = {"font": LATIN_FONT, "office_font": Markup("Arial,sans-serif"), "leading": 1.6}
# premailer inlines only the style element that says so; MRML's own resets stay in the head.
_LEAVE_STYLE = re.compile(r"<style(?=[^>]*>(?!\s*/\*inline\*/))")


class RenderError(Exception):
    """A mail template cannot be rendered."""

    def __init__(self, message: str, template: str = "", line: int = 0) -> None:
        where = f"{template}の{line}行目: " if line else f"{template}: " if template else ""
        super().__init__(f"メールのテンプレートを処理できません。{where}{message}")
        self.template, self.line = template, line


def render_issue(content: IssueContent, templates: Path) -> RenderedMail:
    """The issue as subject, HTML and text, with the slots of each reader still in them."""
    html = finish_html(issue_mjml(content, templates), "issue.mjml.j2")
    plain, replacements = plaintext.plain_content(content)
    text = plaintext.finish_text(render_template(templates, "issue.txt.j2", _issue_context(plain, templates)))
    return RenderedMail(one_line(content.subject), html, text, one_line(content.preheader), replacements)


def issue_mjml(content: IssueContent, templates: Path) -> str:
    """The issue's MJML before it is compiled: what the benchmark and the validator look at."""
    return render_template(templates, "issue.mjml.j2", _issue_context(content, templates))


def render_letter(kind: str, content: LetterContent, templates: Path) -> RenderedMail:
    """One letter of a kind in letters.py as subject, HTML and text."""
    if complaint := check_facts(kind, content.facts):
        raise RenderError(complaint)
    context, folder = _letter_context(content, templates), f"letters/{kind}"
    if content.language != "ja":
        folder += f"/{content.language}"
    subject = one_line(render_template(templates, f"{folder}/subject.txt.j2", context))
    page = render_template(templates, f"{folder}/body.mjml.j2", {**context, "subject": subject})
    plain, replacements = plaintext.plain_content(content)
    text = render_template(templates, f"{folder}/body.txt.j2", _letter_context(plain, templates))
    html = finish_html(page, f"{folder}/body.mjml.j2")
    return RenderedMail(subject, html, plaintext.finish_text(text), "", replacements)


def finish_html(mjml: str, name: str) -> str:
    """MJML -> HTML -> styles in the elements -> squeezed, doctype first."""
    try:
        page = mjml2html(mjml, fonts={})
    except ValueError as error:
        raise RenderError(f"MJMLとして読めません。（{error}）", name) from error
    page = _LEAVE_STYLE.sub('<style data-premailer="ignore"', page)
    return squeeze(_inlined(page))


def one_line(text: str) -> str:
    """A subject or preheader: no line ends, no invisible characters."""
    return without_invisible(" ".join(text.splitlines())).strip()


def render_template(templates: Path, name: str, context: Mapping[str, Any]) -> str:
    """One template with its context; whatever fails in it is a RenderError that names the template and the line."""
    try:
        return _environment(templates).get_template(name).render(context)
    except jinja2.TemplateNotFound as error:
        raise RenderError(f"テンプレート「{error.name}」が見つかりません。", name) from error
    except jinja2.TemplateSyntaxError as error:
        raise RenderError(f"書き方に誤りがあります。（{error.message}）", error.name or name, error.lineno) from error
    except UnicodeDecodeError as error:
        raise RenderError("文字コードがUTF-8ではありません。UTF-8で保存してください。", name) from error
    except Exception as error:  # whatever an expression in a template can raise
        template, line = _place_in_templates(error, templates, name)
        words = f"値がありません。（{error}）" if isinstance(error, jinja2.UndefinedError) else str(error)
        raise RenderError(words or type(error).__name__, template, line) from error


def _inlined(page: str) -> str:
    result: str = Premailer(
        page,
        allow_network=False,
        remove_classes=False,
        strip_important=False,
        disable_validation=True,
        align_floating_images=False,
        disable_basic_attributes=["align", "valign", "width", "height"],
        cssutils_logging_level=logging.CRITICAL,
    ).transform(pretty_print=False)
    return result


@lru_cache(maxsize=8)
def _environment(templates: Path) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=jinja2.select_autoescape(enabled_extensions=("mjml.j2",), default=False),
        undefined=jinja2.StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "phrased": _phrased,
        "member_headline": _member_headline,
        "linked_lines": markup.linked_lines,
        "title_words": markup.title_words,
        "photo_width": markup.photo_width,
        "credit_line": markup.credit_line,
        "english_date": dates.english_date,
        "japanese_date": dates.japanese_date,
        "japanese_time": dates.japanese_time,
        "month_label": lambda issue: dates.month_label(issue.month, issue.number, issue.extra),
        **plaintext.FILTERS,
    }
    return environment


def _printed(value: Any) -> Any:
    """What an expression puts on the page: text from outside loses invisible characters, ours keeps its breaks."""
    if callable(value):
        raise TypeError(f"値ではなく部品です。（{value}）")  # a macro whose name hides a fact, or without its ()
    return without_invisible(value) if type(value) is str else value


@jinja2.pass_context
def _phrased(context: jinja2.runtime.Context, text: str) -> Markup:
    return phrases.phrased(text, _names(context))


@jinja2.pass_context
def _member_headline(context: jinja2.runtime.Context, headline: str) -> Markup:
    return markup.member_headline(headline, _names(context))


def _names(context: jinja2.runtime.Context) -> Collection[str]:
    names: Collection[str] = context.get("names", ())
    return names


def _issue_context(content: IssueContent, templates: Path) -> dict[str, Any]:
    return {
        **_common_context(content, templates),
        "issue": content,
        "language": "ja",
        "unsubscribe_url": UNSUBSCRIBE_SLOT,
        "preferences_url": PREFERENCES_SLOT,
        "names": phrases.names_in([item.headline for item in content.items]) | {content.publisher.name},
    }


def _letter_context(content: LetterContent, templates: Path) -> dict[str, Any]:
    return {
        **_common_context(content, templates),
        "newsletter": content.title,
        "language": content.language,
        "names": {content.publisher.name},
        **content.facts,
        **(_IN_ENGLISH if content.language == "en" else {}),
    }


def _common_context(content: IssueContent | LetterContent, templates: Path) -> dict[str, Any]:
    return {
        "publisher": content.publisher,
        "light": theme.light(content.palette),
        "dark": theme.dark(content.palette),
        "font": FONT,
        "office_font": Markup('"Yu Gothic",Meiryo,sans-serif'),  # of Outlook for Windows
        "leading": 1.75,
        "numeral_font": NUMERAL_FONT,
        "marks": _marks(templates),
    }


def _marks(templates: Path) -> plaintext.Marks:
    try:
        return plaintext.read_marks(templates / "text-theme.toml")
    except (OSError, ValueError, TypeError) as error:
        raise RenderError(f"読み込めません。（{error}）", "text-theme.toml") from error


def _place_in_templates(error: BaseException, templates: Path, name: str) -> tuple[str, int]:
    """The innermost line of a template in the traceback (Jinja2 rewrites it to the template's own numbers)."""
    place, step = (name, 0), error.__traceback__
    while step:
        file = Path(step.tb_frame.f_code.co_filename)
        if file.is_relative_to(templates):
            place = (str(file.relative_to(templates)), step.tb_lineno)
        step = step.tb_next
    return place
