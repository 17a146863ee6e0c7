"""`newsletter feeds …` and `newsletter text clean` at the keyboard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from feeds.models import Feed
from newsletter.cli import feeds_read, main
from tests.feed_server import FeedServer, Page, rss, serving

SAMPLES = Path("tests/data/feeds")


def run(*words: str, code: int = 0, stdin: bytes | None = None) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in words], input=stdin)
    assert result.exit_code == code, result.output
    return result


def answer(*words: str, code: int = 0) -> Any:
    return json.loads(run(*words, "--json", code=code).stdout)


@pytest.fixture
def server(settings: Any) -> Iterator[FeedServer]:
    settings.FEEDS_ALLOW_LOOPBACK = True
    with serving() as server:
        yield server


# ------------------------------------------------------------ add, list, show, pause
@pytest.mark.django_db
def test_a_feed_is_added_with_all_it_needs() -> None:
    run(
        "feeds", "add", "https://www.news.example.org/feed/", "--key", "news", "--name", "ニュース", "--language", "ja",
        "--section", "network", "--licence", "CC BY 4.0", "--credit", "© News", "--interval", "60",
    )  # fmt: skip
    feed = Feed.objects.get()
    assert (feed.key, feed.name, feed.language, feed.section) == ("news", "ニュース", "ja", "network")
    assert (feed.licence, feed.credit, feed.interval_minutes) == ("CC BY 4.0", "© News", 60)
    assert feed.state == Feed.State.ACTIVE


@pytest.mark.django_db
def test_a_key_is_made_from_the_address() -> None:
    assert answer("feeds", "add", "https://www.news.example.org/a")["key"] == "news-example-org"
    assert answer("feeds", "add", "https://news.example.org/b")["key"] == "news-example-org-2"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["ftp://example.org/"], "http"),
        (["https://user:secret@example.org/"], "パスワード"),
        (["https://example.org/known"], "登録済み"),
        (["https://example.org/2", "--key", "known"], "使われています"),
        (["https://example.org/2", "--key", "Großes Tier"], "使えません"),
        (["https://example.org/2", "--language", "x" * 11], "言語"),
    ],
)
def test_what_cannot_be_added_is_told(words: list[str], why: str) -> None:
    Feed.objects.create(key="known", name="既知", url="https://example.org/known")
    result = run("feeds", "add", *words, code=1)
    assert why in result.stderr
    assert result.stderr.startswith("エラー: ")
    assert Feed.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_feeds_are_listed_for_people_and_programs(server: FeedServer) -> None:
    assert answer("feeds", "list") == []
    server.pages["/a"] = Page(body=rss("one"))
    run("feeds", "add", server.url("/a"), "--key", "a", "--name", "見本")
    run("feeds", "refresh", "a")
    (row,) = answer("feeds", "list")
    assert (row["key"], row["state"], row["entries"], row["last_error"]) == ("a", "active", 1, "")
    headings, line = run("feeds", "list").stdout.splitlines()
    assert headings.split("\t")[:4] == ["キー", "名称", "状態", "記事"]
    assert line.split("\t")[:4] == ["a", "見本", "巡回中", "1"]


@pytest.mark.django_db(transaction=True)
def test_a_feed_is_shown_with_its_latest_entries(server: FeedServer) -> None:
    server.pages["/a"] = Page(body=rss("one", "two"))
    run("feeds", "add", server.url("/a"), "--key", "a")
    run("feeds", "refresh", "a")
    shown = answer("feeds", "show", "a", "--entries", "1")
    assert (shown["entries"], len(shown["latest"])) == (2, 1)
    assert "http://news.example.org/one" in run("feeds", "show", "a").stdout


@pytest.mark.django_db
def test_a_feed_is_paused_and_resumed() -> None:
    run("feeds", "add", "https://example.org/a", "--key", "a")
    assert answer("feeds", "pause", "a")["state"] == "paused"
    assert answer("feeds", "pause", "a", "--off")["state"] == "active"
    Feed.objects.update(state=Feed.State.GONE, failures=7)
    resumed = answer("feeds", "resume", "a")
    assert (resumed["state"], resumed["failures"]) == ("active", 0)


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["show", "pause", "resume", "refresh"])
def test_an_unknown_key_is_told(verb: str) -> None:
    assert "none というキーのフィードはありません" in run("feeds", verb, "none", code=1).stderr


# ------------------------------------------------------------ refresh
@pytest.mark.django_db(transaction=True)
def test_due_feeds_are_polled_and_a_bad_one_stops_nothing(server: FeedServer) -> None:
    server.pages |= {"/good": Page(body=rss("one")), "/bad": Page(body=b"<html>")}
    for key in ("good", "bad"):
        run("feeds", "add", server.url(f"/{key}"), "--key", key)
    rows = {row["key"]: row for row in answer("feeds", "refresh")}
    assert (rows["good"]["result"], rows["good"]["new"]) == ("fetched", 1)
    assert (rows["bad"]["result"], rows["bad"]["new"]) == ("failed", 0)
    assert "HTML" in rows["bad"]["problem"]
    assert answer("feeds", "refresh") == []  # nothing is due any more
    assert [row["key"] for row in answer("feeds", "refresh", "--all")] == ["bad", "good"]


@pytest.mark.django_db(transaction=True)
def test_a_named_feed_that_fails_is_a_failure(server: FeedServer) -> None:
    server.pages |= {"/good": Page(body=rss("one"))}
    for key in ("good", "bad"):
        run("feeds", "add", server.url(f"/{key}"), "--key", key)
    assert [row["result"] for row in answer("feeds", "refresh", "good", "bad", code=1)] == ["fetched", "failed"]
    assert "見つかりません（404）" in run("feeds", "refresh", "bad", code=1).stdout
    assert run("feeds", "refresh", "good").stdout.splitlines()[-1] == "新しい記事 0件（取得 1）"


@pytest.mark.django_db(transaction=True)
def test_when_all_fail_it_is_a_failure(server: FeedServer) -> None:
    run("feeds", "add", server.url("/bad"), "--key", "bad")
    run("feeds", "refresh", "--all", code=1)


@pytest.mark.django_db
def test_keys_and_all_are_wrong_use() -> None:
    run("feeds", "refresh", "a", "--all", code=2)


# ------------------------------------------------------------ read
def read(*words: str, code: int = 0) -> list[dict[str, Any]]:
    lines = run("feeds", "read", *words, "--jsonl", code=code).stdout.splitlines()
    return [json.loads(line) for line in lines]


def test_files_are_read_one_object_each() -> None:
    (row,) = read(str(SAMPLES / "rss-1.0-rdf.xml"))
    assert row["file"] == str(SAMPLES / "rss-1.0-rdf.xml")
    assert row["error"] is None
    assert 0 <= row["seconds"] < 5
    assert row["items"][0] == {
        "title": "「ゼロカーボンシティ\u3000みどり」推進計画（案）への意見募集",
        "link": "https://www.city.midori.example.jp/kankyo/1001.html",
        "guid": "https://www.city.midori.example.jp/kankyo/1001.html",
        "published": "2026-10-02T00:00:00+00:00",
    }


def test_a_folder_is_read_whole_and_bad_files_stop_nothing() -> None:
    rows = read(str(SAMPLES))
    assert [row["file"] for row in rows] == sorted(str(path) for path in SAMPLES.iterdir())
    errors = {Path(row["file"]).name: row["error"] for row in rows if row["error"]}
    assert "HTML" in errors["html-page.xml"]
    assert "ENTITY" in errors["billion-laughs.xml"]
    assert "JSON" in errors["atom-1.0.json"]
    assert all(row["items"] == [] for row in rows if row["error"])


def test_several_processes_answer_in_the_same_order() -> None:
    def without_time(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]

    assert without_time(read(str(SAMPLES), "--processes", "2")) == without_time(read(str(SAMPLES)))


def test_files_over_which_a_process_died_are_read_one_by_one() -> None:
    files = [SAMPLES / "atom-1.0.xml", SAMPLES / "html-page.xml"]
    assert [reading.error is None for reading in feeds_read._one_by_one(files)] == [True, False]


def test_a_named_file_that_is_no_feed_is_a_failure() -> None:
    (row,) = read(str(SAMPLES / "html-page.xml"), code=1)
    assert row["error"]


def test_people_get_words() -> None:
    shown = run("feeds", "read", str(SAMPLES / "rss-1.0-rdf.xml"), str(SAMPLES / "empty-channel.xml")).stdout
    assert "緑市 新着情報 2件" in shown
    assert "2026-10-02 「ゼロカーボンシティ" in shown
    assert "Quiet source 0件" in shown


def test_a_missing_path_is_wrong_use() -> None:
    assert "no/such/folder" in run("feeds", "read", "no/such/folder", "--jsonl", code=2).stderr


def test_a_feed_that_is_read_does_not_steer_the_terminal(tmp_path: Path) -> None:
    evil = "見本\x9b2J\u202e"
    entry = f"<item><title>{evil}</title><link>https://example.jp/{evil}</link></item>"
    file = tmp_path / f"{evil}.xml"
    file.write_text(f'<rss version="2.0"><channel><title>{evil}</title>{entry}</channel></rss>', "utf-8")
    shown = run("feeds", "read", str(file)).output
    assert "見本" in shown
    assert not set("\x9b\u202e").intersection(shown)


def test_reading_needs_neither_django_nor_a_database(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['django'] = None\n"
        "from newsletter.cli import main\n"
        f"main(['feeds', 'read', '--jsonl', {str(SAMPLES / 'atom-1.0.xml')!r}])"
    )
    environment = os.environ | {"NEWSLETTER_VAR": str(tmp_path / "unused")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["items"][0]["title"] == "Roofs < 30 m² count too"
    assert not (tmp_path / "unused").exists()


# ------------------------------------------------------------ text clean
def test_html_in_a_file_is_cleaned_row_by_row(tmp_path: Path) -> None:
    rows = [{"id": 1, "html": "<p onclick=x>あ<script>y</script>"}, {"id": "b", "html": "<b>z", "more": 1}]
    file = tmp_path / "rows.jsonl"
    file.write_text("\ufeff" + "\n\n".join(json.dumps(row) for row in rows), "utf-8")
    lines = run("text", "clean", "--jsonl", str(file)).stdout.splitlines()
    assert [json.loads(line) for line in lines] == [{"id": 1, "html": "<p>あ</p>"}, {"id": "b", "html": "<b>z</b>"}]
    assert "あ" in lines[0]


def test_a_broken_row_is_told_with_its_number_and_the_others_come_out() -> None:
    stdin = b'{"id":1,"html":"a"}\n{bad\n\xff\n[]\n{"id":2}\n{"id":3,"html":4}\n{"id":"\\ud800","html":"\\ud800b"}\n'
    result = run("text", "clean", "--jsonl", "-", code=1, stdin=stdin)
    assert [json.loads(line)["html"] for line in result.stdout.splitlines()] == ["a", "b"]
    told = result.stderr.splitlines()
    assert [f"{number}行目" in line for number, line in zip((2, 3, 4, 5, 6), told, strict=True)] == [True] * 5


def test_a_missing_file_is_told() -> None:
    assert "no-such-file.jsonl" in run("text", "clean", "--jsonl", "no-such-file.jsonl", code=1).stderr
