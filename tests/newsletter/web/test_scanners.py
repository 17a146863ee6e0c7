"""What a mail scanner does with a hundred real mails: it fetches every link, and nobody is signed up or off by it."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as live
from django.test import Client

from newsletter import letters, sending
from newsletter.models import Delivery, Letter
from subscribers.models import ConsentEvent, Subscriber, Suppression
from tests.newsletter import books
from tests.smtp_server import receiving

pytestmark = pytest.mark.django_db

CAMPAIGN_MAILS, LETTERS = 80, 20
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
PREFETCH: tuple[dict[str, str], ...] = (
    {},
    {"Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"X-Moz": "prefetch"},
    {"User-Agent": "Mozilla/5.0 (compatible; MailScanner)"},
)


def mails_of(settings: Any) -> list[EmailMessage]:
    """A campaign and confirmation letters, as they came out of a real SMTP server."""
    books.readers(CAMPAIGN_MAILS)
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        sending.send_campaign(books.running())
        for number in range(LETTERS):
            letters.send_confirmation(books.reader(f"new{number}@example.jp", state=Subscriber.State.PENDING))
        sending.send_letters()
    parsed = [message_from_bytes(one.content, policy=policy.default) for one in server.received]
    return [one for one in parsed if isinstance(one, EmailMessage)]


def links_of(mail: EmailMessage) -> set[str]:
    """Every link of ours: in both parts and in List-Unsubscribe."""
    found = set(re.findall(r"<(https?://[^>]+)>", str(mail["List-Unsubscribe"] or "").replace(" ", "")))
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            text = unescape(part.get_content())
            found |= set(re.findall(r"""https?://[^\s"'<>）」]+""", text))
    return {link for link in found if link.startswith(live.BASE_URL)}


def everything() -> list[Any]:
    models = (Subscriber, ConsentEvent, Suppression, Letter, Delivery)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_a_thousand_fetches_of_all_links_of_a_hundred_mails_change_nothing_and_a_post_does_once(settings: Any) -> None:
    mails = mails_of(settings)
    assert len(mails) == CAMPAIGN_MAILS + LETTERS
    before, client, requests = everything(), Client(enforce_csrf_checks=True), 0
    for mail in mails:
        found = links_of(mail)
        assert found, mail["Subject"]
        for link in found:
            target = link.removeprefix(f"{urlsplit(link).scheme}://{urlsplit(link).netloc}") or "/"
            for headers in PREFETCH:
                assert client.get(target, headers=headers).status_code < 500
            assert client.head(target).status_code < 500
            requests += len(PREFETCH) + 1
    assert requests >= 1000
    assert everything() == before

    mail = next(one for one in mails if one["List-Unsubscribe-Post"])
    one_click = re.search(r"<(https?://[^>]+)>", mail["List-Unsubscribe"].replace(" ", ""))
    assert one_click
    for _ in range(3):
        assert client.post(urlsplit(one_click[1]).path, ONE_CLICK).status_code == 200
        assert Subscriber.objects.filter(state=Subscriber.State.LEFT).count() == 1
    assert ConsentEvent.objects.filter(kind=ConsentEvent.Kind.LEFT).count() == 1
    assert Letter.objects.filter(kind="goodbye").count() == 1
