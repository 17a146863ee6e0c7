"""The same mail as different readers meet it: light, dark, on a phone, without images, as text, behind a gateway.

Each view is a page of its own that needs no script and nothing from the network, to be looked at in a browser.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape

from newsletter.mail.content import IssueContent, RenderedMail
from newsletter.mail.gateway import LOST_WITH_HTML, ItemSurvival, Sanitised, Way, lost_words, sanitise, surviving

_DARK_ONLY = re.compile(r"@media\s*\(prefers-color-scheme:\s*dark\)")
_SCHEMES = re.compile(r"(color-schemes?:\s*|name=\"(?:supported-)?color-schemes?\"\s+content=\")light dark")
_IMAGE = re.compile(r"(<img\b[^>]*?)\ssrc=(?:\"[^\"]*\"|'[^']*')", re.IGNORECASE)
# Every character is one or two columns wide in these, so 34 全角 stand under each other as on a terminal.
_MONOSPACED = "'Noto Sans Mono CJK JP','BIZ UDGothic','MS Gothic','Osaka-Mono',monospace"
_STYLE = f"""
body {{ margin: 0; padding: 24px; background: #fff; color: #1f2a2e; font: 15px/1.7 'Hiragino Sans','Yu Gothic',Meiryo,
sans-serif; }}
pre {{ margin: 0; font: 15px/1.6 {_MONOSPACED}; white-space: pre-wrap; overflow-wrap: anywhere; }}
h1 {{ font-size: 18px; margin: 0 0 8px; }} h2 {{ font-size: 16px; margin: 32px 0 8px; }}
.head {{ border-bottom: 1px solid #c5ced0; margin: 0 0 20px; padding: 0 0 12px; }}
.head p {{ margin: 0; }} .quiet {{ color: #5b686d; font-size: 13px; }}
table {{ border-collapse: collapse; width: 100%; font-size: 13px; line-height: 1.6; }}
th, td {{ text-align: left; vertical-align: top; border-top: 1px solid #d5dedb; padding: 6px 12px 6px 0; }}
th {{ white-space: nowrap; }}
.lost {{ color: #a3201d; font-weight: bold; }} .kept {{ color: #0b5d4e; white-space: nowrap; }}
section {{ display: inline-block; vertical-align: top; margin: 0 24px 24px 0; }}
iframe {{ border: 1px solid #c5ced0; height: 900px; background: #fff; }}
"""


class Kind(StrEnum):
    """What is looked at."""

    DESKTOP = "desktop"
    PHONE = "phone"
    DARK = "dark"
    IMAGES_OFF = "images-off"
    TEXT = "text"
    GATEWAY = "gateway"
    SOURCE = "source"


TITLES = {
    Kind.DESKTOP: "パソコン",
    Kind.PHONE: "スマートフォン",
    Kind.DARK: "ダークモード（スマートフォン）",
    Kind.IMAGES_OFF: "画像を表示しない設定",
    Kind.TEXT: "テキスト版",
    Kind.GATEWAY: "無害化プレビュー",
    Kind.SOURCE: "ソース",
}
WIDTHS = {  # CSS pixels; a phone of today is 360 to 430 wide
    Kind.DESKTOP: 760,
    Kind.PHONE: 375,
    Kind.DARK: 375,
    Kind.IMAGES_OFF: 760,
    Kind.TEXT: 560,
    Kind.GATEWAY: 660,
    Kind.SOURCE: 760,
}


@dataclass(frozen=True, slots=True)
class View:
    """One way to see the mail."""

    kind: Kind
    page: str  # complete HTML

    @property
    def title(self) -> str:
        """Its name for staff."""
        return TITLES[self.kind]

    @property
    def width(self) -> int:
        """How wide it is looked at, in CSS pixels."""
        return WIDTHS[self.kind]


@dataclass(frozen=True, slots=True)
class GatewayReport:
    """What a gateway leaves, in both of its ways, and which facts are lost that must not be."""

    text: Sanitised
    facts: tuple[ItemSurvival, ...]
    from_html: Sanitised
    lost: tuple[str, ...]  # sentences; must be none

    @classmethod
    def of(cls, content: IssueContent, message: bytes) -> GatewayReport:
        """Send the finished message through both kinds of gateway."""
        text, from_html = sanitise(message, Way.TEXT_PART), sanitise(message, Way.FROM_HTML)
        facts = surviving(content, text.text)
        converted = (
            lost_words(surviving(content, from_html.text), LOST_WITH_HTML) if from_html.text != text.text else []
        )
        lost = [*lost_words(facts), *(f"HTML版をテキストに変換した場合、{words}" for words in converted)]
        return cls(text, facts, from_html, tuple(lost))


def views(
    rendered: RenderedMail, message: bytes, gateway: GatewayReport, pictures: Mapping[str, str] | None = None
) -> tuple[View, ...]:
    """Every view of one reader's copy. `rendered` has no slots any more; `pictures`: photos' addresses -> files."""
    page = rendered.html
    for url, file in (pictures or {}).items():
        page = page.replace(f'src="{escape(url)}"', f'src="{escape(file)}"')
    html_views = (
        View(Kind.DESKTOP, in_light(page)),
        View(Kind.PHONE, in_light(page)),
        View(Kind.DARK, in_dark(page)),
        View(Kind.IMAGES_OFF, without_images(in_light(page))),
    )
    return (
        *(html_views if page else ()),
        View(Kind.TEXT, text_page(rendered.subject, rendered.text)),
        View(Kind.GATEWAY, gateway_page(gateway)),
        View(Kind.SOURCE, text_page("ソース", message.decode("utf-8", "replace"))),
    )


def in_light(page: str) -> str:
    """The page as in a light scheme, whatever the browser's own is."""
    return _DARK_ONLY.sub("@media not all", _SCHEMES.sub(r"\1light", page))


def in_dark(page: str) -> str:
    """The page as in a dark scheme, whatever the browser's own is."""
    return _DARK_ONLY.sub("@media all", _SCHEMES.sub(r"\1dark", page))


def without_images(page: str) -> str:
    """The page as most mail programs show it first: the alternative texts instead of the images."""
    return _IMAGE.sub(r"\1", page)


def text_page(title: str, text: str) -> str:
    """Plain text in a monospaced typeface."""
    return _page(title, f"<pre>{escape(text)}</pre>")


def gateway_page(report: GatewayReport) -> str:
    """What arrives on LGWAN, and a table of which facts of each item are still there."""
    arrived = report.text
    removed = f"画像{arrived.images}点と添付{arrived.attachments}点を削除、リンク{arrived.links}か所を無効化"
    head = (
        f'<div class="head"><h1>{escape(arrived.subject)}</h1><p>差出人: {escape(arrived.sender)}</p>'
        f'<p class="quiet">X-MAIL-SANITIZED: {escape(" ".join(arrived.marks))}（{removed}）</p></div>'
    )
    verdict = (
        "".join(f'<p class="lost">{escape(words)}</p>' for words in report.lost)
        or '<p class="kept">すべての記事の、すべての事実が残ります。</p>'
    )
    rows = "".join(_item_row(one) for one in report.facts)
    table = (
        f'<table><tr><th scope="col">番号</th><th scope="col">記事</th><th scope="col">残る事実</th></tr>{rows}</table>'
    )
    body = f"{head}<pre>{escape(arrived.text)}</pre><h2>無害化のあとに残る事実</h2>{verdict}{table if rows else ''}"
    return _page("無害化プレビュー", body)


def _item_row(one: ItemSurvival) -> str:
    lost = {fact.label for fact in one.lost}
    facts = "　".join(
        f'<span class="lost">× {escape(label)}</span>'
        if label in lost
        else f'<span class="kept">○ {escape(label)}</span>'
        for label in dict.fromkeys(fact.label for fact in one.facts)
    )
    return f"<tr><td>{one.number}</td><td>{escape(one.headline)}</td><td>{facts}</td></tr>"


def overview_page(subject: str, shown: Sequence[tuple[View, str]], note: str = "") -> str:
    """All views side by side, each in a frame of its own that can run nothing; the second of a pair is its file."""
    frames = "".join(
        f'<section><h2>{escape(view.title)}</h2><iframe src="{escape(file)}" width="{view.width}" sandbox=""'
        f' title="{escape(view.title)}"></iframe></section>'
        for view, file in shown
    )
    quiet = f'<p class="quiet">{escape(note)}</p>' if note else ""
    return _page("プレビュー", f'<div class="head"><h1>{escape(subject)}</h1>{quiet}</div>{frames}')


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="ja"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )
