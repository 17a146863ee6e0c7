"""Two requests for one address, the second a stranger's: each letter confirms the request that it was sent for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from newsletter import profile
from newsletter.models import Letter
from subscribers.models import ConsentEvent, Subscriber
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.web.public_parts import path_of
from tests.subscribers.people import person

pytestmark = pytest.mark.django_db

OWN = {"name": "見本 太郎", "department": "環境課"}
STRANGERS = {"name": "別の 人", "department": "どこかの課", "only_monthly": "on"}


@pytest.fixture(autouse=True)
def _association() -> None:
    load_profile()


def ask(client: Client, language: str, answers: dict[str, Any]) -> str:
    """The path of the link in the letter that answers this request."""
    version = profile.current().in_language(language).wording.version
    body = {"email": "taro@example.jp", "format": "html", "wording": version, **answers}
    assert client.post(f"/subscribe/?lang={language}", body).status_code == 302
    letter = Letter.objects.filter(kind="confirmation").latest("pk")
    link = re.search(r"http\S+/c/\S+", letter.text)
    assert link
    return path_of(link[0])


def confirmed() -> tuple[str, str, str, str, bool]:
    reader = Subscriber.objects.get()
    assert reader.is_active
    event = ConsentEvent.objects.get(kind=ConsentEvent.Kind.CONFIRMED)
    return event.wording, reader.name, reader.department, reader.language, reader.only_monthly


def versions() -> tuple[str, str]:
    return profile.current().wording.version, profile.current().in_language("en").wording.version


def test_a_strangers_later_request_does_not_rewrite_what_the_first_letter_confirms(client: Client) -> None:
    first = ask(client, "ja", OWN)
    second = ask(client, "en", STRANGERS)
    client.post(first)
    own = (versions()[0], "見本 太郎", "環境課", "ja", False)
    assert confirmed() == own
    assert client.post(second, follow=True).status_code == 200
    assert confirmed() == own


def test_the_second_letter_confirms_the_second_request(client: Client) -> None:
    first = ask(client, "en", STRANGERS)
    client.post(ask(client, "ja", OWN))
    own = (versions()[0], "見本 太郎", "環境課", "ja", False)
    assert confirmed() == own
    client.post(first)
    assert confirmed() == own


def test_a_former_reader_keeps_their_name(client: Client) -> None:
    person(state=Subscriber.State.LEFT, name="見本 太郎", department="環境課")
    first = ask(client, "ja", {})
    ask(client, "en", STRANGERS)
    client.post(first)
    assert confirmed() == (versions()[0], "見本 太郎", "環境課", "ja", False)
