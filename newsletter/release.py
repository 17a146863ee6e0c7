"""Whether an edition may be sent, by whom, and whether it is its turn. Refusals only; nothing is written here."""

from __future__ import annotations

import unicodedata

from django.db.models import QuerySet

from newsletter import editions, profile
from newsletter.errors import CampaignError
from newsletter.models import Campaign, Edition

State = Campaign.State
ACTIVE = (State.PLANNED, State.SENDING, State.PAUSED)


def refuse_unsendable(edition: Edition, rehearsal: bool = False) -> None:
    """CampaignError unless the edition is untouched and, for the real thing, approved."""
    if not editions.is_untouched(edition):
        raise CampaignError(
            f"版 {edition.digest[:12]} の中身が、確定したときと違っています。"
            "この版は送れません。もう一度、版を作って承認してください。"
        )
    if not rehearsal and not editions.is_approved(edition):
        raise CampaignError(
            f"{edition.issue}の版 {edition.digest[:12]} は承認されていません。"
            "newsletter issue approve で承認してから配信してください。"
        )


def refuse_same_person(edition: Edition, person: str) -> None:
    """CampaignError if the profile wants two people and `person` made the edition or is its only approver."""
    if not profile.current().manners.release_by_another:
        return
    wanted = "配信は別の人が行ってください（--by 名前。プロファイルの release_by_another による決まりです）。"
    who = _same(person)
    if who == _same(edition.made_by):
        raise CampaignError(f"{person}さんは、この版を作った人です。{wanted}")
    if {_same(approver) for approver in editions.approvers(edition)} <= {who}:
        raise CampaignError(f"この版を承認したのは{person}さんだけです。{wanted}")


def _same(person: str) -> str:
    """For comparing names as people type them."""
    return "".join(unicodedata.normalize("NFKC", person).casefold().split())


def refuse_running(edition: Edition) -> None:
    """CampaignError while another real campaign of the same issue is planned, running or paused."""
    issue = edition.issue
    active = _real(edition).filter(state__in=ACTIVE).first()
    if active is not None:
        raise CampaignError(
            f"{issue}にはすでに配信 {active.pk}（{active.get_state_display()}）があります。"
            f"newsletter campaign status {active.pk} で確かめ、"
            "続けるなら resume、やめるなら cancel を実行してください。"
        )


def refuse_second(edition: Edition) -> None:
    """No reader gets the same edition twice, and never two editions of one issue at the same time."""
    refuse_running(edition)
    done = _real(edition).filter(edition=edition, state=State.DONE).first()
    if done is not None:
        raise CampaignError(
            f"{edition.issue}のこの版は、配信 {done.pk} ですでに送り終えています。"
            "同じ版をもう一度送ることはできません。"
            f"届かなかった人だけに送るとき: newsletter campaign again {done.pk}"
        )


def _real(edition: Edition) -> QuerySet[Campaign]:
    return Campaign.objects.filter(edition__issue=edition.issue, rehearsal=False)
