"""An issue as it would reach somebody now, and the files of `newsletter issue preview`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings

from newsletter import editions, issues, links, previews
from newsletter.cli import main
from newsletter.errors import EditionError
from newsletter.mail.views import Kind
from newsletter.models import Issue
from subscribers.models import Subscriber
from tests.newsletter import books
from tests.newsletter.issue_parts import NOW, feed_entry, load_profile, member_entry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def issue(settings: Settings, tmp_path: Path) -> Issue:
    settings.VAR = tmp_path / "var"
    load_profile()
    opened = issues.open_issue(NOW.date().replace(day=1))
    issues.place(opened, member_entry("計画を策定しました", url="https://www.city.example.lg.jp/plan"))
    return opened


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["issue", "preview", *map(str, arguments)])


def test_every_view_is_made_of_the_finished_message(issue: Issue) -> None:
    made = previews.of_issue(issue, NOW)
    assert [view.kind for view in made.views] == list(Kind)
    assert b"\r\nTo: reader@example.jp\r\n" in made.message
    assert "計画を策定しました" in made.gateway.text.text
    assert made.gateway.lost == ()
    assert "slot.invalid" not in made.rendered.html + made.rendered.text


def test_the_links_of_a_preview_are_nobodys(issue: Issue) -> None:
    reader = books.reader("hanako@city.example.lg.jp")
    made = previews.of_issue(issue, NOW, "hanako@city.example.lg.jp")
    token = re.search(r"/u/([^/\s]+)/", made.rendered.text)
    assert token
    assert not Subscriber.objects.filter(key=links.read_unsubscribe(token[1]).subscriber_key).exists()
    assert reader.key not in made.rendered.html + made.rendered.text + made.message.decode()


def test_a_reader_who_wants_text_sees_text_alone(issue: Issue) -> None:
    books.reader("text@example.jp", format_="text")
    made = previews.of_issue(issue, NOW, "TEXT@example.jp")
    assert [view.kind for view in made.views] == [Kind.TEXT, Kind.GATEWAY, Kind.SOURCE]
    assert b"Content-Type: text/plain" in made.message
    assert b"multipart" not in made.message


def test_who_would_get_nothing_is_said(issue: Issue) -> None:
    books.reader("gone@example.jp", state=Subscriber.State.LEFT)
    assert previews.of_issue(issue, NOW, "gone@example.jp").addressee.hindrance == "本人が解除しました"
    assert "gone@example.jp には、いまは届きません。本人が解除しました" in run("--as", "gone@example.jp").stderr


def test_an_unknown_reader_is_refused(issue: Issue) -> None:
    with pytest.raises(EditionError, match="購読者はいません"):
        previews.of_issue(issue, NOW, "nobody@example.jp")
    assert run("--as", "nobody@example.jp").exit_code == 1


def test_a_locked_issue_is_shown_as_it_was_frozen(issue: Issue) -> None:
    edition = editions.make_edition(issue, "担当", NOW)
    Issue.objects.filter(pk=issue.pk).update(state=Issue.State.APPROVED, subject="あとで変わった件名")
    issue.refresh_from_db()
    made = previews.of_issue(issue, NOW)
    assert made.rendered.subject == edition.subject
    assert made.lacking == ()


def test_the_command_writes_every_view_and_an_overview(tmp_path: Path) -> None:
    facts = json.loads(run("--to", tmp_path / "out", "--json").stdout)
    assert Path(facts["html"]).name == "2026-11.html"
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert {"2026-11.txt", "2026-11.eml", "2026-11-overview.html", "2026-11-dark.html", "2026-11-gateway.txt"} <= names
    assert facts["gateway"]["items"][0]["lost"] == []
    assert "見出し" in facts["gateway"]["items"][0]["kept"]
    frames = re.findall(r'<iframe src="([^"]+)"', (tmp_path / "out" / "2026-11-overview.html").read_text())
    assert len(frames) == 7
    assert set(frames) <= names


def test_a_photo_is_shown_from_the_disk(issue: Issue, tmp_path: Path, settings: Settings) -> None:
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / f"{'a' * 64}.jpg").write_bytes(b"")
    photo: dict[str, Any] = {
        "photo": f"photos/{'a' * 64}.jpg",
        "photo_for_mail": True,
        "photo_alt": "庁舎",
        "photo_width": 600,
    }
    issues.place(issue, member_entry("写真つき", **photo))
    made = previews.of_issue(issue, NOW)
    assert f'src="{(tmp_path / "photos").as_uri()}/{"a" * 64}.jpg"' in made.views[0].page
    assert "file:" not in made.rendered.html


def test_what_lacks_is_said_but_does_not_stop_a_preview(issue: Issue) -> None:
    issues.place(issue, feed_entry("Not yet translated"))
    result = run()
    assert result.exit_code == 0
    assert "承認の前に: 2番「（未訳）Not yet translated」" in result.stderr


def test_a_fact_that_the_gateway_takes_is_an_error(settings: Settings, tmp_path: Path) -> None:
    import shutil

    templates = tmp_path / "templates"
    shutil.copytree(settings.MAIL_TEMPLATES, templates)
    edition = templates / "issue.txt.j2"
    edition.write_text(edition.read_text().replace("{{ leading_to(it.link_label, it.url) }}", "詳しくはHTML版で"))
    settings.MAIL_TEMPLATES = templates
    result = run()
    assert result.exit_code == 1
    assert "無害化で失われる事実があります（リンク）" in result.stderr


@pytest.mark.browser
def test_pictures_are_taken_where_there_is_a_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    refused = run("--png")
    assert refused.exit_code == 1
    assert "Chromium が見つかりません" in refused.stderr
