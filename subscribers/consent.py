"""The consent ledger: one dated line for every step a person took, or that somebody took for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from subscribers.models import ConsentEvent, Subscriber, Suppression


def record(
    subscriber: Subscriber,
    kind: ConsentEvent.Kind,
    now: datetime,
    *,
    basis: str = "",
    wording: str = "",
    source: str | None = None,
    operator: str = "",
    detail: Mapping[str, object] | None = None,
) -> ConsentEvent:
    """Add a line about `subscriber`; `source` is the network address the request came from."""
    return ConsentEvent.objects.create(
        subscriber=subscriber,
        fingerprint=subscriber.fingerprint,
        kind=kind,
        basis=basis,
        wording=wording,
        source=source or None,
        operator=operator,
        detail=dict(detail or {}),
        at=now,
    )


def record_fingerprint(
    fingerprint: str,
    kind: ConsentEvent.Kind,
    now: datetime,
    *,
    operator: str = "",
    detail: Mapping[str, object] | None = None,
) -> ConsentEvent:
    """Add a line about an address of which we may know nothing but the fingerprint."""
    subscriber = Subscriber.objects.filter(fingerprint=fingerprint).first()
    return ConsentEvent.objects.create(
        subscriber=subscriber,
        fingerprint=fingerprint,
        kind=kind,
        operator=operator,
        detail=dict(detail or {}),
        at=now,
    )


def history(fingerprint: str) -> QuerySet[ConsentEvent]:
    """Everything that happened to this address, oldest first, also from before an erasure."""
    return ConsentEvent.objects.filter(fingerprint=fingerprint).order_by("at", "pk")


def newest(events: QuerySet[ConsentEvent]) -> ConsentEvent | None:
    """The last of these lines, or None."""
    return events.order_by("-at", "-pk").first()


def forget_asked(before: datetime) -> int:
    """Take the wishes out of old requests: they were applied on confirmation, or nobody confirmed."""
    requests = ConsentEvent.objects.filter(kind=ConsentEvent.Kind.REQUESTED, at__lt=before)
    return requests.filter(detail__has_key="asked").update(detail={})


def make_anonymous(fingerprints: list[str]) -> int:
    """Take out of the ledger what could name a person; that and when something happened stays.

    個人情報保護法22条: what is no longer needed is erased. The lines themselves prove that we acted lawfully.
    """
    return ConsentEvent.objects.filter(fingerprint__in=fingerprints).update(source=None, detail={})


# ------------------------------------------------------------ the ledger in words
_HOW = {
    "one_click": "メールソフトのワンクリック解除",
    "page": "解除のページ",
    "come_back": "解除のあとのページで再開",
    "office": "事務局が代わりに操作",
    "moved": "会員の申出（異動・退職など）",
}
_WHY = {
    "new_consent": "本人の新しい同意",
    "come_back": "解除のあとのページで元に戻した",
    "wrong_person": "ほかの方の購読を誤って解除したため",
}
_FIELD = {
    "address": "メールアドレス",
    "name": "氏名",
    "organisation": "所属団体",
    "department": "部署",
    "municipality": "団体コード",
    "format": "形式",
    "sections": "希望する欄",
    "pathways": "希望する道筋",
    "only_monthly": "号外の受け取り",
    "state": "状態",
    "language": "言語",
    "paused_until": "お休み",
}


def describe(event: ConsentEvent) -> str:
    """How a step was taken, in one line of Japanese: everything the ledger holds beside its date and its kind."""
    return "、".join(f"{label}: {value}" for label, value in facts(event))


def facts(event: ConsentEvent) -> list[tuple[str, str]]:
    """The same, label by label; what is empty is left out."""
    detail: Mapping[str, Any] = event.detail if isinstance(event.detail, Mapping) else {}
    parts = [
        ("根拠", event.get_basis_display() if event.basis else ""),
        ("方法", _HOW.get(str(detail.get("how", "")), "")),
        ("理由", _reason(detail)),
        ("申込の内容", _asked(detail)),
        ("残る停止", _reason_label(detail.get("still"))),
        ("文面の版", event.wording),
        ("送信元", event.source or ""),
        ("配信番号", detail.get("delivery") or ""),
        ("名簿", f"{detail['file']} {detail.get('row', '')}行目" if detail.get("file") else ""),
        ("証跡", detail.get("proof", "")),
        ("同意日", str(detail.get("consented_at", ""))[:10]),
        ("変更", "、".join(_changed(name, detail) for name in detail.get("changed", ()))),
        ("言語", _language(detail)),
        ("操作者", event.operator),
    ]
    return [(label, str(value)) for label, value in parts if value]


def _changed(name: str, detail: Mapping[str, Any]) -> str:
    if name != "paused_until" or name not in detail:  # lines of earlier versions do not say what became of a pause
        return _FIELD.get(name, name)
    if not detail[name]:
        return "お休みを終えた"
    until = date.fromisoformat(detail[name])
    return f"お休みを始めた（{until.year}年{until.month}月{until.day}日まで）"


def _asked(detail: Mapping[str, Any]) -> str:
    """What was typed into the form and is kept until the mailbox confirms it; what says nothing is left out."""
    asked: Mapping[str, Any] = detail.get("asked") or {}
    words = {
        **{name: asked.get(name, "") for name in ("address", "name", "organisation", "department", "municipality")},
        "format": Subscriber.Format(asked["format"]).label if asked.get("format") in Subscriber.Format.values else "",
        **{name: " ".join(asked.get(name, ())) for name in ("sections", "pathways")},
        "only_monthly": "受け取らない" if asked.get("only_monthly") else "",
        "language": _language(asked),
    }
    return "、".join(f"{_FIELD[name]} {value}" for name, value in words.items() if value)


def _language(detail: Mapping[str, Any]) -> str:
    language = str(detail.get("language", ""))
    return str(Subscriber.Language(language).label) if language in Subscriber.Language.values else ""


def _reason(detail: Mapping[str, Any]) -> str:
    reason = str(detail.get("reason", ""))
    if label := _reason_label(reason):
        return label
    why = str(detail.get("why", ""))
    known = "すでに購読中の宛先への申込" if detail.get("known") else ""
    return reason or _WHY.get(why, why) or known


def _reason_label(reason: object) -> str:
    return str(Suppression.Reason(reason).label) if reason in Suppression.Reason.values else ""
