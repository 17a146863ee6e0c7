"""The staff's door."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

PASSWORD = "長い合言葉 correct horse 42"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick_hashing(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def person() -> User:
    return User.objects.create_user("hanako", "hanako@example.jp", PASSWORD, is_staff=True)


def log_in(client: Client, name: str, password: str) -> str:
    answer = client.post(reverse("login"), {"username": name, "password": password}, follow=True)
    return answer.content.decode()


def test_the_right_password_leads_to_the_desk(client: Client, person: User) -> None:
    assert "編集デスク" in log_in(client, "hanako", PASSWORD)


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(client: Client, person: User) -> None:
    answers = [log_in(client, "hanako", "wrong"), log_in(client, "nobody", "wrong")]
    assert all("ユーザー名かパスワードが正しくありません。" in answer for answer in answers)


def test_an_account_that_was_switched_off_gets_that_answer_too(client: Client, person: User) -> None:
    User.objects.update(is_active=False)
    assert "ユーザー名かパスワードが正しくありません。" in log_in(client, "hanako", PASSWORD)


def test_after_too_many_guesses_even_the_right_password_must_wait(client: Client, person: User) -> None:
    for _ in range(20):
        log_in(client, "hanako", "wrong")
    assert "試行の回数が多すぎます" in log_in(client, "hanako", PASSWORD)


def test_many_clients_together_do_not_get_more_guesses_at_one_name(client: Client, person: User) -> None:
    for number in range(30):
        client.post(reverse("login"), {"username": "Hanako", "password": "x"}, REMOTE_ADDR=f"192.0.2.{number}")
    assert "試行の回数が多すぎます" in log_in(client, "hanako", PASSWORD)


def test_logging_out_needs_a_post(client: Client, person: User) -> None:
    client.force_login(person)
    assert client.get(reverse("logout")).status_code == 405
    assert client.get(reverse("desk")).status_code == 200
    assert client.post(reverse("logout")).url == reverse("login")  # type: ignore[attr-defined]
    assert client.get(reverse("desk")).status_code == 302


def test_the_admin_has_no_door_of_its_own(client: Client, person: User) -> None:
    answer = client.get("/admin/login/?next=/admin/newsletter/issue/")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/staff/login/?next=/admin/newsletter/issue/"


def test_somebody_without_the_right_to_the_admin_is_told_so_and_not_led_in_a_circle(client: Client) -> None:
    client.force_login(User.objects.create_user("taro", password=PASSWORD))
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "権限がありません" in answer.content.decode()


def ask_for_a_link(client: Client, address: str) -> str:
    return client.post(reverse("password_reset"), {"email": address}, follow=True).content.decode()


def test_a_forgotten_password_is_replaced_by_mail(client: Client, person: User, settings: Settings) -> None:
    settings.BASE_URL = "https://news.example.lg.jp"
    assert "メールをご確認ください" in ask_for_a_link(client, "hanako@example.jp")
    (message,) = mail.outbox
    assert message.subject == "パスワード再設定のご案内"
    path = re.search(r"https://news\.example\.lg\.jp(/\S+)", message.body)
    assert path
    form = client.get(path[1], follow=True)
    assert "新しいパスワード" in form.content.decode()
    new = "まったく新しい合言葉 battery"
    answer = client.post(form.request["PATH_INFO"], {"new_password1": new, "new_password2": new}, follow=True)
    assert "パスワードを変更しました" in answer.content.decode()
    assert "編集デスク" in log_in(client, "hanako", new)
    assert "このアドレスは使えません" in client.get(path[1], follow=True).content.decode()


def test_the_link_in_the_mail_does_not_follow_the_host_header(client: Client, person: User, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    client.post(reverse("password_reset"), {"email": "hanako@example.jp"}, HTTP_HOST="attacker.example")
    assert "attacker" not in mail.outbox[0].body


def test_nobody_learns_whether_an_address_is_known(client: Client, person: User) -> None:
    known, unknown = ask_for_a_link(client, "hanako@example.jp"), ask_for_a_link(client, "nobody@example.jp")
    assert known == unknown


def test_a_mailbox_cannot_be_filled_with_links(client: Client, person: User) -> None:
    for _ in range(5):
        answer = ask_for_a_link(client, "hanako@example.jp")
    assert len(mail.outbox) == 3
    assert "試行の回数が多すぎます" in answer


def test_a_weak_password_is_refused_in_japanese(client: Client, person: User) -> None:
    ask_for_a_link(client, "hanako@example.jp")
    path = re.search(r"http://127\.0\.0\.1:8000(/\S+)", mail.outbox[0].body)
    assert path
    form = client.get(path[1], follow=True)
    answer = client.post(form.request["PATH_INFO"], {"new_password1": "short", "new_password2": "short"})
    assert "最低 12 文字" in answer.content.decode()
