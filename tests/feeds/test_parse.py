"""Each file in tests/data/feeds is read as the .json beside it says."""

from __future__ import annotations

import contextlib
import json
import random
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from feeds.errors import ParseError
from feeds.parse import SUMMARY_LIMIT, parse_feed

CASES = sorted(Path("tests/data/feeds").glob("*.json"))
RSS = b'<rss version="2.0"><channel><title>t</title>%s</channel></rss>'
ATOM = b'<feed xmlns="http://www.w3.org/2005/Atom">%s</feed>'


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_it_reads_the_sample(case: Path) -> None:
    question = json.loads(case.read_text("utf-8"))
    expected = question["expected"]
    assert read(case.with_suffix(".xml").read_bytes(), question["given"], expected) == expected


def read(body: bytes, given: dict[str, str], expected: dict[str, Any]) -> dict[str, Any]:
    try:
        parsed = parse_feed(body, **given)
    except ParseError as error:
        return {"error": str(error)}
    answer: dict[str, Any] = {"title": parsed.title, "language": parsed.language, "remark": parsed.remark}
    answer = {name: value for name, value in answer.items() if value}
    answer["entries"] = [as_dict(entry) for entry in parsed.entries]
    return answer


def as_dict(entry: Any) -> dict[str, Any]:
    facts = asdict(entry)
    assert len(facts.pop("fingerprint")) == 64
    facts["published_at"] = facts["published_at"] and facts["published_at"].isoformat()
    if facts["canonical_url"] == facts["url"]:
        del facts["canonical_url"]
    return facts


def test_there_are_many_samples() -> None:
    assert len(CASES) >= 40
    assert {case.stem for case in CASES} == {file.stem for file in Path("tests/data/feeds").glob("*.xml")}


def test_the_same_words_have_the_same_fingerprint_whatever_their_markup() -> None:
    plain = parse_feed(RSS % b"<item><title>A</title><description>one two</description></item>", url="")
    dressed = parse_feed(
        RSS % b"<item><title>A</title><description>&lt;p&gt;one &lt;b&gt;two&lt;/b&gt;&lt;/p&gt;</description></item>",
        url="",
    )
    assert plain.entries[0].fingerprint == dressed.entries[0].fingerprint


def test_relative_links_of_a_file_are_resolved_by_the_address_of_its_site() -> None:
    document = RSS % b"<link>http://site.example.jp/a/</link><item><title>A</title><link>b.html</link></item>"
    assert parse_feed(document, url="").entries[0].url == "http://site.example.jp/a/b.html"


def test_a_long_text_without_a_summary_gets_a_short_one() -> None:
    words = "あ" * 300 + "。" + "い" * 300 + "。"
    entry = parse_feed((RSS % b"<item><description>%b</description></item>") % words.encode(), url="").entries[0]
    assert entry.summary == "あ" * 300 + "。"
    assert len(entry.summary) <= SUMMARY_LIMIT
    assert entry.body == words


def test_only_as_many_entries_are_read_as_wanted() -> None:
    assert len(parse_feed(RSS % (b"<item><title>a</title></item>" * 9), url="", most_entries=3).entries) == 3


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\0" * 1000,
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"<",
        b"<rss",
        b"<rss>",
        b"&" * 1000,
        bytes(range(256)) * 50,
        b"<!DOCTYPE [" * 5000,
        b"<?" * 5000,
        b"<rss><channel>" + b"<![CDATA[" * 50_000,
        b"<rss><channel>" + b"<!--" * 50_000,
    ],
)
def test_rubbish_is_refused_in_words(document: bytes) -> None:
    with pytest.raises(ParseError, match="。"):
        parse_feed(document, url="")


# Each of these kept feedparser busy for minutes to hours, growing with the square of its size.
@pytest.mark.parametrize(
    "document",
    [
        RSS % (b"<item><author>" + b"a" * 500_000 + b"</author></item>"),
        RSS % (b"<item>" + b"".join(b"<category>%d</category>" % n for n in range(20_000)) + b"</item>"),
        RSS % (b"<item>" + b"".join(b'<x xmlns:a%d="u%d"/>' % (n, n) for n in range(20_000)) + b"</item>"),
        RSS % (b"<item " + b" ".join(b'a%d="1"' % n for n in range(50_000)) + b"/>"),
        ATOM % (b'<entry><content type="xhtml">' + b"<?a?>\n" * 100_000 + b"</content></entry>"),
        RSS % (b"<item><description>" + b"&lt;ul&gt;&lt;li&gt;" * 20_000 + b"</description></item>"),
        RSS % (b"<item>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</item>"),
        b"<rss><channel><item><title>" + b"<a b='" * 100_000,
    ],
    ids=["author", "categories", "namespaces", "attributes", "white-space", "lists", "depth", "quotes"],
)
def test_a_document_made_to_keep_us_busy_does_not(document: bytes) -> None:
    started = time.process_time()
    with contextlib.suppress(ParseError):
        parse_feed(document, url="", patience=15)
    assert time.process_time() - started < 20  # seconds of ours alone; the slowest needs about one


def test_patience_has_an_end() -> None:
    with pytest.raises(ParseError, match="時間"):
        parse_feed(RSS % (b"<item/>" * 1000), url="", patience=0)


def test_dirt_in_one_entry_costs_that_entry_only() -> None:
    document = RSS % (
        b"<item><width>x</width><category/><title>one &#99999999999; a</title></item>"
        b'<item xmlns:x="a b"><x:y/><title>two</title></item><item><license/><title>three</title></item>'
    )
    titles = [entry.title for entry in parse_feed(document, url="").entries]
    assert titles[1:] == ["two", "three"]
    assert titles[0].startswith("one")


@pytest.mark.parametrize("length", [1, 10, 1000, 100_000])
def test_noise_never_raises_anything_else(length: int) -> None:
    with pytest.raises(ParseError):
        parse_feed(random.Random(length).randbytes(length), url="")
