"""What decodes to sensible text decides, whatever was declared."""

from __future__ import annotations

import encodings
import pkgutil
from encodings.aliases import aliases

import pytest

from feeds.encoding import decode

JAPANESE = "環境省は、カーボンニュートラルをめざす自治体の取組を紹介します。"
LABELS = ["Shift_JIS", "EUC-JP", "ISO-2022-JP", "UTF-8", "ISO-8859-1", "windows-1251", "utf-16", "x-unknown", ""]


def document(text: str, label: str) -> str:
    declaration = f'<?xml version="1.0" encoding="{label}"?>' if label else ""
    return f"{declaration}<rss><title>{text}</title></rss>"


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    "codec", ["cp932", "euc_jp", "iso2022_jp", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]
)
def test_japanese_is_read_whatever_was_declared(codec: str, label: str) -> None:
    text = document(JAPANESE, label)
    assert decode(text.encode(codec)).text == text
    assert decode(text.encode(codec), f'text/xml; charset="{label}"').text == text


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        ("Café déjà vu, l’été à venir – 100 €", "cp1252", "ISO-8859-1"),
        ("Grüße aus Köln: ½ Preis, 20 °C, § 5", "cp1252", ""),
        ("Příliš žluťoučký kůň", "cp1250", "windows-1250"),
        ("Новости климата городов", "cp1251", "windows-1251"),
        ("Новости климата городов", "koi8-r", "KOI8-R"),
        ("Κλίμα και πόλεις", "iso8859-7", "ISO-8859-7"),
        ("中国城市气候新闻，今天发布", "gb18030", "gb2312"),
        ("城市氣候新聞", "big5hkscs", "Big5"),
        ("한국 도시의 기후 소식", "cp949", "EUC-KR"),
    ],
)
def test_other_languages_are_read_as_declared(text: str, codec: str, label: str) -> None:
    whole = document(text, label)
    assert decode(whole.encode(codec)).text == whole


def test_the_header_counts_before_the_document() -> None:
    whole = document("Новости", "KOI8-R")
    assert decode(whole.encode("cp1251"), "application/xml; charset=windows-1251").text == whole


@pytest.mark.parametrize("codec", ["cp932", "euc_jp"])
def test_characters_of_windows_are_read_in_both_charsets(codec: str) -> None:
    cells = {"cp932": b"\x87\x40\x87\x8a\xfb\xfc", "euc_jp": b"\xad\xa1\xad\xea\xfc\xe2"}  # ① ㈱ 髙
    assert "<title>①㈱髙さん" in decode(b"<title>" + cells[codec] + "さん".encode(codec)).text


def test_a_broken_byte_costs_one_character() -> None:
    utf8 = document(JAPANESE, "UTF-8").encode().replace("省".encode(), "省".encode()[:2])
    assert decode(utf8).text.replace("\ufffd", "省", 1) == document(JAPANESE, "UTF-8")
    sjis = document(JAPANESE, "Shift_JIS").encode("cp932").replace("。".encode("cp932"), b"\x81")
    assert decode(sjis).text.startswith(document(JAPANESE, "Shift_JIS")[:60])


def test_half_width_katakana_of_iso_2022_jp_are_read() -> None:
    assert decode(b"<title>\x1b(I1\x32\x1b(B \x1b$B$\x22\x1b(B").text == "<title>ｱｲ あ"


def test_no_label_makes_it_stumble() -> None:
    labels = {*aliases, *aliases.values(), *(module.name for module in pkgutil.iter_modules(encodings.__path__))}
    for label in [*labels, "\x00", "..", "a" * 40]:
        decoded = decode(
            b"<?xml version='1.0' encoding='%b'?>\xe9\x81abc" % label.encode(), f"text/xml; charset={label}"
        )
        assert "abc" in decoded.text
