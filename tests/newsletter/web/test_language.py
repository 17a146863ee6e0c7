"""In which language a reader is answered, and that nothing of it is remembered by looking."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone, translation
from lxml import html as lxml_html

from newsletter import dossier, links
from newsletter.models import Association, Letter
from subscribers import consent, signup
from subscribers.models import ConsentEvent, Subscriber
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.web.submit_parts import page as submission_page
from tests.subscribers.people import person

pytestmark = pytest.mark.django_db

ENGLISH = {"Accept-Language": "en-US,en;q=0.9"}
FORM = {"email": "taro@example.jp", "format": "html"}


@pytest.fixture(autouse=True)
def loaded() -> None:
    load_profile()


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def language_of(response: Any) -> str:
    found = re.search(r'<html lang="(\w+)">', response.content.decode())
    assert found
    return found[1]


def words_of(response: Any) -> str:
    """What a reader of English sees: nothing hidden, nothing that is marked as Japanese."""
    page = lxml_html.document_fromstring(response.content.decode())
    for element in page.xpath("//*[@lang='ja'] | //datalist | //script | //style"):
        element.drop_tree()
    values = " ".join(page.xpath("//@value | //@aria-label"))
    return f"{page.text_content()} {values}"


def links_of(response: Any) -> list[str]:
    return [str(address) for address in lxml_html.document_fromstring(response.content.decode()).xpath("//a/@href")]


def sign_up(client: Client, path: str = "/subscribe/?lang=en", **fields: str) -> Any:
    version = "2026-12-en" if "lang=en" in path else "2026-12"
    return client.post(path, FORM | {"wording": version} | fields)


# ------------------------------------------------------------ which language it is
@pytest.mark.parametrize(
    ("wish", "language"),
    [
        ("", "ja"),
        ("ja,en-US;q=0.8,en;q=0.6", "ja"),
        ("en-GB,en;q=0.9", "en"),
        ("en,ja;q=0.9", "en"),
        ("de,ja;q=0.5,en;q=0.7", "en"),
        ("fr-FR,fr;q=0.9", "ja"),
        ("en;q=0,*", "ja"),
        ("*", "ja"),
        (";;q=x,,", "ja"),
    ],
)
def test_until_the_reader_says_something_the_browsers_wish_is_a_first_guess(
    client: Client, wish: str, language: str
) -> None:
    page = client.get("/", headers={"Accept-Language": wish})
    assert (language_of(page), page["Content-Language"]) == (language, language)
    assert "Accept-Language" in page["Vary"]


def test_what_the_address_says_counts_more(client: Client) -> None:
    assert language_of(client.get("/?lang=ja", headers=ENGLISH)) == "ja"
    assert language_of(client.get("/?lang=en")) == "en"
    assert language_of(client.get("/?lang=xx")) == "ja"
    assert language_of(client.get("/?lang=")) == "ja"
    assert "Accept-Language" not in client.get("/?lang=en").get("Vary", "")
    assert "lang" not in str(client.cookies)


def test_a_readers_own_pages_speak_the_language_they_have_stored(client: Client) -> None:
    english, japanese = person("en@example.jp", language="en"), person("ja@example.jp")
    for link in (links.unsubscribe_url, links.preferences_url, links.confirm_url):
        assert language_of(client.get(path_of(link(english.key)))) == "en"
        assert language_of(client.get(path_of(link(japanese.key)), headers=ENGLISH)) == "ja"
        assert language_of(client.get(f"{path_of(link(english.key))}?lang=ja")) == "ja"
    assert language_of(client.get("/u/wrong/", headers=ENGLISH)) == "en"


def test_looking_in_another_language_changes_nothing(client: Client) -> None:
    reader = person()
    client.get(f"{path_of(links.preferences_url(reader.key))}?lang=en")
    reader.refresh_from_db()
    assert reader.language == "ja"
    assert not ConsentEvent.objects.exists()


def test_staff_members_and_the_archive_stay_japanese(client: Client) -> None:
    for path in (
        "/staff/login/",
        "/archive/",
        "/archive/search/",
        "/archive/2026-01/",
        submission_page(),
        "/admin/login/",
    ):
        page = client.get(f"{path}?lang=en", headers=ENGLISH, follow=True)
        assert language_of(page) == "ja", path
        assert ">English</a>" not in page.content.decode()


# ------------------------------------------------------------ the way to the other language
def test_every_page_leads_to_the_same_page_in_the_other_language(client: Client) -> None:
    reader = person()
    own = path_of(links.unsubscribe_url(reader.key))
    for path in ("/", "/subscribe/", "/subscribe/sent/", own, path_of(links.preferences_url(reader.key)), "/nothing/"):
        assert "?lang=en" in links_of(client.get(path))
        assert "?lang=ja" in links_of(client.get(f"{path}?lang=en"))
    assert "?back=1&lang=en" in links_of(client.get(f"{own}?back=1"))


def test_search_engines_are_told_of_both_languages(client: Client) -> None:
    page = client.get("/subscribe/?lang=en").content.decode()
    for code, query in (("ja", "?lang=ja"), ("en", "?lang=en"), ("x-default", "")):
        assert f'hreflang="{code}" href="http://127.0.0.1:8000/subscribe/{query}"' in page
    assert 'rel="alternate" hreflang' not in client.get("/subscribe/sent/").content.decode()


def test_the_language_goes_from_page_to_page_without_a_cookie(client: Client) -> None:
    page = client.get("/?lang=en")
    assert "/subscribe/?lang=en" in links_of(page)
    assert 'action="/subscribe/?lang=en"' in client.get("/subscribe/?lang=en").content.decode()
    assert sign_up(client)["Location"] == "/subscribe/sent/?lang=en"
    guessed = client.get("/subscribe/", headers=ENGLISH).content.decode()
    assert 'action="/subscribe/"' in guessed  # the same browser will say the same again
    reader = person("reader@example.jp")
    own = f"{path_of(links.unsubscribe_url(reader.key))}?lang=en"
    assert f"{links.preferences_url(reader.key)}?lang=en" in links_of(client.get(own))
    assert client.post(own, {"action": "leave"})["Location"] == own
    assert client.post(own, {"action": "come_back"})["Location"] == own.replace("?", "?back=1&")
    preferences = f"{path_of(links.preferences_url(reader.key))}?lang=en"
    assert client.post(preferences, {"action": "pause"})["Location"] == f"{preferences}#pause"


# ------------------------------------------------------------ from the form to the letters
def test_who_signs_up_in_english_is_spoken_to_in_english_from_there_on(client: Client) -> None:
    sign_up(client)
    reader, letter = Subscriber.objects.get(), Letter.objects.get()
    assert reader.language == "en"
    assert letter.subject == "[ICLEI Japan e-News] Please confirm your subscription (one step left)"
    assert '<html lang="en"' in letter.html
    found = re.search(r"http://\S+/c/\S+", letter.text)
    assert found
    path = path_of(found[0])
    page = client.get(path)
    assert "Complete my subscription" in words_of(page)
    client.post(path)
    assert "You are subscribed" in words_of(client.get(path))
    client.post(path_of(links.unsubscribe_url(reader.key)), {"action": "leave"})
    subjects = list(Letter.objects.order_by("pk").values_list("subject", flat=True))
    assert subjects[1:] == [
        "[ICLEI Japan e-News] You are subscribed",
        "[ICLEI Japan e-News] You have been unsubscribed",
    ]
    assert "/subscribe/?lang=en" in Letter.objects.get(kind="goodbye").text


def test_the_ledger_names_the_text_that_was_agreed_to(client: Client) -> None:
    page = client.get("/subscribe/?lang=en")
    assert "I would like to receive the newsletter" in words_of(page)
    assert sign_up(client, wording="2026-12").status_code == 422  # they saw the Japanese one
    sign_up(client)
    client.post(path_of(links.confirm_url(Subscriber.objects.get().key)))
    assert set(ConsentEvent.objects.values_list("wording", flat=True)) == {"2026-12-en"}


def test_a_former_reader_changes_the_language_only_by_confirming(client: Client) -> None:
    reader = person(state=Subscriber.State.LEFT)
    sign_up(client)
    reader.refresh_from_db()
    letter = Letter.objects.get()
    assert reader.language == "ja"
    assert letter.subject.endswith("(one step left)")
    found = re.search(r"http://\S+/c/\S+", letter.text)
    assert found
    path = path_of(found[0])
    assert path.endswith("?lang=en")
    assert language_of(client.get(path)) == "en"
    assert client.post(path)["Location"] == path
    reader.refresh_from_db()
    assert reader.language == "en"
    assert Letter.objects.get(kind="welcome").subject.endswith("You are subscribed")


def test_what_a_stranger_types_does_not_change_the_language_of_a_reader(client: Client) -> None:
    reader = person()
    sign_up(client)
    reader.refresh_from_db()
    assert reader.language == "ja"
    assert Letter.objects.get().subject.endswith("すでにご登録いただいています")


# ------------------------------------------------------------ the choice
def test_a_reader_chooses_the_language_and_the_ledger_names_it(client: Client) -> None:
    reader = person()
    path = path_of(links.preferences_url(reader.key))
    page = client.get(path).content.decode()
    assert '<span lang="en">English</span>' in page
    assert "本文は、どちらを選んでも日本語です" in page
    saved = client.post(f"{path}?lang=ja", {"format": "html", "language": "en"})
    assert saved["Location"] == f"{path}?saved=1"
    assert "Saved." in words_of(client.get(saved["Location"]))
    reader.refresh_from_db()
    event = ConsentEvent.objects.get()
    assert "変更: 言語" in consent.describe(event)
    assert "言語: 英語" in consent.describe(event)
    held = dossier.compose(dossier.collect(reader.address, reader.fingerprint), "", timezone.now())
    assert "ページと手紙の言語: 英語" in held
    assert client.post(path, {"format": "html", "language": "fr"}).status_code == 422


def test_saving_something_else_keeps_the_language_of_the_page(client: Client) -> None:
    reader = person()
    path = path_of(links.preferences_url(reader.key))
    saved = client.post(f"{path}?lang=en", {"format": "text", "language": "ja"})
    assert saved["Location"] == f"{path}?saved=1&lang=en"
    reader.refresh_from_db()
    assert (reader.language, reader.format) == ("ja", "text")


# ------------------------------------------------------------ the English itself
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"email": ""}, "Please enter your email address."),
        ({"email": "taro"}, "The “@” is missing."),
        ({"email": f"{'a' * 65}@example.jp"}, "too long (65 characters)"),
        ({"email": "taro@gmail"}, "Did you mean “gmail.com”?"),
        ({"email": "a@example.jp, b@example.jp"}, "2 addresses"),
        ({"email": "太郎@example.jp"}, "cannot be used before the “@”"),
        ({"municipality": "まぼろし市"}, "We cannot find a local government"),
        ({"municipality": "池田町"}, "Please write the prefecture before it"),
        ({"municipality": "011003"}, "check digit"),
        ({"name": "x" * 101}, "at most 100 characters"),
        ({"format": "pdf"}, "Select a valid choice"),
        ({"wording": "2019-04"}, "has changed since you opened this page"),
    ],
)
def test_a_mistake_is_explained_in_english(client: Client, fields: dict[str, str], words: str) -> None:
    response = sign_up(client, **fields)
    assert response.status_code == 422
    assert words in words_of(response)
    assert "<title>Error: Subscribe | ICLEI Japan</title>" in response.content.decode()


@pytest.mark.parametrize(
    ("address", "question"),
    [
        ("taro@gmial.com", "Perhaps you meant “gmail.com”."),
        ("info@example.jp", "This seems to be the address of an office, not of a person."),
        ("taro..x@docomo.ne.jp", "old type of mobile phone address"),
    ],
)
def test_a_doubtful_address_is_asked_about_in_english(client: Client, address: str, question: str) -> None:
    assert question in words_of(sign_up(client, email=address))


def test_dates_are_written_as_in_english(client: Client) -> None:
    reader = person(language="en")
    path = path_of(links.preferences_url(reader.key))
    client.post(path, {"action": "pause"})
    reader.refresh_from_db()
    end = timezone.localtime(reader.paused_until)
    assert f"paused until {end.day} {end:%B %Y}." in words_of(client.get(path))
    late = path_of(links.confirm_url(reader.key, timezone.now() - timedelta(days=15)))
    assert re.search(r"valid until \d+ \w+ \d{4}, \d\d:\d\d", words_of(client.get(f"{late}?lang=en")))


def test_no_page_in_english_shows_japanese_that_is_not_marked_as_such(client: Client) -> None:
    reader, left = person(language="en", municipality="401005"), person("left@example.jp", language="en")
    waiting = person("wait@example.jp", Subscriber.State.PENDING, language="en")
    signup.leave(left.key, None, timezone.now())
    own = [path_of(link(who.key)) for who in (reader, left, waiting) for link in (links.unsubscribe_url, links.preferences_url, links.confirm_url)]  # fmt: skip  # noqa: E501
    open_pages = ["/?lang=en", "/subscribe/?lang=en", "/subscribe/sent/?lang=en", "/nothing/?lang=en", "/c/x/?lang=en"]
    for path in [*own, *open_pages]:
        page = client.get(path)
        shown = words_of(page).replace("福岡県北九州市", "")  # what the reader has typed
        assert language_of(page) == "en"
        assert not re.search("[ぁ-んァ-ヶ一-龯]", shown), path


def test_the_pages_for_what_went_wrong_are_in_english_too(client: Client) -> None:
    assert "Page not found" in words_of(client.get("/nothing/", headers=ENGLISH))
    strict = Client(enforce_csrf_checks=True)
    refused = sign_up(strict)
    assert refused.status_code == 403
    assert "switch cookies on" in words_of(refused)
    too_large = client.post("/subscribe/?lang=en", {f"f{number}": "x" for number in range(300)})
    assert too_large.status_code == 400
    assert "could not accept" in words_of(too_large)
    with translation.override("en"):
        assert "Something went wrong" in render_to_string("500.html")
        assert "This page cannot be shown" in render_to_string("403.html")


def test_an_association_without_english_words_of_its_own_keeps_its_japanese_ones(client: Client) -> None:
    loaded = Association.objects.get()
    facts = {key: value for key, value in loaded.facts.items() if key != "english"}
    facts["association"] = {key: value for key, value in facts["association"].items() if key != "name_en"}
    Association.objects.update(facts=facts, digest="without")
    page = client.get("/subscribe/?lang=en")
    assert "イクレイ日本 e‑ニュース" in page.content.decode()
    assert "配信を希望します" in words_of(page)
    sign_up(client, wording="2026-12")
    assert ConsentEvent.objects.get().wording == "2026-12"
    assert Letter.objects.get().subject.startswith("[イクレイ日本 e-ニュース] Please confirm")
