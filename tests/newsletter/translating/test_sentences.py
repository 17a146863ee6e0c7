"""Every sentence of the readers' pages has its English, and the compiled catalogue is the one that is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from newsletter.translating import catalogue, sentences

FOLDER = Path(settings.BASE_DIR) / "newsletter" / "locale" / "en" / "LC_MESSAGES"
HINT = (
    "`make words` writes what is new into newsletter/locale/en/LC_MESSAGES/django.po; translate it, then run it again"
)


def entries() -> list[catalogue.Entry]:
    return catalogue.read((FOLDER / "django.po").read_text("utf-8"))


def test_every_sentence_of_the_pages_is_translated() -> None:
    translated = {entry.source for entry in entries() if entry.is_translated}
    assert [sentence for sentence in sentences.collect() if sentence not in translated] == [], HINT


def test_no_translation_is_of_a_sentence_that_is_gone() -> None:
    there = sentences.collect()
    assert [entry.source for entry in entries() if entry.source not in there] == [], HINT


def test_no_translation_has_lost_a_placeholder_or_a_link() -> None:
    assert [(entry.source, entry.lost) for entry in entries() if entry.lost] == []


def test_the_compiled_catalogue_is_what_is_written() -> None:
    assert (FOLDER / "django.mo").read_bytes() == catalogue.compiled(entries()), HINT


def test_no_translation_is_left_in_japanese() -> None:
    import re

    for entry in entries():
        words = re.sub(r'<span lang="ja">.*?</span>', "", entry.translation)
        assert not re.search("[ぁ-んァ-ヶ一-龯]", words), entry.source


@pytest.mark.parametrize("file", sentences.page_files(), ids=lambda file: file.name)
def test_nothing_in_a_page_stands_outside_of_the_translation(file: Path) -> None:
    assert sentences.untranslatable(file) == []


def test_the_sentences_of_pages_and_code_are_found() -> None:
    found = sentences.collect()
    for sentence in (
        "購読を申し込む",  # {% translate %}
        "%(address)s への%(enews)sの配信を停止しますか。",  # {% blocktranslate %}
        "e-ニュース",  # |default:_("…")
        "Y年n月j日",  # with … in {% blocktranslate %}
        "お名前",  # a label
        "もしかして「{likely}」ではありませんか",  # a Sentence
        "「@」がありません。",  # an AddressError
    ):
        assert sentence in found
    assert "templates/web/public/home.html" in found["購読を申し込む"]


def test_of_code_only_what_is_said_to_a_reader_is_taken() -> None:
    source = '_("一")\nraise AddressError("二" "三")\nother("四")\nx._("五")\n_(name)\nSentence("{a}", a=1)\n'
    assert list(sentences.of_code(source)) == ["一", "二三", "{a}"]
