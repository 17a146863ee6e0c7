"""What a mail scanner does with a hundred real mails: it fetches every link, and nobody is signed up or off by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.conf import settings as live
from django.db import connection
from django.test import Client
from django.utils import timezone

from feeds.models import Contributor, Member
from newsletter import campaigns, editions, issues, letters, sending
from newsletter.models import Issue, Letter
from subscribers.models import ConsentEvent, Subscriber
from tests.newsletter import archive_parts, books
from tests.newsletter.issue_parts import NOW, load_profile, member_entry
from tests.smtp_server import receiving

pytestmark = pytest.mark.django_db

CAMPAIGN_MAILS = 60
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
PREFETCH: tuple[dict[str, str], ...] = (
    {},
    {"Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"X-Moz": "prefetch"},
    {"User-Agent": "Mozilla/5.0 (compatible; MailScanner)"},
)


def queue_letters() -> None:
    """Forty letters of every kind that has a link."""
    member = Member.objects.first()
    assert member
    for number in range(10):
        letters.send_confirmation(books.reader(f"new{number}@example.jp", state=Subscriber.State.PENDING))
        letters.send_welcome(books.reader(f"welcome{number}@example.jp"))
        letters.send_already_subscribed(books.reader(f"already{number}@example.jp"))
    for number in range(5):
        letters.send_goodbye(books.reader(f"gone{number}@example.jp", state=Subscriber.State.LEFT))
        contact = Contributor.objects.create(member=member, email=f"staff{number}@example.lg.jp")
        letters.send_submission_link(contact, timezone.now() + timedelta(days=30))


def mails_of(settings: Any) -> list[EmailMessage]:
    """A campaign of a whole issue and the letters, as they came out of a real SMTP server."""
    load_profile()
    issue = issues.open_issue(date(2026, 11, 1))
    issues.place(
        issue, member_entry("環境の日", **archive_parts.EVENT), headline="【北九州市】環境の日", text="本文です。"
    )
    made = editions.make_edition(issue, "起案", NOW)
    books.approve(made)
    Issue.objects.filter(pk=issue.pk).update(state=Issue.State.APPROVED)
    books.readers(CAMPAIGN_MAILS)
    with receiving() as server:
        settings.RELAY_URL = f"smtp://127.0.0.1:{server.port}"
        campaign = campaigns.plan(made, "担当", timezone.now())
        campaigns.start(campaign, timezone.now())
        sending.send_campaign(campaign)
        queue_letters()
        sending.send_letters()
    parsed = [message_from_bytes(one.content, policy=policy.default) for one in server.received]
    return [one for one in parsed if isinstance(one, EmailMessage)]


def links_of(mail: EmailMessage) -> set[str]:
    """Every link of ours: in both parts and in List-Unsubscribe."""
    found = {link for link in [one_click_of(mail)] if link}
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            text = unescape(part.get_content())
            found |= set(re.findall(r"""https?://[^\s"'<>）」]+""", text))
    return {link for link in found if link.startswith(live.BASE_URL)}


def one_click_of(mail: EmailMessage) -> str:
    """The address that the mail program's own button posts to (RFC 8058), or nothing."""
    found = re.search(r"<(https?://[^>]+)>", str(mail["List-Unsubscribe"] or "").replace(" ", ""))
    return found[1] if found and mail["List-Unsubscribe-Post"] else ""


def target_of(link: str) -> str:
    return link.removeprefix(f"{urlsplit(link).scheme}://{urlsplit(link).netloc}") or "/"


def everything() -> dict[str, list[Any]]:
    """All rows of all tables that have a model."""
    tables = {model._meta.db_table: list(model._default_manager.order_by("pk").values()) for model in apps.get_models()}
    with connection.cursor() as cursor:
        assert set(tables) <= set(connection.introspection.table_names(cursor))
    return tables


def fetches(client: Client, target: str) -> Iterator[int]:
    """What a scanner, a mail program that prefetches and a nosy proxy do with one link."""
    for headers in PREFETCH:
        yield client.get(target, headers=headers).status_code
    yield client.head(target).status_code
    yield client.options(target).status_code


def test_a_thousand_fetches_of_all_links_of_a_hundred_mails_change_nothing(settings: Any) -> None:
    mails, client = mails_of(settings), Client(enforce_csrf_checks=True)
    assert len(mails) == 100
    before, targets = everything(), set()  # a page for everybody stands in every mail, and is fetched once
    for mail in mails:
        found = links_of(mail)
        assert found, mail["Subject"]
        targets |= {target_of(link) for link in found}
    assert {target.split("/")[1] for target in targets} >= {"u", "p", "c", "archive", "subscribe", "s"}
    answers = [status for target in targets for status in fetches(client, target)]
    assert len(answers) >= 1000
    assert set(answers) <= {200, 302, 405}
    after = everything()
    assert {table: rows for table, rows in after.items() if rows != before[table]} == {}


def test_a_post_does_it_once_for_one_reader_and_again_does_no_harm(settings: Any) -> None:
    mails, client = mails_of(settings), Client(enforce_csrf_checks=True)
    buttons = [link for mail in mails if (link := one_click_of(mail))]
    assert len(buttons) == CAMPAIGN_MAILS
    leave_by_button, leave_by_page = buttons[:10], buttons[10:20]
    for number, link in enumerate(leave_by_button, 1):
        twice(client, target_of(link), ONE_CLICK)
        assert steps("left") == number
    for number, link in enumerate(leave_by_page, len(leave_by_button) + 1):
        twice(client, target_of(link), {"action": "leave"})
        assert steps("left") == number
    assert Letter.objects.filter(kind="goodbye").count() == 20 + 5

    confirm = {target_of(link) for mail in mails for link in links_of(mail) if target_of(link).startswith("/c/")}
    assert len(confirm) == 10
    for number, target in enumerate(sorted(confirm), 1):
        twice(client, target, {})
        assert steps("confirmed") == number
    assert Letter.objects.filter(kind="welcome").count() == 20


def twice(client: Client, target: str, body: dict[str, str]) -> None:
    """The second time the answer is no error, and nothing in the books moves."""
    assert client.post(target, body).status_code in (200, 302)
    done = everything()
    assert client.post(target, body).status_code in (200, 302)
    assert everything() == done


def steps(kind: str) -> int:
    return ConsentEvent.objects.filter(kind=kind).values("subscriber").distinct().count()
