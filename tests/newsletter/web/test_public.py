"""The public pages as a browser, a mail program and a scanner meet them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from newsletter import links
from newsletter.mail.content import SLOTS
from newsletter.models import Delivery, Letter
from subscribers import signup, suppression
from subscribers.models import ConsentEvent, Subscriber, Suppression
from tests.newsletter.issue_parts import load_profile
from tests.newsletter.web.public_parts import (
    FORM,
    ONE_CLICK,
    confirmation_path,
    letters,
    path_of,
    sign_up,
    text_of,
    unsubscribe_path,
)
from tests.subscribers.people import kinds, mark, person, suppressed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loaded() -> None:
    load_profile()


# ------------------------------------------------------------ signing up
def test_the_form_asks_for_little_and_helps_the_browser_to_fill_it_in(client: Client) -> None:
    page = client.get("/subscribe/").content.decode()
    for name, complete in (("email", "email"), ("name", "name"), ("organisation", "organization")):
        assert re.search(rf'<input[^>]*name="{name}"[^>]*autocomplete="{complete}"', page), name
    assert page.count("必須") == 2
    assert "e-ニュースの配信を希望します" in page
    assert '<option value="福岡県北九州市">' in page
    assert "<script" not in page


def test_from_the_form_to_the_first_issue(client: Client) -> None:
    sent = sign_up(client, name="見本 太郎", municipality="福岡県北九州市", format="text")
    assert (sent.status_code, sent["Location"]) == (302, "/subscribe/sent/")
    assert "まだ登録は完了していません" in text_of(client.get("/subscribe/sent/"))
    subscriber = Subscriber.objects.get()
    assert (subscriber.state, subscriber.name, subscriber.municipality, subscriber.format) == (
        "pending",
        "見本 太郎",
        "401005",
        "text",
    )
    letter = Letter.objects.get()
    assert (letter.kind, letter.subscriber) == ("confirmation", subscriber)
    found = re.search(r"http://[^\s\"<]+/c/[^\s\"<]+/", letter.text)
    assert found
    path = path_of(found[0])
    page = client.get(path)
    assert "t***@example.jp" in text_of(page)
    assert "taro@example.jp" not in page.content.decode()
    Subscriber.objects.get(state="pending")
    assert client.post(path)["Location"] == path
    assert Subscriber.objects.get().is_active
    assert "登録が完了しました" in text_of(client.get(path))
    client.post(path)
    assert letters() == ["confirmation", "welcome"]
    assert kinds() == ["requested", "confirmed"]
    requested = ConsentEvent.objects.get(kind="requested")
    assert (requested.wording, requested.source, requested.basis) == ("2026-12", "127.0.0.1", "form")


def test_another_site_cannot_sign_people_up_through_a_visitors_browser(strict: Client) -> None:
    assert sign_up(strict).status_code == 403
    assert not Subscriber.objects.exists()


def test_the_letter_is_on_its_way_after_the_commit(
    client: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        sign_up(client)
    assert len(callbacks) == 1
    assert Delivery.objects.get().state == "queued"


def test_a_known_reader_and_a_stranger_get_the_same_answer_and_one_letter_each(client: Client) -> None:
    person("reader@example.jp")
    person("left@example.jp", Subscriber.State.LEFT)
    suppressed("bounced@example.jp", Suppression.Reason.BOUNCED)
    answers = []
    for number, name in enumerate(("reader", "left", "bounced", "new"), 1):
        answer = sign_up(client, email=f"{name}@example.jp")
        answers.append((answer.status_code, answer["Location"], answer.content, sorted(answer.headers)))
        assert Letter.objects.count() == number
    assert len(set(map(str, answers))) == 1
    assert letters() == ["already_subscribed", "confirmation", "confirmation", "confirmation"]
    assert Subscriber.objects.get(address="left@example.jp").state == "left"


def test_what_a_stranger_types_never_reaches_the_mailbox(client: Client) -> None:
    sign_up(client, name="今すぐ http://evil.example/ へ", organisation="evil")
    letter = Letter.objects.get()
    assert "evil" not in letter.html + letter.text + letter.subject


def test_nobody_is_flooded_and_the_page_does_not_tell(client: Client) -> None:
    answers = {sign_up(client).headers["Location"] for _ in range(5)}
    assert answers == {"/subscribe/sent/"}
    assert len(letters()) == 3
    sign_up(client, email="ＴＡＲＯ@example.jp")
    assert len(letters()) == 3
    sign_up(client, email="other@example.jp")
    assert len(letters()) == 4


def test_tags_and_dots_lead_to_the_same_mailbox_and_do_not_flood_it(client: Client) -> None:
    for email in (
        "taro.m@gmail.com",
        "ta.rom@gmail.com",
        "TaroM+1@gmail.com",
        "tarom+2@gmail.com",
        "t.a.r.o.m@gmail.com",
    ):
        assert sign_up(client, email=email).headers["Location"] == "/subscribe/sent/"
    assert len(letters()) == 3
    for number in range(5):
        sign_up(client, email=f"hanako+{number}@example.jp")  # nobody said that these are one mailbox
    assert len(letters()) == 8


def test_the_page_after_a_request_says_nothing_that_the_limits_make_untrue(client: Client) -> None:
    page = text_of(client.get("/subscribe/sent/"))
    assert "確認のメールをお送りします" in page
    assert "お送りしました" not in page
    assert "1日に3通まで" in page


def test_a_full_hour_of_one_source_is_told_and_what_to_do(client: Client) -> None:
    for number in range(60):
        sign_up(client, email=f"u{number}@example.jp")
    known, new = sign_up(client, email="u1@example.jp"), sign_up(client, email="new@example.jp")
    assert known.status_code == new.status_code == 429
    assert known.headers["Retry-After"] == "3600"
    assert text_of(known) == text_of(new)
    for words in ("まだ受け付けていません", "1時間に60件を超える", "1時間ほどたってから", "事務局（メール"):
        assert words in text_of(new), words
    english = client.post("/subscribe/?lang=en", FORM | {"wording": "2026-12-en"})
    assert "Please try again in about an hour" in text_of(english)


def test_one_source_cannot_sign_up_the_world(client: Client) -> None:
    codes = [sign_up(client, email=f"u{number}@example.jp").status_code for number in range(63)]
    assert codes == [302] * 60 + [429] * 3
    assert Subscriber.objects.count() == len(letters()) == 60
    client.post("/subscribe/", FORM, REMOTE_ADDR="198.51.100.9")
    assert Subscriber.objects.count() == 61


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"email": ""}, "メールアドレスを入力してください。"),
        ({"email": "taro"}, "「@」がありません。"),
        ({"email": "taro@example.jp\r\nBcc: x@example.jp"}, "改行"),
        ({"email": "a@example.jp, b@example.jp"}, "アドレスが2件"),
        ({"municipality": "池田町"}, "都道府県を付けて"),
        ({"municipality": "まぼろし市"}, "見つかりません"),
        ({"name": "長" * 101}, "100 文字以下"),
        ({"format": "pdf"}, "正しく選択"),
        ({"wording": "2019-04"}, "文面が新しくなりました"),
    ],
)
def test_a_mistake_is_shown_beside_its_field_and_nothing_is_stored(
    client: Client, fields: dict[str, str], words: str
) -> None:
    response = sign_up(client, **fields)
    assert response.status_code == 422
    assert words in text_of(response)
    assert "<title>エラー：" in response.content.decode()
    assert not Subscriber.objects.exists()
    assert not Letter.objects.exists()


def test_a_null_character_is_no_server_error(client: Client) -> None:
    assert sign_up(client, email="taro\0@example.jp").status_code == 422


@pytest.mark.parametrize("address", ["taro@gmial.com", "taro..x@docomo.ne.jp"])
def test_a_doubtful_address_is_asked_about_once_and_then_accepted(client: Client, address: str) -> None:
    asked = sign_up(client, email=address)
    assert asked.status_code == 200
    assert "メールアドレスをお確かめください" in text_of(asked)
    assert not Subscriber.objects.exists()
    kept = re.search(r'name="asked_about" value="([^"]+)"', asked.content.decode())
    assert kept
    assert sign_up(client, email=address, asked_about=kept[1]).status_code == 302
    assert Subscriber.objects.get().address == address
    assert sign_up(client, email="taro@yahoo.co.jo", asked_about=kept[1]).status_code == 200


def test_without_a_profile_the_pages_say_that_they_are_not_ready(client: Client) -> None:
    from newsletter.models import Association

    Association.objects.all().delete()
    assert client.get("/subscribe/").status_code == 503
    assert "準備中" in text_of(client.get("/"))


# ------------------------------------------------------------ confirming
def test_a_wrong_or_late_link_says_what_to_do(client: Client) -> None:
    subscriber = person(state=Subscriber.State.PENDING)
    late = path_of(links.confirm_url(subscriber.key, timezone.now() - timedelta(days=15)))
    response = client.get(late)
    assert response.status_code == 410
    assert "有効期限" in text_of(response)
    assert client.post(late).status_code == 410
    wrong = client.get("/c/wrong/")
    assert wrong.status_code == 404
    assert "リンクは正しくありません" in text_of(wrong)
    subscriber.delete()
    assert client.post(confirmation_path(subscriber)).status_code == 410


def test_a_reader_whose_mail_bounced_sees_the_button_again(client: Client) -> None:
    person()
    suppressed("taro@example.jp", Suppression.Reason.BOUNCED)
    sign_up(client)
    path = confirmation_path(Subscriber.objects.get())
    assert "登録を完了する" in text_of(client.get(path))
    client.post(path)
    assert not suppression.is_suppressed(mark("taro@example.jp"))
    assert "登録が完了しました" in text_of(client.get(path))


# ------------------------------------------------------------ choosing
def test_a_reader_changes_what_they_get(client: Client) -> None:
    reader = person(name="見本 太郎", municipality="401005")
    path = path_of(links.preferences_url(reader.key, 41))
    page = client.get(path).content.decode()
    assert 'value="福岡県北九州市"' in page
    assert "1つも選ばないときは、すべての欄" in page
    assert "taro@example.jp" not in page
    body = {"format": "text", "language": "ja", "sections": ["members", "events"], "name": "見本 花子"}
    body |= {"municipality": "札幌市"}
    saved = client.post(path, body)
    assert saved["Location"] == f"{path}?saved=1"
    assert "保存しました" in text_of(client.get(saved["Location"]))
    reader.refresh_from_db()
    assert signup.preferences_of(reader) == signup.Preferences(
        "text", ("members", "events"), name="見本 花子", municipality="011002"
    )
    event = ConsentEvent.objects.get()
    assert (event.kind, event.detail["delivery"]) == ("preferences", 41)
    wrong = client.post(path, body | {"sections": ["nothing"]})
    assert wrong.status_code == 422
    assert ConsentEvent.objects.count() == 1


def test_a_reader_chooses_the_monthly_number_only_and_takes_it_back(client: Client) -> None:
    reader = person()
    path = path_of(links.preferences_url(reader.key))
    for chosen in (True, False):
        client.post(path, {"format": "html", "language": "ja"} | ({"only_monthly": "on"} if chosen else {}))
        reader.refresh_from_db()
        assert reader.only_monthly == chosen
        box = re.search(r'<input[^>]*name="only_monthly"[^>]*>', client.get(path).content.decode())
        assert box
        assert ("checked" in box[0]) == chosen
    assert [event.detail["changed"] for event in ConsentEvent.objects.order_by("pk")] == [["only_monthly"]] * 2


def test_who_signs_up_may_ask_for_the_monthly_number_only(client: Client) -> None:
    assert "号外は、参加者の募集など、急ぎのお知らせがあるときにだけ" in text_of(client.get("/subscribe/"))
    sign_up(client, only_monthly="on")
    assert Subscriber.objects.get().only_monthly


def test_who_left_has_no_choices(client: Client) -> None:
    reader = person(state=Subscriber.State.LEFT)
    path = path_of(links.preferences_url(reader.key))
    assert client.get(path).status_code == 410
    assert client.post(path, {"format": "text"}).status_code == 410


def test_a_link_of_one_purpose_is_wrong_for_every_other(client: Client) -> None:
    reader = person()
    token = unsubscribe_path(reader).split("/")[2]
    assert client.get(f"/p/{token}/").status_code == 404
    assert client.post(f"/c/{token}/").status_code == 404
    assert client.post(f"/u/{path_of(links.preferences_url(reader.key)).split('/')[2]}/", ONE_CLICK).status_code == 404


# ------------------------------------------------------------ scanners
def everything() -> list[Any]:
    models = (Subscriber, ConsentEvent, Suppression, Letter, Delivery)
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_a_thousand_requests_of_scanners_change_nothing(client: Client) -> None:
    people = [person(f"u{number}@example.jp") for number in range(20)]
    people += [person(f"p{number}@example.jp", Subscriber.State.PENDING) for number in range(5)]
    before = everything()
    requests = 0
    for reader in people:
        for address in (
            links.unsubscribe_url(reader.key, reader.pk),
            links.preferences_url(reader.key, reader.pk),
            links.confirm_url(reader.key),
            links.subscribe_url(),
            f"{links.unsubscribe_url(reader.key)}?action=leave&List-Unsubscribe=One-Click&back=1",
        ):
            target = address.removeprefix(f"{urlsplit(address).scheme}://{urlsplit(address).netloc}")
            for headers in ({}, {"Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}):
                assert client.get(target, headers=headers).status_code == 200
                requests += 1
            for method in (client.head, client.options, client.put, client.delete, client.patch):
                assert method(target).status_code in (200, 405)
                requests += 1
    assert requests == 1000
    assert everything() == before


def test_pages_behind_a_link_are_not_kept_and_not_found_by_search_engines(client: Client) -> None:
    reader = person()
    for address in (
        links.unsubscribe_url(reader.key),
        links.preferences_url(reader.key),
        links.confirm_url(reader.key),
    ):
        page = client.get(path_of(address))
        assert "no-store" in page["Cache-Control"]
        assert '<meta name="robots" content="noindex">' in page.content.decode()


# ------------------------------------------------------------ home
def test_the_home_page_leads_to_the_sign_up_and_the_newest_issues(client: Client) -> None:
    page = client.get("/").content.decode()
    assert 'href="/subscribe/"' in page
    assert "最初の号をお送りすると" in page


def test_no_page_shows_a_slot_or_an_english_sentence(client: Client) -> None:
    reader = person()
    waiting = person("wait@example.jp", Subscriber.State.PENDING)
    addresses = [
        "/",
        "/subscribe/",
        "/subscribe/sent/",
        confirmation_path(waiting),
        unsubscribe_path(reader),
        path_of(links.preferences_url(reader.key)),
    ]
    for address in addresses:
        page = client.get(address)
        assert not [slot for slot in SLOTS if slot in page.content.decode()]
        assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", text_of(page)), address
