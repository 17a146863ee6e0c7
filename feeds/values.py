"""One value as typed becomes the value that is kept; ValueProblem says in Japanese what is wrong with it. Pure."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

from email_validator import EmailNotValidError, validate_email

# Compatibility ideographs stand in people's names (U+FA19 is not U+795E), and NFC would silently replace them.
_COMPATIBILITY_IDEOGRAPHS = re.compile("([\uf900-\ufaff\U0002f800-\U0002fa1f]+)")
# Nobody sees these, so nobody can remove them: zero-width space, word joiner, BOM, soft hyphen.
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u2060\ufeff\u00ad"))
# Marks that turn the direction of the line can make a text read as what it is not.
_DIRECTION = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−ー", "-"))
# Names that lead nowhere, or only inside somebody's own network (RFC 6761, RFC 6762, RFC 9476, LGWAN).
_INNER_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "invalid", "test", "lgwan.jp")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_EXTENSION = re.compile(r"[\s(、,]*(?:内線|ext\.?|x)[\s:]*(\d{1,6})\)?$", re.IGNORECASE)
_SDG = re.compile(r"(?:sdgs?|ゴール|目標)?\s*(\d{1,3})(?!\d)(?:$|[\s.:・].*|[^\d\s].*)", re.IGNORECASE | re.DOTALL)
YES = frozenset({"はい", "可", "許可", "許可する", "する", "○", "〇", "◯", "1", "true", "yes", "on", "y", "t"})
NO = frozenset({"", "いいえ", "不可", "許可しない", "しない", "×", "✕", "0", "false", "no", "off", "n", "f", "-"})


class ValueProblem(ValueError):  # noqa: N818  a remark for the person who typed, not a fault of the program
    """The value cannot be kept as it is."""


def composed(text: str) -> str:
    """NFC, except for compatibility ideographs, which stay as they were typed."""
    parts = _COMPATIBILITY_IDEOGRAPHS.split(text)
    return "".join(part if number % 2 else unicodedata.normalize("NFC", part) for number, part in enumerate(parts))


def read_line(text: str) -> str:
    """One line: line breaks and runs of white space become one space; full-width spaces inside stay."""
    checked = _printable(composed(text))
    return re.sub(r"[ \t\n]+", " ", checked).strip()


def read_text(text: str) -> str:
    """Several lines: paragraphs apart by one empty line, no white space at the ends of lines."""
    checked = _printable(composed(text))
    lines = "\n".join(line.rstrip() for line in checked.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


def _printable(text: str) -> str:
    plain = text.translate(_INVISIBLE).replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    plain = plain.replace("\u2029", "\n\n").replace("\u00a0", " ")
    for place, character in enumerate(plain, start=1):
        if _is_forbidden(character):
            raise ValueProblem(
                f"{place}文字目に使えない制御文字（U+{ord(character):04X}）があります。消して入れ直してください。"
            )
    return plain


def _is_forbidden(character: str) -> bool:
    if character in "\t\n":
        return False
    noncharacter = ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF
    return noncharacter or character in _DIRECTION or unicodedata.category(character) in ("Cc", "Cs")


def read_web_address(text: str) -> str:
    """An http(s) address that every reader can open; Japanese letters in it are percent-encoded."""
    plain = read_line(text)
    if not re.match(r"https?://", plain, re.IGNORECASE):
        # Typed with the full-width keyboard; inside a right address, width may matter to the server.
        plain = unicodedata.normalize("NFKC", plain)
    if not plain:
        return ""
    if re.search(r'[\s"<>\\^`{|}]', plain):
        raise ValueProblem("アドレスに空白や使えない記号が入っています。アドレスだけを貼り付けてください。")
    try:
        parts = urlsplit(plain)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueProblem("アドレスの形が正しくありません。ブラウザからもう一度貼り付けてください。") from error
    if parts.scheme not in ("http", "https") or not host:
        raise ValueProblem("https:// または http:// で始まるアドレスを書いてください。")
    if "@" in parts.netloc:
        raise ValueProblem("アドレスに利用者名やパスワードを入れないでください。")
    place = _public_host(host) + (f":{port}" if port is not None else "")
    kept = "/%:@!$&'()*+,;=-._~"
    return urlunsplit(
        (
            parts.scheme,
            place,
            quote(parts.path, kept),
            quote(parts.query, f"{kept}?"),
            quote(parts.fragment, f"{kept}?"),
        )
    )


def _public_host(host: str) -> str:
    try:
        name = host.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise ValueProblem("アドレスのサーバ名が正しくありません。") from error
    inner = any(name == ending or name.endswith(f".{ending}") for ending in _INNER_NAMES)
    if inner or _is_private_number(name):
        raise ValueProblem("庁内やLGWANの中だけで開けるアドレスです。どなたでも開けるアドレスを書いてください。")
    if not _HOST.fullmatch(name) and not _is_public_number(name):
        raise ValueProblem("アドレスのサーバ名が正しくありません。")
    return f"[{name}]" if ":" in name else name


def _is_private_number(name: str) -> bool:
    try:
        return not ipaddress.ip_address(name).is_global
    except ValueError:
        # 2130706433, 0x7f.1 and 0177.1 are 127.0.0.1 to some browsers; nobody publishes such an address.
        return bool(re.fullmatch(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+))*", name))


def _is_public_number(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_global
    except ValueError:
        return False


def read_phone(text: str) -> str:
    """A Japanese telephone number with its hyphens as typed, half-width, and an extension as （内線 123）."""
    plain = unicodedata.normalize("NFKC", read_line(text))
    if not plain:
        return ""
    extension = _EXTENSION.search(plain)
    number = (plain[: extension.start()] if extension else plain).translate(_DASHES).strip()
    number = re.sub(r"\s*\(代表?\)$", "", number)
    number = re.sub(r"^(?:tel|電話)[.:\s]*", "", number, flags=re.IGNORECASE)
    digits = re.sub(r"[-()\s]", "", number)
    if re.fullmatch(r"[1-9]\d{8,9}", digits):
        raise ValueProblem("市外局番の先頭の「0」が抜けているようです。0から書いてください。")
    if not re.fullmatch(r"0\d{9,10}|\+81[1-9]\d{8,9}", digits) or not re.fullmatch(r"[+(]?[\d][\d\-() ]*\d", number):
        raise ValueProblem("電話番号は市外局番から書いてください（例：00-0000-0000）。")
    return number + (f"（内線 {extension[1]}）" if extension else "")


def read_mail_address(text: str) -> str:
    """A mail address in its usual form; nothing is asked of the network."""
    plain = unicodedata.normalize("NFKC", read_line(text)).removeprefix("mailto:").strip()
    if not plain:
        return ""
    try:
        return validate_email(plain, check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError as error:
        raise ValueProblem("メールアドレスの形が正しくありません（例：kankyo@example.lg.jp）。") from error


def read_credit(text: str) -> str:
    """Whose photo it is; (C) becomes ©, which a file in CP932 cannot hold."""
    return re.sub(r"^(?:[(（][CcＣｃ][)）]|\u24b8|\U0001f12b)\s*", "©", read_line(text))


def read_sdgs(text: str) -> tuple[int, ...]:
    """The goals named in the text, by number or as `13 気候変動…`, sorted, each once."""
    plain = unicodedata.normalize("NFKC", read_line(text.replace("\r\n", "\n").replace("\n", "、")))
    if re.fullmatch(r"[\d\s]+", plain):
        plain = ",".join(plain.split())
    parts = [part.strip() for part in re.split(r"[,、;/]", plain) if part.strip()]
    return tuple(sorted({_goal(part) for part in parts}))


def _goal(part: str) -> int:
    match = _SDG.fullmatch(part)
    if not match or not 1 <= int(match[1]) <= 17:
        raise ValueProblem(f"「{part}」はSDGsの目標ではありません。1から17の番号で書いてください（例：7、13）。")
    return int(match[1])


def read_yes_no(text: str) -> bool:
    """はい or いいえ, and the marks people use for them."""
    plain = unicodedata.normalize("NFKC", read_line(text)).lower()
    if plain not in YES | NO:
        raise ValueProblem(f"「{read_line(text)}」は読めません。「はい」か「いいえ」を書いてください。")
    return plain in YES


def read_choice(text: str, choices: Mapping[str, str]) -> str:
    """The key of the choice that the text names by key or by label."""
    wanted = _loose(text)
    for key, label in choices.items():
        if wanted in (_loose(key), _loose(label)):
            return key
    if not wanted:
        return ""
    raise ValueProblem(f"「{read_line(text)}」は選べません。{'、'.join(choices.values())} から選んでください。")


def _loose(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
