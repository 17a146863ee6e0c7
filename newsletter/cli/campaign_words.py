"""What `newsletter campaign …` says: as JSON, and as lines for people. No mail addresses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from newsletter.audiences import Forecast
    from newsletter.models import Campaign, Delivery, Issue
    from newsletter.reports import Report


def issue_name(issue: Issue) -> str:
    """2026年11月号（第137号）"""
    return issue.label


def issue_words(campaign: Campaign) -> str:
    """The name of the issue that a campaign sends."""
    return issue_name(campaign.edition.issue)


def campaign_line(campaign: Campaign) -> str:
    """配信 3 2026年11月号（第137号） 配信中"""
    rehearsal = "［リハーサル］" if campaign.rehearsal else ""
    return f"配信 {campaign.pk} {rehearsal}{issue_words(campaign)} {campaign.get_state_display()}"


def moment(at: datetime | None) -> str:
    """2026-11-30 10:07, in the association's time zone; empty for None."""
    from django.utils import timezone

    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""


def report_facts(report: Report) -> dict[str, Any]:
    """The report for machines: keys in English, times in ISO 8601."""
    from newsletter import reports

    campaign = report.campaign
    return {
        "campaign": campaign.pk,
        "issue": campaign.edition.issue.slug,
        "number": campaign.edition.issue.number,
        "subject": campaign.edition.subject,
        "digest": campaign.edition.digest,
        "rehearsal": campaign.rehearsal,
        "state": campaign.state,
        "pause_reason": reports.why_it_stands(campaign),
        "planned_by": campaign.planned_by,
        "planned_at": _iso(campaign.planned_at),
        "released_by": campaign.released_by,
        "in_doubt_policy": campaign.in_doubt,
        "again_of": campaign.again_of_id,
        "segment": campaign.segment,
        "sentence": report.sentence,
        "again_eligible": campaign.again_eligible,
        "wave": campaign.wave,
        "paced": campaign.paced,
        "rests_until": _iso(report.rests_until),
        "night_until": _iso(campaign.night_until),
        "night_by": campaign.night_by,
        "starts_at": _iso(campaign.starts_at),
        "started_at": _iso(campaign.started_at),
        "finished_at": _iso(campaign.finished_at),
        "seconds": report.seconds,
        "candidates": report.candidates,
        "excluded": report.excluded,
        "total": report.total,
        "states": report.states,
        "next_retry_at": _iso(report.next_retry_at),
        "lines": [
            {"state": line.state, "reason": line.reason, "reply_code": line.reply_code, "count": line.count}
            for line in report.lines
        ],
    }


def forecast_lines(campaign: Campaign, forecast: Forecast) -> Iterator[str]:
    """How many would get it, and of what; whom it is for; how many would not."""
    from newsletter import segments

    edition = campaign.edition
    yield f"{forecast.recipients:,}件・{issue_name(edition.issue)}・「{edition.subject}」"
    if campaign.segment:
        yield segments.sentence(segments.Segment.of(campaign.segment))
        yield f"この条件に当たらないので送らない方: {forecast.outside:,}人"
    if forecast.others:
        others = "そのほかに送らない方" if campaign.segment else "送らない方"
        yield f"{others}: {forecast.others:,}人（解除・停止中・確認待ちなど）"


def books_facts(campaign: Campaign) -> dict[str, Any]:
    """By provider and by reply code, for machines."""
    from newsletter import reports

    return {
        "providers": [
            {"provider": line.provider, "total": line.total, "states": line.states}
            for line in reports.by_provider(campaign)
        ],
        "reply_codes": {str(code): count for code, count in reports.by_code(campaign).items()},
    }


def _iso(at: datetime | None) -> str | None:
    from django.utils import timezone

    return timezone.localtime(at).isoformat(timespec="seconds") if at else None


def report_lines(report: Report) -> Iterator[tuple[str, object]]:
    """The report for people: label and value."""
    from newsletter import reports

    campaign = report.campaign
    yield "配信", campaign_line(campaign)
    yield "件名", campaign.edition.subject
    yield "版", campaign.edition.digest[:12]
    yield from _whom(report)
    if campaign.wave:
        yield "段階", campaign.get_wave_display()
    if campaign.paced:
        yield "速さ", "受信側ごとに加減しています"
    yield from _night(report)
    yield "不明の扱い", campaign.get_in_doubt_display()
    if reason := reports.why_it_stands(campaign):
        yield "理由", reason
    for label, at in (("予定", campaign.starts_at), ("開始", campaign.started_at), ("終了", campaign.finished_at)):
        if at:
            yield label, moment(at)
    yield from _links(campaign)
    if not campaign.expanded_at:
        return
    yield "候補", f"{report.candidates:,}件"
    if report.excluded:
        yield "送らない宛先", f"{report.candidates - report.total:,}件（newsletter campaign excluded {campaign.pk}）"
    yield "宛先", f"{report.total:,}件"
    yield from ((label, f"{count:,}件") for label, count in state_counts(report))
    if report.next_retry_at:
        yield "次の再送", moment(report.next_retry_at)


def _whom(report: Report) -> Iterator[tuple[str, object]]:
    """Whom it is for, when that is not everybody."""
    campaign = report.campaign
    if campaign.again_of_id:
        whom = "届かなかった宛先と、送れるようになった方" if campaign.again_eligible else "届かなかった宛先だけ"
        yield "もとの配信", f"{campaign.again_of_id}（{whom}）"
    if campaign.segment:
        yield "対象", report.sentence


def _night(report: Report) -> Iterator[tuple[str, object]]:
    """That it rests, or who decided that it does not."""
    from newsletter import quiet_hours

    campaign = report.campaign
    if report.rests_until:
        yield "夜間", quiet_hours.words(report.rests_until)
    elif campaign.night_until:
        yield "夜間", f"{moment(campaign.night_until)} まで休まずに送る（{campaign.night_by or '担当者'}さんの判断）"


def _links(campaign: Campaign) -> Iterator[tuple[str, object]]:
    """Pages that had changed between the approval and the first mail."""
    from newsletter.proofing import link_checks

    if campaign.started_at and not campaign.rehearsal:
        for moved in link_checks.moved_since_approval(campaign.edition, campaign.started_at):
            yield "リンクの注意", moved


def state_counts(report: Report) -> Iterator[tuple[str, int]]:
    """Every state that somebody is in, in Japanese, in the order of a delivery's life."""
    from newsletter.models import Delivery

    return ((str(label), report.states[state]) for state, label in Delivery.State.choices if report.states[state])


def doubt_facts(row: Delivery) -> dict[str, Any]:
    """One delivery in doubt; who it is for is in the CSV of the report only."""
    return {
        "delivery": row.pk,
        "campaign": row.campaign_id,
        "letter": row.letter.kind if row.letter else None,
        "reason": row.reason,
        "tries": row.tries,
        "since": _iso(row.settled_at),
    }


def letter_facts(row: Delivery) -> dict[str, Any]:
    """One letter; who it is for is not said."""
    return {
        "delivery": row.pk,
        "kind": row.letter.kind if row.letter else None,
        "queued_at": _iso(row.queued_at),
        "state": row.state,
        "tries": row.tries,
        "retry_at": _iso(row.retry_at),
        "reason": row.reason,
    }


def next_step(report: Report) -> str:
    """What to type or wait for, after a run."""
    campaign = report.campaign
    number = campaign.pk
    if campaign.state == "paused":
        return f"続けるとき: newsletter campaign resume {number}"
    if report.rests_until:
        return (
            f"{moment(report.rests_until)} に newsletter work が続けます。"
            f"急ぐとき（夜間も休まずに送ります）: newsletter campaign resume {number}"
        )
    if report.states["in_doubt"] and campaign.in_doubt != campaign.InDoubt.LEAVE:
        return f"不明の{report.states['in_doubt']}件を確かめるとき: newsletter campaign doubt {number}"
    if report.states["deferred"]:
        return (
            f"再送待ちの{report.states['deferred']}件は、{moment(report.next_retry_at)} 以降に "
            f"newsletter work が送ります（手で送るとき: newsletter campaign resume {number}）。"
        )
    return ""
