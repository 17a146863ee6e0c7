"""Addresses of web pages: written rightly, without a reader's or a writer's secrets, alive, and told apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, World, passages
from newsletter.proof.rules import Rule, rule
from newsletter.proof.urls import (
    ADDRESS,
    BROKEN,
    HOST,
    LOOPBACK,
    RAW_PART,
    SENTENCE_END,
    WIDE,
    addresses,
    authority,
    encoded,
    everywhere,
    host_of,
    is_host,
    links,
    mended_host,
    parameters,
    short,
    without,
)  # fmt: skip

SECRETS = frozenset(
    "token access_token auth auth_token authkey api_key apikey key secret sig signature session sessionid session_id "
    "sid phpsessid jsessionid aspsessionid password passwd pwd pass ticket otp code_verifier mc_eid x-amz-signature "
    "x-amz-security-token sas sharekey invite invitation".split()
)
TRACKING = re.compile(
    r"utm_[a-z_]+|fbclid|gclid|yclid|msclkid|dclid|twclid|ttclid|igshid|igsh|mc_cid|_ga|_gl|_hsenc|_hsmi|mkt_tok|spm"
)
SESSION_IN_PATH = re.compile(r";jsessionid=[^?#/]+", re.IGNORECASE)
ENGLISH_PATH = re.compile(r"/(?:en|english|eng|en-us|en_us)(?:[/.?#]|$)|[?&]lang=en\b|//en\.", re.IGNORECASE)
# The rest of a sentence that goes on right behind an address.
PARTICLE_TAIL = re.compile(
    r"(?:を|は|に|で|へ|が|から|まで|より)?"
    r"(?:ご覧|参照|確認|アクセス|掲載|公開|ください|お申|申込|見)[ぁ-んァ-ヶ一-龠々]*$"
)
WIDE_CHARACTER = re.compile("[！-～]")
BROKEN_SLASHES = re.compile(r"https?://[/ ]", re.IGNORECASE)


# ------------------------------------------------------------ how it is written
@rule(
    "url-http",
    Level.ERROR,
    "http:// のリンク",
    "http:// のページは途中で書き換えられるおそれがあり、ブラウザが警告を出します。"
    "ほとんどのサイトは https:// で開けます。https:// で開けないページなら、理由を書いて無視してください。",
    "この e-ニュースの決まり（リンクは https）",
)
def url_http(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """http:// where https:// is meant; this machine's own addresses are for demonstrations."""
    for passage, start, end in everywhere(manuscript):
        url = passage.text[start:end]
        if url.lower().startswith("http://") and not LOOPBACK.match(url[7:]):
            message = f"リンク「{short(url)}」が http:// です。https:// で開けるか確かめて直してください。"
            yield rule.finding(passage, start, end, message, "https://" + url[7:])


@rule(
    "url-secret",
    Level.ERROR,
    "個人用の情報を含むリンク",
    "リンクに token、session、key などが入っています。自分だけのページや、ログイン中の番号かもしれません。"
    "読者全員に渡すと、なりすましや情報の漏えいになります。",
    "RFC 9700（OAuth 2.0 Security）、Mailchimpの mc_eid（受信者の識別子）",
)
def url_secret(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """An address that carries somebody's key, session or identity."""
    for passage, start, end in everywhere(manuscript):
        url = passage.text[start:end]
        found = [name for name in parameters(url) if name.lower() in SECRETS]
        credentials = "@" in authority(url)
        if not found and not credentials and not SESSION_IN_PATH.search(url):
            continue
        what = "、".join(found) or ("利用者名かパスワード" if credentials else "jsessionid")
        message = f"リンク「{short(url)}」に {what} が入っています。誰でも開ける公開ページのアドレスにしてください。"
        fix = without(SESSION_IN_PATH.sub("", url), lambda name: name.lower() in SECRETS)
        yield rule.finding(passage, start, end, message, *(() if credentials else (fix,)))


@rule(
    "url-tracking",
    Level.WARNING,
    "計測用の文字が付いたリンク",
    "utm_source や fbclid などは、どこから来たかを数えるための文字です。読者には不要で、よその計測に混ざります。"
    "消しても同じページが開きます。",
    "この e-ニュースの決まり（読者を追跡しない）",
)
def url_tracking(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """An address with parameters that only count visitors."""
    for passage, start, end in everywhere(manuscript):
        url = passage.text[start:end]
        if any(TRACKING.fullmatch(name.lower()) for name in parameters(url)):
            fix = without(url, lambda name: bool(TRACKING.fullmatch(name.lower())))
            message = f"リンク「{short(url)}」に計測用の文字（utm_ など）が付いています。消しても同じページが開きます。"
            yield rule.finding(passage, start, end, message, fix)


@rule(
    "url-raw-japanese",
    Level.ERROR,
    "リンクの中の日本語",
    "アドレスに日本語がそのまま入っていると、メールソフトがそこでリンクを切ってしまい、開けません。"
    "%E4%BA%AC のような形（パーセントエンコーディング）に直します。",
    "RFC 3986",
)
def url_raw_japanese(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """Raw Japanese in an address: mail readers end the link before it."""
    for passage in passages(manuscript):
        for start, _ in addresses(passage.text):
            plain = ADDRESS.match(passage.text, start)
            if plain is None:
                continue
            raw = RAW_PART.match(passage.text, plain.end())
            if raw is None or _is_sentence(raw[0]):
                continue
            end = raw.end() - len(_tail(raw[0]))
            yield _raw(rule, passage, start, end)
    for passage in links(manuscript):
        if not passage.text.isascii() and not WIDE_CHARACTER.search(passage.text):
            yield _raw(rule, passage, 0, len(passage.text))


def _raw(rule: Rule, passage: Passage, start: int, end: int) -> Finding:
    message = f"リンク「{short(passage.text[start:end])}」に日本語がそのまま入っています。途中で切れて開けません。"
    return rule.finding(passage, start, end, message, encoded(passage.text[start:end]))


def _is_sentence(words: str) -> bool:
    """Whether what follows an address is a sentence: 詳細はこちら, に掲載."""
    return bool(PARTICLE_TAIL.fullmatch(words)) or bool(re.match(r"[ぁ-ん]{3,}", words))


def _tail(words: str) -> str:
    match = re.search(r"(?:を|は|に|で|へ)(?:ご覧|参照|確認|アクセス|お申|申し)?[ぁ-ん一-龠]*$|[（）]+[^/]*$", words)
    return match[0] if match else ""


@rule(
    "url-full-width",
    Level.ERROR,
    "リンクの中の全角文字",
    "アドレスに全角の英数字や記号（．／～？＝など）が混ざっています。このままでは開けません。",
    "RFC 3986",
)
def url_full_width(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """Full-width letters, digits or signs in an address."""
    for passage in (*passages(manuscript), *links(manuscript)):
        for match in WIDE.finditer(passage.text):
            written = match[0].rstrip("？：" + SENTENCE_END)
            right = unicodedata.normalize("NFKC", written)
            if right != written:
                message = (
                    f"リンク「{short(written)}」に全角の文字が混ざっています。「{short(right)}」ではありませんか。"
                )
                yield rule.finding(passage, match.start(), match.start() + len(written), message, right)


@rule(
    "url-malformed",
    Level.ERROR,
    "リンクの書き間違い",
    "https:/ や htpps:// のように、アドレスの始まりが間違っているか、ドメイン名がありません。このままでは開けません。",
    "RFC 3986",
)
def url_malformed(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """An address whose scheme is mistyped, or that names no host."""
    for passage in (*passages(manuscript), *links(manuscript)):
        for match in BROKEN.finditer(passage.text):
            if match[1].lower() not in ("http", "https") or match[2] != "://":
                message = f"リンク「{short(match[0])}」の始まりが間違っています。「https://」で始めてください。"
                yield rule.finding(passage, match.start(), match.end(), message, f"https://{match[3]}")
    for passage, start, end in everywhere(manuscript):
        yield from _host(rule, passage, start, end)
    for passage in links(manuscript):
        yield from _schemeless(rule, passage)


def _host(rule: Rule, passage: Passage, start: int, end: int) -> Iterator[Finding]:
    url = passage.text[start:end]
    host = host_of(url)
    if not url.lower().startswith(("http://", "https://")) or BROKEN_SLASHES.match(url):
        return
    if WIDE_CHARACTER.match(passage.text, end):
        return  # url-full-width speaks of it
    if is_host(host) or LOOPBACK.match(authority(url)) or not url.isascii():
        return
    right = mended_host(host)
    fixes = (url.replace(host, right, 1),) if host and HOST.fullmatch(right) else ()
    message = f"リンク「{short(url)}」のドメイン名が正しくありません。もとの資料で確かめてください。"
    yield rule.finding(passage, start, end, message, *fixes)


def _schemeless(rule: Rule, passage: Passage) -> Iterator[Finding]:
    url = passage.text
    if re.match(r"https?://", url, re.IGNORECASE) or BROKEN.match(url) or WIDE.match(url):
        return
    fixes = (f"https://{url}",) if re.match(r"www\.|[a-z0-9.-]+\.(?:jp|com|org|net)(?:/|$)", url) else ()
    yield rule.finding(passage, 0, len(url), f"リンク「{short(url)}」が https:// で始まっていません。", *fixes)


@rule(
    "url-punctuation",
    Level.ERROR,
    "リンクの最後の句読点や括弧",
    "リンク先のアドレスの最後に「.」「,」「)」などが残っています。文から写したときに付いたもので、開けないことがあります。",
    "RFC 3986 付録C",
)
def url_punctuation(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """The address behind 詳細 ends with the punctuation of the sentence that it was copied from."""
    for passage in links(manuscript):
        url = passage.text
        end = len(url.rstrip("、。，．」』）>＞\"' \u3000" + SENTENCE_END))
        if url.isascii():
            end = min([end, *(stop for start, stop in addresses(url) if start == 0)])
        if end < len(url):
            message = f"リンク「{short(url)}」の最後に「{url[end:]}」が付いています。"
            yield rule.finding(passage, 0, len(url), message, url[:end])
    for passage in passages(manuscript):
        for _, end in addresses(passage.text):
            if re.match(r"[.,;](?=\s|$|[ぁ-んァ-ヶ一-龠])", passage.text[end : end + 2]):
                message = "アドレスのすぐ後ろに記号があり、アドレスの一部と間違えられます。取ってください。"
                yield rule.finding(passage, end, end + 1, message, "")


# ------------------------------------------------------------ where it leads
@rule(
    "url-dead",
    Level.ERROR,
    "開けないリンク",
    "リンクを確かめたところ、ページが見つからないか、サーバが応えませんでした。",
    "リンクの確認（newsletter issue links）の結果",
)
def url_dead(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """An address whose last check found no page."""
    for passage, start, end in everywhere(manuscript):
        why = world.dead_links.get(passage.text[start:end])
        if why:
            url = short(passage.text[start:end])
            message = f"リンク「{url}」が開けません。{why}正しいアドレスに直すか、リンクを外してください。"
            yield rule.finding(passage, start, end, message)


@rule(
    "url-repeated",
    Level.WARNING,
    "同じリンクが別の記事にもある",
    "別々の記事の「詳細」が、同じページを指しています。写し間違いか、同じ話題が二度載っているかもしれません。",
    "編集の決まり",
)
def url_repeated(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """Two items whose 詳細 leads to one page."""
    seen: dict[str, int] = {}
    for passage in links(manuscript):
        key = passage.text.partition("#")[0].rstrip("/").lower()
        if key in seen:
            message = f"リンク先が{seen[key]}番の記事と同じです。写し間違いでないか確かめてください。"
            yield rule.finding(passage, 0, len(passage.text), message)
        seen.setdefault(key, passage.item or 0)


@rule(
    "link-language",
    Level.WARNING,
    "リンク先の言語の断り書き",
    "リンク先が英語のページなら「詳細（英語）」、日本語のページなら「詳細」と書きます。",
    "実際の号の書き方",
)
def link_language(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """The label says another language than the entry, or than the address itself."""
    for item in manuscript.items:
        if not item.url or not item.link_label:
            continue
        japanese = item.language.lower().partition("-")[0] == "ja"
        passage = Passage(item.number, "link_label", item.link_label)
        told = "語" in item.link_label
        if japanese and not told and ENGLISH_PATH.search(item.url):
            message = "リンク先は英語のページのようです。「詳細（英語）」と書くか、日本語のページにしてください。"
            yield rule.finding(passage, 0, len(item.link_label), message, f"{item.link_label}（英語）")
        elif not japanese and not told:
            message = "リンク先は日本語ではありません。「詳細（英語）」のように言語を書いてください。"
            fixes = (f"{item.link_label}（英語）",) if item.language.lower().startswith("en") else ()
            yield rule.finding(passage, 0, len(item.link_label), message, *fixes)
