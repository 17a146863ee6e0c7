"""訂正: put right in the archive what went out wrong. The sent edition stays; the correction stands beside it."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction

from newsletter import editions, frozen
from newsletter.errors import CorrectionError
from newsletter.frozen import FrozenItem
from newsletter.models import Correction, Edition, Issue, SearchText

LONGEST = 2000
LONGEST_NOTE = 500


def of(edition: Edition) -> list[Correction]:
    """The corrections of an edition, oldest first."""
    return list(edition.corrections.order_by("at", "pk"))


def items(edition: Edition) -> tuple[FrozenItem, ...]:
    """The items as they are now right."""
    corrections = of(edition)
    return tuple(frozen.corrected(item, corrections) for item in frozen.thaw(edition.content))


def correct(issue: Issue, number: int, old: str, new: str, by: str, now: datetime, *, note: str = "") -> Correction:
    """Enter that `old` in item `number` (0: anywhere in the issue) should have been `new`; empty: be gone."""
    old, new, by = _words(old, "誤", LONGEST), _words(new, "正", LONGEST), " ".join(by.split())
    note = " ".join(_words(note, "説明", LONGEST_NOTE).split())
    if not by:
        raise CorrectionError("訂正する人の名前を指定してください。")
    if not old or old == new:
        raise CorrectionError("--old には、載っている文字のうち、直すところを、--new とは違う文字で書いてください。")
    with transaction.atomic():
        Issue.objects.select_for_update().get(pk=issue.pk)
        edition = editions.published().filter(issue=issue).first()
        if edition is None:
            raise CorrectionError(
                f"{issue}はまだ配信していません。配信の前は newsletter issue write で直してください。"
            )
        part = _part(edition, number, old, new)
        SearchText.objects.filter(edition=edition).delete()  # the search reads the right words next time
        return Correction.objects.create(
            edition=edition, item=number, field=part, old=old, new=new, note=note, by=by[:150], at=now
        )


def _part(edition: Edition, number: int, old: str, new: str) -> str:
    """Where the old words stand: exactly once, or nobody could tell what was put right."""
    if number == 0:
        return _somewhere(edition, old)
    found = {item.number: item for item in items(edition)}
    if number not in found:
        raise CorrectionError(_no_item(edition, number, len(found)))
    counts = {part: text.count(old) for part, text in frozen.parts(found[number]).items() if old in text}
    if not counts:
        raise CorrectionError(
            f"{edition.issue}の{number}番に「{old}」はありません。記事のページにあるとおりに（1つの段落の中で）書いてください。"
        )
    if sum(counts.values()) > 1:
        raise CorrectionError(
            f"{edition.issue}の{number}番に「{old}」は{sum(counts.values())}か所あります。"
            "どこのことか分かるように、前後の文字も入れてください。"
        )
    part = next(iter(counts))
    _check(found[number], part, old, new)
    return part


def _check(item: FrozenItem, part: str, old: str, new: str) -> None:
    text = frozen.parts(item)[part].replace(old, new)
    if part == "headline" and not text.strip():
        raise CorrectionError("見出しを空にはできません。")
    if part == "url" and text and (urlsplit(text).scheme not in ("http", "https") or not text.isascii() or " " in text):
        raise CorrectionError(f"訂正したあとのリンク「{text}」は、https:// で始まる正しいアドレスになりません。")


def _somewhere(edition: Edition, old: str) -> str:
    squeezed = re.sub(r"\s+", "", old)
    if squeezed not in re.sub(r"\s+", "", f"{edition.subject}\n{edition.text}"):
        raise CorrectionError(f"{edition.issue}に「{old}」はありません。テキスト版のとおりに書いてください。")
    return "issue"


def _no_item(edition: Edition, number: int, count: int) -> str:
    if not edition.content:
        return f"{edition.issue}は、記事ごとのページがない古い版です。番号を 0 にすると、号の全体の訂正になります。"
    return f"{edition.issue}に{number}番の記事はありません（{count}件です）。"


def _words(text: str, name: str, longest: int) -> str:
    text = text.strip()
    if len(text) > longest:
        raise CorrectionError(f"{name}は{longest}文字以内で書いてください（いまは{len(text)}文字です）。")
    if not text.replace("\n", "").isprintable():
        raise CorrectionError(f"{name}に使えない文字（制御文字や外字）が含まれています。")
    return text
