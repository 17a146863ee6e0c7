"""Signed links: what they carry, how long they live, and that they agree with the addresses of the web."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from django.conf import settings
from django.urls import reverse
from pytest_django import Settings

from feeds.models import Submission
from newsletter import links
from newsletter.errors import LinkError
from newsletter.models import Issue

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
KEY = "ktNdV1fBq3-x_ZQ0a9wPxg"
READERS = {
    "unsubscribe": lambda token: links.read_unsubscribe(token).subscriber_key,
    "preferences": lambda token: links.read_preferences(token).subscriber_key,
    "confirm": lambda token: links.read_confirm(token, NOW).subscriber_key,
    "submission": lambda token: links.read_submission(token, NOW),
}


def token_of(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


def made() -> dict[str, str]:
    return {
        "unsubscribe": token_of(links.unsubscribe_url(KEY, 7)),
        "preferences": token_of(links.preferences_url(KEY, 7)),
        "confirm": token_of(links.confirm_url(KEY, NOW)),
        "submission": token_of(links.submission_url(KEY, NOW + timedelta(days=30))),
    }


@pytest.mark.parametrize("purpose", READERS)
def test_a_link_gives_back_the_key_it_was_made_for(purpose: str) -> None:
    assert READERS[purpose](made()[purpose]) == KEY


@pytest.mark.parametrize(("purpose", "other"), [*permutations(READERS, 2)])
def test_a_token_of_one_purpose_is_wrong_for_every_other(purpose: str, other: str) -> None:
    with pytest.raises(LinkError, match="正しくありません"):
        READERS[other](made()[purpose])


def test_the_delivery_travels_with_the_link_and_may_be_missing() -> None:
    assert links.read_unsubscribe(token_of(links.unsubscribe_url(KEY, 123456789))).delivery_id == 123456789
    assert links.read_preferences(token_of(links.preferences_url(KEY))).delivery_id is None


def test_a_block_of_readers_gets_the_same_links() -> None:
    readers = [(KEY, 1), ("another-key", 987654)]
    assert list(links.reader_urls(readers)) == [
        (links.unsubscribe_url(key, delivery), links.preferences_url(key, delivery)) for key, delivery in readers
    ]


@pytest.mark.parametrize("purpose", READERS)
def test_every_changed_character_makes_the_link_wrong(purpose: str) -> None:
    token = made()[purpose]
    for place, character in enumerate(token):
        changed = token[:place] + ("A" if character != "A" else "B") + token[place + 1 :]
        with pytest.raises(LinkError):
            READERS[purpose](changed)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "x", KEY, f"{KEY}.", "\u3042.\u3044", "a" * 100_000, "\x00.x", "%2e.%2e"]
)
@pytest.mark.parametrize("purpose", READERS)
def test_nonsense_is_a_wrong_link_and_no_crash(purpose: str, token: str) -> None:
    with pytest.raises(LinkError, match="正しくありません"):
        READERS[purpose](token)


def test_the_confirmation_link_is_good_for_14_days() -> None:
    token = token_of(links.confirm_url(KEY, NOW))
    assert links.read_confirm(token, NOW + timedelta(days=14)) == links.ConfirmLink(KEY, NOW)
    with pytest.raises(LinkError, match=r"有効期限（2026年12月8日 12:00）は過ぎています。.*もう一度お申し込み"):
        links.read_confirm(token, NOW + timedelta(days=14, seconds=1))


def test_the_submission_link_ends_at_its_date() -> None:
    token = token_of(links.submission_url("kitakyushu", NOW))
    assert links.read_submission(token, NOW) == "kitakyushu"
    with pytest.raises(LinkError, match="事務局へご連絡ください"):
        links.read_submission(token, NOW + timedelta(seconds=1))


def test_a_link_of_another_secret_is_wrong(settings: Settings) -> None:
    token = token_of(links.unsubscribe_url(KEY, 7))
    settings.SECRET_KEY = "quite another secret key, long enough"
    with pytest.raises(LinkError):
        links.read_unsubscribe(token)


def test_the_paths_are_those_of_the_web() -> None:
    named = {"photo": ("name",), "issue": ("slug",), "archive": (), "subscribe": (), "desk": ()}
    tokens = dict.fromkeys(("unsubscribe", "preferences", "confirm", "submit"), ("token",))
    for name, arguments in (named | tokens).items():
        value = "2026-11"
        path = reverse(name, kwargs=dict.fromkeys(arguments, value))
        assert path == "/" + links.PATHS[name].format(value)


def test_a_token_needs_no_escaping_in_an_address() -> None:
    for token in made().values():
        assert reverse("unsubscribe", kwargs={"token": token}) == f"/u/{token}/"
        assert len(token) < 64


def test_public_links_are_absolute_and_stable() -> None:
    issue = Issue(month=date(2026, 3, 1))
    photo = Submission(photo="photos/3f2a1c.jpg")
    assert links.issue_url(issue) == f"{settings.BASE_URL}/archive/2026-03/"
    assert links.item_url(issue, 3) == f"{settings.BASE_URL}/archive/2026-03/3/"
    assert links.photo_url(photo) == f"{settings.BASE_URL}/photos/3f2a1c.jpg"
