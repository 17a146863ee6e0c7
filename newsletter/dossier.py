"""Everything held on one person, in words they can read: the answer to a request under 個人情報保護法33条."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.db.models import Q, QuerySet
from django.utils import timezone

from feeds.models import Contributor, Submission
from newsletter import erasures, wishes
from newsletter.models import Delivery, Exclusion, Letter, RosterAnswer, RosterLine
from newsletter.roster import keeping
from newsletter.roster.questions import Entry
from subscribers import consent, wordings
from subscribers.columns import EXTRAS
from subscribers.models import ConsentEvent, FormerValues, Subscriber, Suppression

RULE = "─" * 30
FORMER = {"name": "氏名", "organisation": "所属団体", "department": "部署", "municipality": "団体コード"}


@dataclass(frozen=True, slots=True)
class Held:
    """What there is of one address."""

    address: str  # as it was asked for
    person: Subscriber | None
    stops: tuple[Suppression, ...]
    events: tuple[ConsentEvent, ...]
    deliveries: tuple[Delivery, ...]
    letters: tuple[Letter, ...]
    exclusions: tuple[Exclusion, ...]
    former: tuple[FormerValues, ...]
    contributors: tuple[Contributor, ...] = ()
    submissions: tuple[Submission, ...] = ()  # of which they are the contact
    staff_letters: tuple[Letter, ...] = ()  # to the address, not to a reader
    lines: tuple[RosterLine, ...] = ()  # of the sheets that a member was shown
    told: tuple[tuple[RosterAnswer, Entry], ...] = ()  # what members answered about them

    @property
    def is_contact(self) -> bool:
        """Whether the address is known beside the subscription, for dealing with a member."""
        return bool(self.contributors or self.submissions or self.staff_letters)

    @property
    def has_more(self) -> bool:
        """Whether there is something beside the subscription and its ledger."""
        return self.is_contact or bool(self.lines or self.told)

    @property
    def is_empty(self) -> bool:
        """Nothing is held."""
        return not (self.person or self.stops or self.events or self.has_more)


def collect(address: str, fingerprint: str) -> Held:
    """Read all of it."""
    person = Subscriber.objects.filter(fingerprint=fingerprint).first()
    of_person = {"subscriber": person}
    rows = Delivery.objects.filter(**of_person).select_related("campaign__edition__issue", "letter")
    letters = Letter.objects.filter(**of_person).order_by("written_at", "pk")
    excluded = Exclusion.objects.filter(**of_person).select_related("campaign__edition__issue")
    former = FormerValues.objects.filter(**of_person).select_related("import_run")
    found = erasures.held(fingerprint)
    submissions = Submission.objects.filter(pk__in=(*found.contacts.decided, *found.contacts.undecided))
    return Held(
        address,
        person,
        tuple(Suppression.objects.filter(fingerprint=fingerprint).order_by("at", "pk")),
        tuple(consent.history(fingerprint)),
        tuple(rows.exclude(campaign=None).order_by("queued_at", "pk")) if person else (),
        tuple(letters) if person else (),
        tuple(excluded) if person else (),
        tuple(former) if person else (),
        tuple(Contributor.objects.filter(pk__in=found.contacts.contributors).select_related("member")),
        tuple(submissions.select_related("member").order_by("received_at", "pk")),
        tuple(Letter.objects.filter(pk__in=found.letters).order_by("written_at", "pk")),
        tuple(_lines(found)),
        tuple(_told(found, fingerprint)),
    )


def _lines(found: erasures.Held) -> QuerySet[RosterLine]:
    theirs = Q(contributor__in=found.contacts.contributors)
    theirs |= Q(subscriber=found.reader) if found.reader else Q()
    return RosterLine.objects.filter(theirs).select_related("sheet__round", "sheet__member").order_by("pk")


def _told(found: erasures.Held, fingerprint: str) -> Iterator[tuple[RosterAnswer, Entry]]:
    is_theirs, lines = erasures.owner(fingerprint), erasures.lines_of(found.reader)
    answers = RosterAnswer.objects.filter(pk__in=found.named.answers).select_related("sheet__round", "sheet__member")
    for answer in answers.order_by("pk"):
        yield from ((answer, entry) for entry in keeping.entries_about(answer, is_theirs, lines))


def compose(held: Held, publisher: str, now: datetime) -> str:
    """The text: what is held, why, since when, and what was done with it."""
    parts = (
        _head(held, publisher, now),
        _entry(held),
        _history(held),
        _mails(held),
        _contact(held),
        _members(held),
        _rest(held),
    )
    return "\n".join((*chain.from_iterable(parts), ""))


def _head(held: Held, publisher: str, now: datetime) -> Iterator[str]:
    yield "保有個人データの開示"
    yield RULE
    yield f"対象: {held.address}"
    yield f"作成: {_moment(now)}"
    if publisher:
        yield f"保有者: {publisher}"
    yield "利用目的: e-ニュースのお届けと、そのためのご連絡・確認、同意の記録"
    if held.lines:
        yield "第三者への提供: 登録に変わりがないかを、会員の自治体に尋ねました（どの会員にいつかは「5」）。"
        yield "　そのほかには、していません。"
    else:
        yield "第三者への提供: していません"


def _entry(held: Held) -> Iterator[str]:
    yield from ("", "1. 登録内容", RULE)
    one = held.person
    if one is None:
        yield "登録はありません。"
        return
    for label, value in facts(one):
        yield f"{label}: {value or '―'}"


def facts(one: Subscriber) -> list[tuple[str, str]]:
    """What the entry of a reader holds, label by label, in words: the same for the person, the shell and the desk."""
    return [
        ("メールアドレス", one.address), ("状態", one.get_state_display()), ("氏名", one.name),
        ("所属団体", one.organisation), ("部署", one.department), ("団体コード", one.municipality),
        ("形式", one.get_format_display()),
        ("希望する欄", wishes.said(one.sections, wishes.section_titles())),
        ("希望する道筋", wishes.said(one.pathways, wishes.pathway_labels())),
        ("号外", EXTRAS[one.only_monthly]),
        ("ページと手紙の言語", one.get_language_display()),
        ("申込", _moment(one.created_at)), ("確認", _moment(one.confirmed_at)), ("解除", _moment(one.left_at)),
        ("お休みの終わり", _moment(one.paused_until)),
    ]  # fmt: skip


def _history(held: Held) -> Iterator[str]:
    yield from ("", "2. 同意の記録（いつ、どのように）", RULE)
    for event in held.events:
        yield f"{_moment(event.at)} {event.get_kind_display()}　{consent.describe(event)}".rstrip()
    if not held.events:
        yield "ありません。"
    for stop in held.stops:
        ended = f"（{_moment(stop.lifted_at)} に解除: {stop.lifted_why}）" if stop.lifted_at else "（有効）"
        note = f"　備考: {stop.note}" if stop.note else ""
        yield f"配信停止: {_moment(stop.at)} {stop.get_reason_display()}{ended}{note}"
    yield from agreed_to(held.events)


def agreed_to(events: Iterable[ConsentEvent]) -> Iterator[str]:
    """The text of each version that these lines of the ledger name, in full."""
    for one in wordings.named_by(events):
        yield ""
        yield f"同意の文面（版 {one.version}）: {one.remark}"
        yield from (f"　{line}" for line in one.text.splitlines())


def _mails(held: Held) -> Iterator[str]:
    yield from ("", "3. お送りしたメール", RULE)
    for row in held.deliveries:
        if row.campaign:
            trial = "［リハーサル］" if row.campaign.rehearsal else ""
            answer = f"　応答: {row.reply_code or ''} {row.reply_text}".rstrip() if row.reply_text else ""
            what = f"{trial}{row.campaign.edition.issue} {row.get_state_display()}{answer}"
            yield f"{_moment(row.settled_at or row.queued_at)} {what}"
    for letter in held.letters:
        yield f"{_moment(letter.written_at)} 「{letter.subject}」"
    if not held.deliveries and not held.letters:
        yield "ありません。"
    yield "開封やリンクのクリックは、記録していません。"


def _contact(held: Held) -> Iterator[str]:
    yield from ("", "4. 会員の担当者・投稿の連絡先としての記録", RULE)
    for one in held.contributors:
        facts = (one.member.name, one.section, one.name, one.email, one.phone)
        yield f"会員の担当者: {'、'.join(fact for fact in facts if fact)}"
    for sent in held.submissions:
        asked = (sent.contact_section, sent.contact_name, sent.contact_email, sent.contact_phone)
        contact = "、".join(fact for fact in asked if fact)
        yield f"{_moment(sent.received_at)} {sent.member.name}の投稿「{sent.title}」の連絡先: {contact}"
    for letter in held.staff_letters:
        yield f"{_moment(letter.written_at)} 「{letter.subject}」"
    if not held.is_contact:
        yield "ありません。"


def _members(held: Held) -> Iterator[str]:
    yield from ("", "5. 会員への「宛先の確認」（毎年、登録に変わりがないかを、その方の会員に尋ねるもの）", RULE)
    for line in held.lines:
        sent = f"{_moment(line.sheet.sent_at)} に送付" if line.sheet.sent_at else "送付の記録はありません"
        what = "氏名、部署、アドレス（個人のものは一部を隠しました）、何に使っているか"
        yield f"{line.sheet}の用紙の{line.number}番（{sent}）: {what}"
    for answer, entry in held.told:
        values = "、".join(value for value in (entry.name, entry.department, entry.address) if value)
        state = "反映済み" if answer.is_applied else "反映していません"
        yield f"{_moment(answer.at)} {answer.sheet}の回答{answer.pk}（{entry.choice.label}、{state}）: {values}"
    if not held.lines and not held.told:
        yield "ありません。"


def _rest(held: Held) -> Iterator[str]:
    if not held.exclusions and not held.former:
        return
    yield from ("", "6. そのほか", RULE)
    for one in held.exclusions:
        yield f"お送りしなかった号: {one.campaign.edition.issue}（{one.get_reason_display()}）"
    for former in held.former:
        values = "、".join(_former_value(name, value) for name, value in former.before.items())
        yield f"名簿「{former.import_run.file}」の取込（{_moment(former.import_run.at)}）の前の値: {values}"


def _former_value(name: str, value: object) -> str:
    if name == "only_monthly":
        return f"号外: {EXTRAS[bool(value)]}"
    return f"{FORMER.get(name, name)}: {value or '―'}"


def _moment(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""
