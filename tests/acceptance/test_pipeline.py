"""From feeds, submissions and a list to every mailbox, on both databases, by the commands staff type."""

from __future__ import annotations

import email
import email.policy
import json
import re
import urllib.request
from collections import Counter
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from newsletter.demo import sample_feeds
from tests.acceptance import month
from tests.acceptance.instance import Instance
from tests.smtp_server import Received, receiving

pytestmark = pytest.mark.acceptance

READERS = 40


def parsed(mail: Received) -> EmailMessage:
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def unsubscribe_link(message: EmailMessage) -> str:
    found = re.match(r"<(http[^>]+)>", message["List-Unsubscribe"])
    assert found
    return found[1]


def post(url: str, body: bytes = b"List-Unsubscribe=One-Click") -> int:
    with urllib.request.urlopen(urllib.request.Request(url, data=body, method="POST"), timeout=10) as answer:
        return int(answer.status)


def test_a_month_from_the_sources_to_the_mailboxes(instance: Instance, tmp_path: Path) -> None:
    month.load_profile(instance)
    with sample_feeds.serving(datetime.now(ZoneInfo("Asia/Tokyo"))) as feeds:
        for key in ("demo-ministry", "demo-broken"):
            instance.run("feeds", "add", f"{feeds}/{key}", "--key", key, "--name", key, "--language", "ja",
                         "--section", "world", "--licence", "見本", "--credit", key)  # fmt: skip
        polled = {row["key"]: row for row in month.report(instance, "feeds", "refresh", *POLLED, status=1)}
    assert (polled["demo-ministry"]["new"], polled["demo-broken"]["new"]) == (3, 0)
    month.take_submissions(instance, tmp_path)
    month.import_readers(instance, tmp_path, READERS)
    instance.run("subscribers", "suppress", month.reader(1), "--by", "編集")
    month.suggest_issue(instance)
    month.approve_issue(instance)

    with receiving() as server:
        instance.environment["NEWSLETTER_RELAY_URL"] = f"smtp://127.0.0.1:{server.port}"
        server.rcpt_replies[month.reader(2)] = "550 5.1.1 no such user"
        instance.run("campaign", "send", month.MONTH, "--yes", "--by", "事務局長")
        mails = {parsed(mail)["To"]: parsed(mail) for mail in server.received}
        received = Counter(recipient for mail in server.received for recipient in mail.recipients)

    expected = {month.reader(number) for number in range(3, READERS + 1)}
    assert received == dict.fromkeys(expected, 1)
    assert month.states(instance) == {"sent": READERS - 2, "refused": 1}
    assert len({unsubscribe_link(mail) for mail in mails.values()}) == len(mails)
    assert len({mail["Message-ID"] for mail in mails.values()}) == len(mails)

    one = mails[month.reader(3)]
    for kind in ("plain", "html"):
        body = text_of(one, kind)
        assert "【東京都】" in body.replace("\u200b", "")
        assert "一般社団法人イクレイ日本" in body
        assert unsubscribe_link(one) in body
    assert 'lang="ja"' in text_of(one, "html")
    assert text_of(one, "html").lstrip().lower().startswith("<!doctype html>")

    with instance.serving():
        assert post(unsubscribe_link(one)) == 200
        assert post(unsubscribe_link(one)) == 200  # a second time changes nothing
    history = month.report(instance, "subscribers", "show", month.reader(3))
    assert "left" in json.dumps(history)


POLLED = ("demo-ministry", "demo-broken")


def test_a_rehearsal_reaches_the_catcher_only_and_leaves_the_readers_alone(approved: Instance, tmp_path: Path) -> None:
    instance = approved
    month.import_readers(instance, tmp_path, 5)
    with receiving() as real, receiving(port=instance.smtp_port) as catcher:
        instance.environment["NEWSLETTER_RELAY_URL"] = f"smtp://127.0.0.1:{real.port}"
        instance.run("campaign", "rehearse", month.MONTH, "--yes", "--by", "編集")
    assert (len(real.received), len(catcher.received)) == (0, 5)
    assert month.report(instance, "issue", "show", month.MONTH)["state"] == "approved"


def test_the_data_moves_from_sqlite_to_postgresql_as_the_manual_says(
    approved: Instance, postgres_address: str, tmp_path: Path
) -> None:
    instance = approved
    month.import_readers(instance, tmp_path, 5)
    before = month.report(instance, "issue", "show", month.MONTH)["placements"]
    file = str(tmp_path / "all.json")
    instance.run("manage", "dumpdata", "--natural-foreign", "--exclude", "contenttypes",
                 "--exclude", "auth.permission", "-o", file)  # fmt: skip
    instance.environment["DATABASE_URL"] = postgres_address
    instance.run("migrate")
    instance.run("manage", "loaddata", file)
    assert month.report(instance, "issue", "show", month.MONTH)["placements"] == before
    with receiving() as server:
        instance.environment["NEWSLETTER_RELAY_URL"] = f"smtp://127.0.0.1:{server.port}"
        instance.run("campaign", "send", month.MONTH, "--yes", "--by", "事務局長")
    assert len(server.received) == 5
