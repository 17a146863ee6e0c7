"""What law and licences want: the source of others' texts, the permission for a photo, the mark on an advertisement."""

from __future__ import annotations

import re
from collections.abc import Iterable

from newsletter.proof.finding import Finding, Level
from newsletter.proof.manuscript import Manuscript, Passage, ProofItem, World
from newsletter.proof.rules import Rule, rule

# Words by which mail that sells something gives itself away (特定電子メール法 第2条: 広告又は宣伝).
SELLS = re.compile(
    "お買い求め|ご購入|好評発売中|発売中|特別価格|会員価格|割引価格|キャンペーン価格|今なら|お得な|先着[0-9０-９]+名様|"
    "無料体験|資料請求はこちら|協賛企業からのお知らせ|スポンサー"
)
MARKED = re.compile("【?(?:PR|ＰＲ|広告)】?")


def _comes_by_feed(item: ProofItem) -> bool:
    return not item.from_member and bool(item.source or item.original_title or item.url or item.licence)


def _head(item: ProofItem) -> Passage:
    return Passage(item.number, "headline", item.headline)


@rule(
    "source-missing",
    Level.ERROR,
    "出典がない",
    "よその団体の記事を紹介するときは、出典の名称、もとのページのアドレス、もとの題名を示します。",
    "著作権法 第32条（引用）・第48条（出所の明示）",
)
def source_missing(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """A text by others without its source, its address or its title there."""
    for item in manuscript.items:
        if not _comes_by_feed(item):
            continue
        parts = (
            ("出典の名称", item.source), ("もとのページのアドレス", item.url), ("もとの題名", item.original_title)
        )  # fmt: skip
        lacking = [label for label, value in parts if not value.strip()]
        if lacking:
            message = (
                f"よその記事の紹介ですが、{'、'.join(lacking)}がありません。フィードの設定か記事を直してください。"
            )
            yield rule.finding(_head(item), 0, len(item.headline), message)


@rule(
    "licence-missing",
    Level.ERROR,
    "利用条件が分からない",
    "日本語の要約や翻訳は、もとの記事の改変にあたります。利用条件を確かめて、フィードの「利用条件」に書いておきます。",
    "著作権法 第27条（翻訳権・翻案権）",
)
def licence_missing(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """A text by others whose licence nobody has written down."""
    for item in manuscript.items:
        if _comes_by_feed(item) and not item.licence.strip():
            source = item.source or "この記事"
            message = f"{source}の利用条件が書かれていません。確かめて、フィードの「利用条件」に書いてください。"
            yield rule.finding(_head(item), 0, len(item.headline), message)


@rule(
    "picture-permission",
    Level.ERROR,
    "写真の掲載の許可がない",
    "写真は、メールへの掲載とウェブへの掲載のそれぞれに許可が要ります。メールへの許可がない写真は載せられません。",
    "著作権法 第23条（公衆送信権）、肖像権",
)
def picture_permission(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """A photo that may not be mailed, or that nobody may show at all."""
    for item in manuscript.items:
        if item.picture is not None and not item.picture.for_mail and not item.picture.for_web:
            message = "写真がありますが、メールにもウェブにも掲載の許可がありません。投稿した自治体に確かめてください。"
            yield rule.finding(Passage(item.number, "picture", ""), 0, 0, message)


@rule(
    "picture-web-permission",
    Level.WARNING,
    "写真のウェブへの掲載の許可がない",
    "メールには載りますが、ウェブ版では写真の代わりに断り書きが出ます。",
    "著作権法 第23条（公衆送信権）、肖像権",
)
def picture_web_permission(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """A photo of the mail that the web version must leave out."""
    for item in manuscript.items:
        if item.picture is not None and item.picture.for_mail and not item.picture.for_web:
            message = "写真のウェブへの掲載の許可がありません。ウェブ版では写真が出ません。"
            yield rule.finding(Passage(item.number, "picture", ""), 0, 0, message)


@rule(
    "advertisement-mark",
    Level.WARNING,
    "広告の表示",
    "有料の催しや商品の購入を勧める記事は、広告にあたることがあります。広告なら、見出しに「【PR】」か「広告」と書きます。",
    "特定電子メールの送信の適正化等に関する法律 第2条・第4条、景品表示法の指定告示（ステルスマーケティング）",
)
def advertisement_mark(rule: Rule, manuscript: Manuscript, world: World) -> Iterable[Finding]:
    """Words that sell, in an item that does not say it is an advertisement."""
    for item in manuscript.items:
        if MARKED.search(item.headline) or MARKED.search(item.text):
            continue
        found = SELLS.search(item.text)
        if found:
            message = f"「{found[0]}」は広告の言葉です。広告にあたるなら、見出しに「【PR】」と書いてください。"
            yield rule.finding(Passage(item.number, "text", item.text), found.start(), found.end(), message)
