"""Telephone numbers, postal codes and mail addresses: their form, and what is surely mistyped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, World, passages
from newsletter.proof.rules import Rule, rule

DIGIT = "[0-9０-９]"
DASH = "[-‐‑‒–—―−－ー–]"
LABEL = re.compile(
    r"(?:TEL|Tel|tel|ＴＥＬ|Ｔｅｌ|FAX|Fax|fax|ＦＡＸ|電話番号|電話|ファックス|ファクス|℡|☎|携帯|直通|代表|お?問い?合わ?せ先?|連絡先|申込先|予約|フリーダイヤル)"
    r"(?:番号)?(?:/FAX|・FAX)?[ \u3000]?[：:／/（(\u3000 ]?[ \u3000]*$"
)
_COUNTRY = rf"(?:[+＋]81{DASH})?"
_AREA = rf"[（(]?[0０]{DIGIT}{{1,5}}[）)]?"
_PART = rf"(?:(?:{DASH}|[ .\u3000]|(?<=[）)])|[（(]){DIGIT}{{1,5}}[）)]?)"
_NOT_AFTER = rf"(?![0-9０-９]|{DASH}{DIGIT}|[年月日号人名件円%％時分:：])"
# Digits in parts, as telephone numbers are written; what else looks like it is sorted out below.
NUMBER = re.compile(rf"(?<![0-9０-９./=?&%_#-]){_COUNTRY}{_AREA}{_PART}{{1,3}}{_NOT_AFTER}")
ABROAD = re.compile(rf"[+＋]81{DASH}[1-9１-９]{DIGIT}{{0,3}}(?:{DASH}{DIGIT}{{1,5}}){{1,3}}")
PLAIN = re.compile(rf"[0０]{DIGIT}{{8,10}}(?![0-9０-９])")
_CODE = rf"({DIGIT}{{2,8}}(?:[ \u3000]?{DASH}[ \u3000]?{DIGIT}{{1,6}})?)"
POSTAL = re.compile(rf"(?:〒[ \u3000]?|郵便番号[ \u3000：:]*){_CODE}")
RIGHT_POSTAL = re.compile(r"[0-9]{3}-[0-9]{4}")
# Area codes are 2 to 5 digits with the 0; with the local part they make 6 (総務省 電気通信番号計画).
RIGHT_PHONE = re.compile(
    r"0[5-9]0-[0-9]{4}-[0-9]{4}|0120-[0-9]{2,3}-[0-9]{3,4}|0570-[0-9]{2,3}-[0-9]{3,4}|0800-[0-9]{3}-[0-9]{4}"
    r"|0[0-9]{1,4}-[0-9]{1,4}-[0-9]{4}|[+]81-[1-9][0-9]{0,3}-[0-9]{1,4}-[0-9]{4}"
)
MAIL = re.compile(
    r"[A-Za-z0-9Ａ-Ｚａ-ｚ０-９._+%．＿－-]+[ \u3000]?[@＠]{1,2}[ \u3000]?[A-Za-z0-9Ａ-Ｚａ-ｚ０-９,，.．_－-]+"
)
RIGHT_MAIL = re.compile(r"[A-Za-z0-9._+%-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}")
# Domains as fingers mistype them -> as they are.
MISTYPED = (
    (re.compile(r"@g(?:mial|mai|amil|nail|maill|mali)\.com$"), "@gmail.com"),
    (re.compile(r"@gmail\.(?:co|cm|con|comm|co\.jp|ne\.jp)$"), "@gmail.com"),
    (re.compile(r"@yah?oo?o\.co\.jp$(?<!@yahoo\.co\.jp)"), "@yahoo.co.jp"),
    (re.compile(r"@yahoo\.(?:co|cojp|co\.jo)$"), "@yahoo.co.jp"),
    (re.compile(r"@(?:docmo|dokomo|docom|doocmo)\.ne\.jp$"), "@docomo.ne.jp"),
    (re.compile(r"@docomo\.(?:co|ne)$|@docomo\.(?:co|or)\.jp$"), "@docomo.ne.jp"),
    (re.compile(r"@(?:hotmial|hotmal|hotmai)\.(com|co\.jp)$"), r"@hotmail.\1"),
    (re.compile(r"\.(?:1g|ig|Ig|lq|lg\.lg|lgj)\.jp$"), ".lg.jp"),
    (re.compile(r"\.(lg|co|or|ne|go|ac|ed)\.(?:jo|jpp|jq|ip|jp\.jp|j|pj|jn)$"), r".\1.jp"),
    (re.compile(r"\.(lg|co|or|ne|go|ac|ed)jp$"), r".\1.jp"),
    (re.compile(r"\.(?:cp|c0|cc|xo)\.jp$"), ".co.jp"),
    (re.compile(r"\.(?:comm|con|cmo|vom|ocm|om)$"), ".com"),
    (re.compile(r"(@(?:www\.)?city\.[a-z.-]+?)\.lg$"), r"\1.lg.jp"),
    (re.compile(r"(@(?:city|town|vill|pref|metro)\.[a-z.-]+?)\.lg\.(?:com|net)$"), r"\1.lg.jp"),
)  # fmt: skip


# ------------------------------------------------------------ telephone
@rule(
    "phone-digits",
    Level.ERROR,
    "電話番号の桁数が違う",
    "電話番号は、市外局番からの固定電話が10桁、携帯電話とIP電話（050・060・070・080・090）が11桁、0120は10桁です。"
    "桁が足りないか多いと、読者は問い合わせられません。",
    "総務省 電気通信番号計画",
)
def phone_digits(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """A telephone number with too few or too many digits; what the right number is, nobody can say."""
    for passage in passages(manuscript):
        for start, end in _phones(passage.text):
            digits = _digits(passage.text[start:end])
            wanted = _wanted(digits)
            if len(digits) not in wanted:
                right = "か".join(str(number) for number in wanted)
                message = (
                    f"電話番号「{passage.text[start:end]}」は{len(digits)}桁です。{right}桁のはずなので、"
                    "もとの資料で確かめてください。"
                )
                yield rule.finding(passage, start, end, message)


@rule(
    "phone-form",
    Level.ERROR,
    "電話番号の書き方",
    "電話番号は、半角の数字と半角のハイフンで「03-1234-5678」のように書きます。全角の数字や長音、ダッシュ、空白で区切ると、"
    "スマートフォンで電話が掛けられず、検索にも掛かりません。",
    "この e-ニュースの表記（連絡先は半角ハイフン）",
)
def phone_form(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """A telephone number of the right length in another form than 03-1234-5678."""
    for passage in passages(manuscript):
        for start, end in _phones(passage.text):
            written = passage.text[start:end]
            digits = _digits(written)
            if RIGHT_PHONE.fullmatch(written) or len(digits) not in _wanted(digits):
                continue
            right = _hyphened(written)
            fixes = (right,) if RIGHT_PHONE.fullmatch(right) else ()
            message = f"電話番号「{written}」は、半角の数字とハイフンで書いてください" + (
                f"（{right}）。" if fixes else "。"
            )
            yield rule.finding(passage, start, end, message, *fixes)


def _phones(text: str) -> Iterator[tuple[int, int]]:
    """Where telephone numbers stand: numbers in parts that begin with 0, and anything after 電話 or TEL."""
    for match in NUMBER.finditer(text):
        start, end = match.span()
        if match[0][0] in "（(" and match[0][-1] in "）)" and _count(match[0][:-1], "）)") == 0:
            start, end = start + 1, end - 1  # the whole number stands in brackets
        elif _count(match[0], "（(") < _count(match[0], "）)"):
            end -= 1  # （電話 03-…）: the bracket is the sentence's
        labelled = bool(LABEL.search(text, max(0, start - 14), start))
        if text[:start].rstrip(" \u3000").endswith("〒") or (not labelled and len(_digits(text[start:end])) < 7):
            continue
        if not labelled and text[start - 1 : start].isascii() and text[start - 1 : start].isalpha():
            continue  # a part number: AB012-345-6789
        if labelled or _looks_like_phone(text[start:end]):
            yield start, end
    for match in PLAIN.finditer(text):
        if LABEL.search(text, max(0, match.start() - 14), match.start()):
            yield match.span()
    yield from (match.span() for match in ABROAD.finditer(text))


def _count(text: str, characters: str) -> int:
    return sum(text.count(character) for character in characters)


def _looks_like_phone(written: str) -> bool:
    """Without a word before it: three parts, 03-6205-8415, or with one digit too few or too many."""
    parts = [part for part in re.split(rf"{DASH}|[ .\u3000（）()]", written) if part]
    if len(parts) != 3 or len(parts[0]) < 2 or re.match("[0０]{2}", parts[0]):
        return False
    return len(parts[2]) == 4 or (len(parts[1]) == 4 and len(parts[2]) in (3, 5))


def _digits(written: str) -> str:
    plain = unicodedata.normalize("NFKC", written)
    digits = "".join(character for character in plain if character.isdigit())
    return "0" + digits[2:].lstrip("0") if plain.lstrip().startswith("+81") else digits


def _wanted(digits: str) -> tuple[int, ...]:
    if re.match(r"0[5-9]0", digits):
        return (11,)
    if digits.startswith("0800"):
        return (11,)
    return (10,)


def _hyphened(written: str) -> str:
    plain = unicodedata.normalize("NFKC", written)
    parts = [part for part in re.split(r"[^0-9]+", plain) if part]
    if plain.lstrip().startswith("+81"):
        return "+81-" + "-".join(part.lstrip("0") if at == 0 else part for at, part in enumerate(parts[1:]))
    if len(parts) == 1:
        return _split(parts[0])
    return "-".join(parts)


def _split(digits: str) -> str:
    """Hyphens into a number without any, where the plan leaves no choice: mobiles, 0120, Tokyo, Osaka."""
    if len(digits) == 11:
        return f"{digits[:3]}-{digits[3:7]}-{digits[7:]}"
    if digits.startswith(("0120", "0570")):
        return f"{digits[:4]}-{digits[4:7]}-{digits[7:]}"
    if digits.startswith(("03", "06")):
        return f"{digits[:2]}-{digits[2:6]}-{digits[6:]}"
    return digits


# ------------------------------------------------------------ postal code
@rule(
    "postal-code",
    Level.ERROR,
    "郵便番号の書き方",
    "郵便番号は「〒105-0003」のように、〒のすぐ後ろに半角の数字3桁、ハイフン、4桁で書きます。",
    "日本郵便の郵便番号（7桁）",
)
def postal_code(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """A postal code that is not 〒105-0003."""
    for passage in passages(manuscript):
        for match in POSTAL.finditer(passage.text):
            written = match[1]
            if RIGHT_POSTAL.fullmatch(written):
                continue
            digits = _digits(written)
            if len(digits) == 7:
                right = f"{digits[:3]}-{digits[3:]}"
                message = f"郵便番号「{written}」は、「{right}」のように書いてください。"
                yield rule.finding(passage, match.start(1), match.end(1), message, right)
            else:
                message = f"郵便番号「{written}」は{len(digits)}桁です。7桁のはずなので、確かめてください。"
                yield rule.finding(passage, match.start(1), match.end(1), message)


# ------------------------------------------------------------ mail
@rule(
    "mail-address",
    Level.ERROR,
    "メールアドレスの誤り",
    "メールアドレスに、全角の文字、空白、続いた点、よくある打ち間違い（.1g.jp、gmial.com、.co,jp など）があります。"
    "このままでは届きません。",
    "RFC 5321、RFC 5322、実際に起きた打ち間違い",
)
def mail_address(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """A mail address that cannot work, or whose domain is a well-known slip of the fingers."""
    for passage in passages(manuscript):
        for match in MAIL.finditer(passage.text):
            written = match[0].rstrip(".,")
            right = _mended(written)
            if right == written and RIGHT_MAIL.fullmatch(written) and ".." not in written:
                continue
            fixes = (right,) if RIGHT_MAIL.fullmatch(right) and ".." not in right and right != written else ()
            message = f"メールアドレス「{written}」は正しくありません。" + (
                f"「{right}」ではありませんか。" if fixes else "もとの資料で確かめてください。"
            )
            yield rule.finding(passage, match.start(), match.start() + len(written), message, *fixes)


def _mended(written: str) -> str:
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", written)).replace(",", ".").replace("@@", "@")
    local, _, domain = plain.rpartition("@")
    plain = f"{local}@{re.sub(r'[.]{2,}', '.', domain)}".replace(".@", "@").replace("@.", "@")
    for pattern, right in MISTYPED:
        plain = pattern.sub(right, plain)
    return plain
