"""The characters of running text: normal form, invisible characters, white space, the dashes of the JIS charsets."""

from __future__ import annotations

import re
import unicodedata

# XML 1.0 section 2.2 allows none of these, and no reader wants to see them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Zero-width characters, soft hyphen, invisible operators, and the bidi controls that can make a text read
# otherwise than it is stored (Unicode TR36). Variation selectors stay: they choose the form of a kanji in a name.
_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
# A zero-width joiner is kept only where it joins two emoji (UTS #51).
_LONE_JOINER = re.compile(
    r"(?<![\u203c-\u3299\ufe0f\U0001f000-\U0001faff])\u200d|\u200d(?![\u203c-\u3299\U0001f000-\U0001faff])"
)
_WHITE = re.compile(r" \s+|[^\S ]\s*")  # all but a single space, which is left alone
# NFC replaces these by their unified forms, and with them the form of a name (神 福 塚 as people write them).
_COMPATIBILITY_IDEOGRAPHS = re.compile("([\uf900-\ufaff\U0002f800-\U0002fa1f]+)")
_JAPANESE = re.compile("[\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff]")
# Microsoft's table for Shift_JIS, which Python's cp932 follows, decodes these six JIS characters to look-alikes;
# UTF-8 texts of the same authors use the characters that JIS X 0208 means.
_JIS_LOOKALIKES = str.maketrans(
    {
        "\uff5e": "\u301c",  # 0x8160 WAVE DASH, not FULLWIDTH TILDE
        "\uff0d": "\u2212",  # 0x817C MINUS SIGN, not FULLWIDTH HYPHEN-MINUS
        "\u2225": "\u2016",  # 0x8161 DOUBLE VERTICAL LINE, not PARALLEL TO
        "\uffe0": "\u00a2",  # 0x8191 CENT SIGN
        "\uffe1": "\u00a3",  # 0x8192 POUND SIGN
        "\uffe2": "\u00ac",  # 0x81CA NOT SIGN
    }
)


def nfc(text: str) -> str:
    """NFC (never NFKC, which would turn ① into 1), except that kanji keep the form their author chose."""
    if text.isascii():
        return text
    parts = _COMPATIBILITY_IDEOGRAPHS.split(text)
    return "".join(part if odd % 2 else unicodedata.normalize("NFC", part) for odd, part in enumerate(parts))


def without_control(text: str) -> str:
    """The text without control characters, lone surrogates and noncharacters; tab and line ends stay."""
    return _CONTROL.sub("", text)


def visible(text: str) -> str:
    """Normal form without control, zero-width and bidi characters; white space is left as it is."""
    text = _CONTROL.sub("", text)
    return text if text.isascii() else nfc(_LONE_JOINER.sub("", _INVISIBLE.sub("", text)))


def normalise(text: str) -> str:
    """Running text on one line: visible characters in NFC, each run of white space folded to one space."""
    return fold(visible(text)).strip()


def fold(text: str) -> str:
    """Each run of white space becomes one space; a full-width space (U+3000) stays full-width, as Japanese sets it."""
    return _WHITE.sub(lambda run: "\u3000" if "\u3000" in run[0] else " ", text)


def jis_dashes(text: str) -> str:
    """What was decoded as cp932 gets the 〜 − ‖ ¢ £ ¬ of JIS back, if it is Japanese running text.

    Only for text that came in a JIS charset: there the look-alikes cannot have been meant, as it has no codes for
    both. Never for addresses, and not for lines without kana or kanji, where ～ may be part of a code or a picture.
    """
    return text.translate(_JIS_LOOKALIKES) if _JAPANESE.search(text) else text
