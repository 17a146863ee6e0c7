from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from newsletter import staff
from newsletter.errors import StaffError
from newsletter.staff import Colleague

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def accounts() -> None:
    User.objects.create_user("hanako", "hanako@example.lg.jp", last_name="見本", first_name="花子")
    User.objects.create_user("jiro", "", last_name="見本", first_name="次郎")
    User.objects.create_user("gone", "gone@example.lg.jp", is_active=False)


@pytest.mark.parametrize("name", ["hanako", "HANAKO", "見本 花子", "見本花子", "見本　花子"])
def test_an_account_is_found_by_login_or_full_name(name: str) -> None:
    assert staff.find(name) == Colleague("見本 花子", "hanako@example.lg.jp")


@pytest.mark.parametrize(
    ("text", "colleague"),
    [
        ("a@example.lg.jp", Colleague("ご担当者", "a@example.lg.jp")),
        ("山田 太郎 <taro@example.lg.jp>", Colleague("山田 太郎", "taro@example.lg.jp")),
    ],
)
def test_somebody_without_an_account_is_reached_by_address(text: str, colleague: Colleague) -> None:
    assert staff.find(text) == colleague


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nobody", "利用者はいません"),
        ("gone", "利用者はいません"),
        ("jiro", "メールアドレスがありません"),
        ("a@", "「a@」"),
    ],
)
def test_what_is_lacking_is_said(text: str, words: str) -> None:
    with pytest.raises(StaffError, match=words):
        staff.find(text)
    assert staff.find_or_none(text) is None


def test_no_name_is_nobody() -> None:
    assert staff.find_or_none("") is None
    assert staff.find_or_none("見本") is None
