"""The catalogue: .po in, .mo out, read back by the standard library's own gettext."""

from __future__ import annotations

import gettext
import io

import pytest

from newsletter.translating.catalogue import CatalogueError, Entry, compiled, merged, read, write

ENTRIES = [
    Entry("保存する", "Save", ("templates/web/a.html", "templates/web/b.html")),
    Entry('「"」と\\と\n改行', 'A "quote", a \\ and\na line break'),
    Entry("｜", " | "),
    Entry("まだです", ""),
    Entry("自動です", "A guess", is_fuzzy=True),
]


def test_what_was_written_is_read_back() -> None:
    assert read(write(ENTRIES)) == ENTRIES


def test_lines_that_an_editor_has_wrapped_are_one_sentence() -> None:
    text = 'msgid ""\n"長い"\n"文です。"\nmsgstr ""\n"A long "\n"sentence."\n'
    assert read(text) == [Entry("長い文です。", "A long sentence.")]


def test_what_editors_add_is_left_aside() -> None:
    now = '# a remark\n#. of a programmer\n#| msgid "前"\n#, python-format\nmsgid "今"\nmsgstr "Now"\n'
    assert read(f'{now}\n#~ msgid "昔"\n#~ msgstr "Then"\n') == [Entry("今", "Now")]


@pytest.mark.parametrize(
    "text", ['msgid "a', 'msgid "a"b"', 'msgid_plural "a"', '"a"', 'msgid "a"\nmsgstr "b"\nmsgid "c"\nmsgstr "d"']
)
def test_a_broken_line_is_named(text: str) -> None:
    with pytest.raises(CatalogueError, match="行目"):
        read(text)


def test_the_standard_library_reads_what_was_compiled() -> None:
    found = gettext.GNUTranslations(io.BytesIO(compiled(ENTRIES)))
    assert found.gettext("保存する") == "Save"
    assert found.gettext('「"」と\\と\n改行') == 'A "quote", a \\ and\na line break'
    assert found.gettext("まだです") == "まだです"
    assert found.gettext("自動です") == "自動です"  # nobody has looked at it
    assert found.info()["content-type"] == "text/plain; charset=UTF-8"


def test_translations_stay_with_their_sentences_and_go_with_them() -> None:
    now = merged(ENTRIES, {"新しい": ("x.html",), "保存する": ("y.html",)})
    assert now == [Entry("新しい", "", ("x.html",)), Entry("保存する", "Save", ("y.html",))]


@pytest.mark.parametrize(
    ("source", "translation", "lost"),
    [
        ("%(day)sまで", "until %(day)s", []),
        ("%(day)sまで", "until %(date)s", ["%(date)s", "%(day)s"]),
        ("{count:,}文字", "{count:,} characters", []),
        ("{count:,}文字", "characters", ["{count:,}"]),
        ('<a href="%(url)s">次</a>', "next", ['<a href="%(url)s">']),
    ],
)
def test_a_lost_placeholder_is_found(source: str, translation: str, lost: list[str]) -> None:
    assert Entry(source, translation).lost == lost
