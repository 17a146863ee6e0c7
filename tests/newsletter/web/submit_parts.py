"""What the tests of the members' door share: a link, what somebody types, and the way through the pages."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from feeds import submissions
from feeds.models import Member, Submission
from newsletter import links
from tests.feeds.submission_parts import PHOTO_DRAFT, a_photo, an_image

TYPED = {
    "title": "環境フェアを開催します",
    "lead": "一文の説明です。",
    "body": "1段落目 <b>です</b>。\r\n\r\n2段落目です。",
    "event_starts_on": "令和8年12月5日（土）",
    "deadline": "2026/12/1",
    "sdgs": ["7", "13"],
    "pathway": "nature",
    "contact_name": "見本 花子",
    "contact_email": "hanako@city.example.lg.jp",
}
PHOTO_WORDS = {"photo_alt": "湖で水を調べる小学生", "photo_credit": "©見本市", "photo_for_mail": "on"}


def page(member: str = "kitakyushu", days: int = 30) -> str:
    return urlsplit(links.submission_url(member, timezone.now() + timedelta(days=days))).path


def upload(content: bytes | None = None, name: str = "写真.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, an_image() if content is None else content, "image/jpeg")


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def hidden_fields(response: Any) -> dict[str, Any]:
    """What a browser without JavaScript sends from the check page."""
    fields: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", response.content.decode()):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag, re.DOTALL)
        assert name
        fields.setdefault(name[1], []).append(html.unescape(value[1]) if value else "")
    fields.pop("csrfmiddlewaretoken", None)
    return dict(fields)


def send(client: Client, where: str, typed: dict[str, Any]) -> Any:
    """Form, check page, sending: as a person does it."""
    checked = client.post(where, typed | {"step": "check"})
    assert checked.status_code == 200, text_of(checked)
    assert "まだ送信されていません" in text_of(checked)
    return client.post(where, hidden_fields(checked) | {"step": "send"})


def own_submission(member: str = "kitakyushu", **changes: Any) -> Submission:
    draft = replace(PHOTO_DRAFT, **changes)
    return submissions.receive(Member.objects.get(key=member), draft, "web", timezone.now(), a_photo())
