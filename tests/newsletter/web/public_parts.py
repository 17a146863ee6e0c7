"""What the tests of the public pages share: links of a reader, a form that is filled in, what a page says."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from newsletter import links
from newsletter.models import Letter
from subscribers.models import Subscriber

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
FORM = {"email": "taro@example.jp", "format": "html", "wording": "2026-12"}


def path_of(address: str) -> str:
    return urlsplit(address).path


def text_of(response: Any) -> str:
    main = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)
    assert main, response.content.decode()
    return unescape(re.sub(r"<[^>]*>", " ", main[0]))


def letters() -> list[str]:
    return list(Letter.objects.order_by("pk").values_list("kind", flat=True))


def sign_up(client: Client, **fields: str) -> Any:
    return client.post("/subscribe/", FORM | fields)


def confirmation_path(subscriber: Subscriber) -> str:
    return path_of(links.confirm_url(subscriber.key))


def unsubscribe_path(subscriber: Subscriber, delivery: int | None = None) -> str:
    return path_of(links.unsubscribe_url(subscriber.key, delivery))
