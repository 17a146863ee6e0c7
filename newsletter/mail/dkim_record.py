"""The public half of a DKIM key in the DNS: what to publish, and whether what is published fits (RFC 6376 3.6.1)."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import dns.exception
import dns.resolver

from newsletter.errors import NewsletterError
from newsletter.mail.dkim import DkimKey

PATIENCE = 5.0  # seconds for one answer, with the retries of dnspython in it
TXT_STRING = 255  # octets of one character-string (RFC 1035 3.3.14)
_TAG = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*=\s*(.*?)\s*", re.DOTALL)


class DnsError(NewsletterError):
    """The DNS could not be asked."""


class RecordState(StrEnum):
    MATCHES = "matches"
    TESTING = "testing"  # it fits, but says t=y: verifiers may treat the mail as unsigned
    MISSING = "missing"
    SEVERAL = "several"
    BROKEN = "broken"
    REVOKED = "revoked"  # p= is empty
    RESTRICTED = "restricted"  # it forbids what we do: another hash, another service
    DIFFERENT = "different"  # the public half of another key


GOOD = (RecordState.MATCHES, RecordState.TESTING)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the record of a key is worth, in words with what to do."""

    state: RecordState
    words: str

    @property
    def is_good(self) -> bool:
        """Whether mail signed with the key passes."""
        return self.state in GOOD


# ------------------------------------------------------------ what to publish
def record(key: DkimKey) -> str:
    """The value of the TXT record."""
    return f"v=DKIM1; k={key.algorithm}; p={base64.b64encode(key.public()).decode('ascii')}"


def zone_line(key: DkimKey) -> str:
    """The record as a zone file has it, in strings of at most 255 octets."""
    value = record(key)
    strings = [f'"{value[at : at + TXT_STRING]}"' for at in range(0, len(value), TXT_STRING)]
    if len(strings) == 1:
        return f"{key.name}. IN TXT {strings[0]}"
    return f"{key.name}. IN TXT (\n" + "\n".join(f"    {string}" for string in strings) + "\n)"


# ------------------------------------------------------------ what is published
def judge(key: DkimKey, published: Sequence[str]) -> Judgement:
    """Whether the TXT records found under the key's name let mail pass that is signed with it."""
    found = [text for text in published if _looks_like_key(text)] or list(published)
    if not found:
        return Judgement(RecordState.MISSING, "DNSにTXTレコードがありません。登録し、反映を待ってください。")
    if len(found) > 1:
        return Judgement(
            RecordState.SEVERAL,
            f"DNSにTXTレコードが{len(found)}件あります。1件だけにしてください（RFC 6376 3.6.2.2）。",
        )
    tags = _tags(found[0])
    if tags is None or tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return Judgement(RecordState.BROKEN, f"DNSのTXTレコードをDKIMの鍵として読めません。（{_short(found[0])}）")
    return _judge_tags(key, tags)


def _judge_tags(key: DkimKey, tags: dict[str, str]) -> Judgement:
    if not tags["p"]:
        return Judgement(RecordState.REVOKED, "DNSのレコードは、この鍵を無効としています（p= が空です）。")
    if tags.get("k", "rsa") != key.algorithm:
        return Judgement(
            RecordState.DIFFERENT, f"DNSの鍵の種類が違います（k={tags.get('k', 'rsa')}、鍵は {key.algorithm}）。"
        )
    if not _allows(tags, "h", "sha256") or not _allows(tags, "s", "email", "*"):
        return Judgement(
            RecordState.RESTRICTED, "DNSのレコードが、この署名を許していません。h= と s= を消してください。"
        )
    try:
        public = base64.b64decode(re.sub(r"\s+", "", tags["p"]), validate=True)
    except ValueError:
        return Judgement(
            RecordState.BROKEN,
            "DNSの p= の値が壊れています。途中で切れたり、余分な文字が入ったりしていないか確かめてください。",
        )
    if public != key.public():
        return Judgement(RecordState.DIFFERENT, "DNSにあるのは、別の鍵の公開鍵です。登録した値を確かめてください。")
    if "y" in tags.get("t", "").split(":"):
        return Judgement(
            RecordState.TESTING, "鍵は一致しますが、試験中の印（t=y）が付いています。本番では消してください。"
        )
    return Judgement(RecordState.MATCHES, "DNSの公開鍵と一致します。")


def _allows(tags: dict[str, str], tag: str, *wanted: str) -> bool:
    listed = {word.strip() for word in tags.get(tag, "").split(":")} - {""}
    return not listed or bool(listed & set(wanted))


def _looks_like_key(text: str) -> bool:
    return "p" in (_tags(text) or {})


def _tags(text: str) -> dict[str, str] | None:
    """The tag list, or None if it is none."""
    tags: dict[str, str] = {}
    for part in text.strip().rstrip(";").split(";"):
        match = _TAG.fullmatch(part)
        if match is None or match[1] in tags:
            return None
        tags[match[1]] = match[2]
    return tags


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


# ------------------------------------------------------------ asking
def read_nameserver(text: str) -> tuple[str, int]:
    """`192.0.2.1`, `192.0.2.1:5353` or `[2001:db8::1]:53` as address and port; DnsError if it is none of them."""
    match = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?|([0-9.]+)(?::(\d{1,5}))?|([0-9A-Fa-f:]+)", text)
    wrong = DnsError(f"ネームサーバ「{text}」が正しくありません。192.0.2.1 か 192.0.2.1:53 の形で書いてください。")
    if match is None:
        raise wrong
    address, port = match[1] or match[3] or match[5], int(match[2] or match[4] or 53)
    try:
        address = str(ipaddress.ip_address(address))
    except ValueError as error:
        raise wrong from error
    if not 0 < port < 65536:
        raise wrong
    return address, port


def resolver(nameserver: tuple[str, int] | None = None, seconds: float = PATIENCE) -> dns.resolver.Resolver:
    """The resolver of this machine, or one that asks that name server only."""
    try:
        made = dns.resolver.Resolver(configure=nameserver is None)
    except dns.resolver.NoResolverConfiguration as error:
        raise DnsError("この機械にDNSの設定がありません。--nameserver で問い合わせ先を指定してください。") from error
    if nameserver is not None:
        made.nameservers, made.port = [nameserver[0]], nameserver[1]
    made.timeout, made.lifetime = seconds / 2, seconds
    return made


def published(name: str, asked: dns.resolver.Resolver) -> list[str]:
    """The TXT records under a name, each in one piece; DnsError when no answer came."""
    try:
        answer = asked.resolve(f"{name}.", "TXT")
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.resolver.NoNameservers as error:
        raise DnsError(f"{name} を調べられません。DNSサーバが誤りを返しました。") from error
    except dns.exception.Timeout as error:
        raise DnsError(f"{name} を調べられません。DNSサーバが時間内に応答しません。") from error
    except dns.exception.DNSException as error:
        raise DnsError(f"{name} を調べられません。（{type(error).__name__}）") from error
    return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]
