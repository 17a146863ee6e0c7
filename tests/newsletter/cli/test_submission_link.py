"""`newsletter submissions link|contributor`: who writes for a member, and through which door."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from feeds.models import Contributor
from newsletter import links
from newsletter.models import Letter
from tests.newsletter.cli.submission_parts import report, run
from tests.newsletter.issue_parts import load_profile

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def association(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    load_profile()


def test_a_link_is_printed_alone_on_stdout() -> None:
    result = run("link", "札幌市", "--until", "2099-11-30")
    assert result.stdout.count("\n") == 1
    token = urlsplit(result.stdout.strip()).path.split("/")[2]
    assert links.read_submission(token) == "sapporo"
    assert "2099-11-30 23:59まで有効" in result.stderr
    assert report("link", "札幌市")["sent"] == 0


@pytest.mark.parametrize(("until", "words"), [("きのう", "読めません"), ("2020-01-01", "過ぎた日")])
def test_a_link_needs_a_day_to_come(until: str, words: str) -> None:
    result = run("link", "札幌市", "--until", until)
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_link_is_mailed_to_everyone_who_writes_for_the_member() -> None:
    assert "担当者が登録されていません" in run("link", "sapporo", "--send").stderr
    for name in ("hanako", "jiro"):
        run("contributor", "add", "札幌市", "--email", f"{name}@example.lg.jp", "--name", f"見本 {name}")
    assert report("link", "sapporo", "--send")["sent"] == 2
    letters = Letter.objects.filter(kind="submission_link")
    assert {letter.address for letter in letters} == {"hanako@example.lg.jp", "jiro@example.lg.jp"}
    assert all("/s/sapporo." in letter.text for letter in letters)


def test_contributors_are_added_changed_listed_and_removed() -> None:
    assert report("contributor", "add", "札幌市", "--email", "Hanako@example.lg.jp", "--section", "環境課")["added"]
    changed = report(
        "contributor",
        "add",
        "sapporo",
        "--email",
        "hanako@example.lg.jp",
        "--name",
        "見本 花子",
        "--phone",
        "０0-0000-0000",
    )
    assert changed["added"] is False
    [person] = report("contributor", "list", "札幌市")
    assert (person["name"], person["section"], person["phone"]) == ("見本 花子", "環境課", "00-0000-0000")
    assert "見本 花子" in run("contributor", "list").output
    assert run("contributor", "add", "札幌市", "--email", "hanako").exit_code == 2
    assert run("contributor", "remove", "札幌市", "hanako@example.lg.jp").exit_code == 0
    assert run("contributor", "remove", "札幌市", "hanako@example.lg.jp").exit_code == 1
    assert not Contributor.objects.exists()
