"""What a person is told by letter about a campaign that went on without them."""

from __future__ import annotations

import logging
from datetime import datetime

from django.utils import timezone

from newsletter import letters, links, reports, staff
from newsletter.errors import NewsletterError
from newsletter.mail.letters import Report
from newsletter.models import Campaign, Delivery

State = Delivery.State
REASONS_SHOWN = 5

log = logging.getLogger(__name__)


def campaign_is_over(campaign: Campaign, now: datetime) -> bool:
    """Queue a report to the person who planned the campaign, if they have an account with a mail address."""
    person = None if campaign.rehearsal else staff.find_or_none(campaign.planned_by)
    if person is None:
        return False
    try:
        letters.send_report(_facts(campaign, person.name, now), person.address, now)
    except NewsletterError as error:  # the campaign is over all the same
        log.warning("配信 %s の報告メールを作れませんでした。%s", campaign.pk, error)
        return False
    return True


def _facts(campaign: Campaign, person: str, now: datetime) -> Report:
    report, issue = reports.report(campaign), campaign.edition.issue
    facts: Report = {
        "person": person,
        "issue": issue.label,
        "number": campaign.pk,
        "total": report.total,
        "sent": report.states[State.SENT],
        "finished_at": timezone.localtime(campaign.finished_at or now),
        "summary": "\n".join(_lines(report)),
        "url": links.issue_url(issue),
    }
    if doubt := report.states[State.IN_DOUBT]:
        facts["doubt"] = doubt
    return facts


def _lines(report: reports.Report) -> list[str]:
    states = [f"{State(state).label} {count:,}件" for state, count in report.states.items() if count]
    named = [line for line in report.lines if line.reason][:REASONS_SHOWN]
    excluded = sum(report.excluded.values())
    return [
        *states,
        *(f"{line.label}の理由「{line.reason}」 {line.count:,}件" for line in named),
        *([f"送らなかった宛先 {excluded:,}件"] if excluded else []),
    ]
