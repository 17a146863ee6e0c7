"""What an issue must carry before it may be sent. Pure.

In both parts what the law asks for (特定電子メール法 第4条, 施行規則 第9条), in the text edition every fact of every
item.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from newsletter.mail.content import PREFERENCES_SLOT, UNSUBSCRIBE_SLOT, IssueContent, RenderedMail
from newsletter.mail.gateway import disarmed, lost_words, surviving

# Gmail cuts a message at 102 kB of HTML, and the unsubscribe link at the bottom would vanish with the rest.
LARGEST_HTML = 100_000  # bytes in UTF-8
OPT_OUT = ("配信停止", "配信の停止", "配信解除", "購読解除", "登録解除", "解除")
INVISIBLE = re.compile(r"<(style|script|title)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.DOTALL | re.IGNORECASE)
GAPS = re.compile("[\\s\u200b\u2060\ufeff\u00ad]+")


def missing(content: IssueContent, rendered: RenderedMail) -> list[str]:
    """What is lacking, in words, with the part it is lacking in; empty when the mail may go out."""
    size = len(rendered.html.encode())
    lacking = [*_lacking(content, "HTML版", rendered.html, _squeezed(_visible(rendered.html)))]
    lacking += _lacking(content, "テキスト版", rendered.text, _squeezed(rendered.text))
    # Behind a municipal gateway the text edition is all there is.
    lacking += lost_words(surviving(content, disarmed(rendered.text)))
    if not rendered.subject.strip():
        lacking.append("件名がありません。")
    if size > LARGEST_HTML:
        lacking.append(
            f"HTML版が{size:,}バイトあります。{LARGEST_HTML:,}バイトを超えると、Gmailで下の部分（配信停止の案内を含む）が"
            "切られます。記事か文章を減らしてください。"
        )
    return lacking


def _lacking(content: IssueContent, part: str, source: str, visible: str) -> Iterator[str]:
    publisher = content.publisher
    shown = {
        "送信者の名称": publisher.legal_name or publisher.name,
        "送信者の所在地": publisher.postal_address,
        "受け取る理由": content.why,
    }
    for label, words in shown.items():
        if not words.strip() or _squeezed(words) not in visible:
            yield f"{part}に{label}がありません。"
    contacts = [contact for contact in (publisher.phone, publisher.email) if contact.strip()]
    if not any(_squeezed(contact) in visible for contact in contacts):
        yield f"{part}に問い合わせ先（電話番号かメールアドレス）がありません。"
    if not any(words in visible for words in OPT_OUT):
        yield f"{part}に配信を停止できることの説明がありません。"
    for label, slot in (("配信停止のリンク", UNSUBSCRIBE_SLOT), ("登録内容変更のリンク", PREFERENCES_SLOT)):
        if slot not in source:
            yield f"{part}に{label}がありません。"
    if content.web_url and content.web_url not in html.unescape(source):
        yield f"{part}にウェブ版へのリンクがありません。"


def _visible(source: str) -> str:
    return html.unescape(INVISIBLE.sub("", source))


def _squeezed(text: str) -> str:
    """For comparing only: without line breaks and gaps, and with the text edition's replacements undone (NFKC)."""
    return GAPS.sub("", unicodedata.normalize("NFKC", text))
