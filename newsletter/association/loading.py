"""A profile goes into the database: members and feeds follow the file, and every change is said. Nothing is deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone

from feeds.members import Municipality, municipalities
from feeds.models import Feed, Member
from newsletter.association.facts import Profile, ProfileFeed, ProfileMember
from newsletter.errors import ProfileError
from newsletter.models import Association, Issue, Placement
from subscribers import wordings


class Action(StrEnum):
    """What loading did to one thing."""

    ADDED = "added"
    CHANGED = "changed"
    SAME = "same"
    LEFT = "left"  # a member that is not in the file any more: inactive
    PAUSED = "paused"  # a feed that is not in the file any more

    @property
    def label(self) -> str:
        return {"added": "追加", "changed": "変更", "same": "同じ", "left": "退会", "paused": "停止"}[self.value]


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """One thing of the profile, and what loading did to it."""

    kind: str  # association, member, feed
    key: str
    name: str
    action: Action
    details: tuple[str, ...] = ()  # 「名称: 旧 → 新」


# Of the document's tables, those that are kept whole in the association's row.
FACTS = {
    "association": "団体",
    "enews": "e-ニュース",
    "sender": "差出人",
    "wording": "同意の文面",
    "english": "英語での言い方",
    "sending": "配信のしかた",
    "palette": "配色",
    "sections": "欄",
    "pathways": "発展の道筋",
    "sdgs": "SDGs",
}


def store(profile: Profile, document: Mapping[str, Any], now: datetime) -> list[ProfileChange]:
    """Bring association, members and feeds to what the document says: all of it, or (ProfileError) nothing."""
    with transaction.atomic():
        row = Association.objects.select_for_update().order_by("pk").first()
        before: Mapping[str, Any] = row.facts if row else {}
        _keep_used_sections(profile)
        _keep_wordings(profile, now)
        return [
            *_store_facts(profile, document, row, now),
            *_store_members(profile),
            *_store_feeds(profile, before.get("feeds", [])),
        ]


def _keep_used_sections(profile: Profile) -> None:
    known = {section.key for section in profile.sections}
    placed = Placement.objects.exclude(issue__state=Issue.State.SENT).exclude(section__in=known)
    placement = placed.select_related("issue").order_by("pk").first()
    if placement:
        raise ProfileError(
            f"sections: 欄「{placement.section}」は{placement.issue}の掲載「{placement}」が使っています。"
            "欄を消す前に、掲載を別の欄へ移してください。"
        )


def _keep_wordings(profile: Profile, now: datetime) -> None:
    """The ledger names versions only: under each of them there is one text for good, in either language."""
    texts = {"wording.text": profile.wording, "english.wording": profile.in_language("en").wording}
    for key, shown in texts.items():
        kept = wordings.keep(shown.version, shown.text, now)
        if kept.text != shown.text:
            since, newer = f"{timezone.localtime(kept.since):%Y-%m-%d}", _next_version(profile, now)
            raise ProfileError(
                f"{key}: 版「{shown.version}」の文面は、{since} からお見せしているものと違います。"
                "この版に同意した方の記録が別の文面を指さないように、同じ版の文面は変えられません。"
                f"文面を変えるときは、[wording] の version を新しい名前（例: {newer}）にしてください。"
                "変えないときは、文面を元に戻してください。何も読み込んでいません。"
            )


def _next_version(profile: Profile, now: datetime) -> str:
    month = f"{timezone.localtime(now):%Y-%m}"
    return month if profile.wording.version != month else f"{timezone.localtime(now):%Y-%m-%d}"


def _store_facts(
    profile: Profile, document: Mapping[str, Any], row: Association | None, now: datetime
) -> Iterator[ProfileChange]:
    before: Mapping[str, Any] = row.facts if row else {}
    for key, label in FACTS.items():
        yield ProfileChange("association", key, label, _action(before.get(key), document.get(key)))
    if row and row.digest == profile.digest:
        return
    row = row or Association()
    row.name, row.facts, row.digest, row.loaded_at = profile.publisher.name, dict(document), profile.digest, now
    row.save()


def _action(before: Any, after: Any) -> Action:
    if before == after:
        return Action.SAME
    return Action.ADDED if before is None else Action.CHANGED


# ------------------------------------------------------------ members
def _store_members(profile: Profile) -> Iterator[ProfileChange]:
    national = {place.code: place for place in municipalities()}
    known = {member.key: member for member in Member.objects.select_for_update().order_by("pk")}
    _refuse_taken_codes(profile, known)
    wanted = {member.key: _member_fields(member, national.get(member.code)) for member in profile.members}
    # Two members may exchange codes (a merger): free the codes first, each may stand only once.
    moved = [key for key, fields in wanted.items() if key in known and known[key].code != fields["code"]]
    Member.objects.filter(key__in=moved).update(code="")
    for key, fields in wanted.items():
        member = known.get(key)
        yield _add_member(key, fields) if member is None else _change_member(member, fields)
    for key, member in known.items():
        if key not in wanted and member.active:
            Member.objects.filter(pk=member.pk).update(active=False)
            yield ProfileChange("member", key, member.name, Action.LEFT)


def _refuse_taken_codes(profile: Profile, known: Mapping[str, Member]) -> None:
    kept = {member.code: member for key, member in known.items() if member.code and not _names(profile, key)}
    for number, wanted in enumerate(profile.members, 1):
        if wanted.code in kept:
            other = kept[wanted.code]
            raise ProfileError(
                f"members[{number}].code: 団体コード {wanted.code} は、登録済みの会員「{other.name}」"
                f"（key = {other.key}）のものです。同じ団体なら、key を {other.key} に直してください。"
            )


def _names(profile: Profile, key: str) -> bool:
    return any(member.key == key for member in profile.members)


def _member_fields(member: ProfileMember, government: Municipality | None) -> dict[str, Any]:
    fields = asdict(member)
    del fields["key"]
    for name in ("kana", "prefecture", "website"):  # what the file leaves out, the national list knows
        fields[name] = fields[name] or (getattr(government, name) if government else "")
    if not member.head:  # the file need not know the head; then what staff wrote in the admin stays
        del fields["head"], fields["head_title"]
    return fields


def _add_member(key: str, fields: Mapping[str, Any]) -> ProfileChange:
    member = Member.objects.create(key=key, **fields)
    return ProfileChange("member", key, member.name, Action.ADDED)


def _change_member(member: Member, fields: Mapping[str, Any]) -> ProfileChange:
    details = _differences(member, fields)
    if not member.active:
        details = ("再び加盟", *details)
    if details:
        Member.objects.filter(pk=member.pk).update(active=True, **fields)
    return ProfileChange("member", member.key, fields["name"], Action.CHANGED if details else Action.SAME, details)


# ------------------------------------------------------------ feeds
def _store_feeds(profile: Profile, before: list[Mapping[str, Any]]) -> Iterator[ProfileChange]:
    loaded = {feed.get("key"): feed for feed in before}
    known = {feed.key: feed for feed in Feed.objects.select_for_update().order_by("pk")}
    addresses = {feed.url: feed for feed in known.values()}
    for number, wanted in enumerate(profile.feeds, 1):
        holder = addresses.get(wanted.url)
        if holder and holder.key != wanted.key:
            other = f"登録済みのフィード「{holder.name}」（key = {holder.key}）"
            raise ProfileError(f"feeds[{number}].url: このアドレスは、{other}のものです。")
        feed = known.get(wanted.key)
        yield _add_feed(wanted) if feed is None else _change_feed(feed, wanted, loaded.get(wanted.key, {}))
    for key in loaded.keys() - {feed.key for feed in profile.feeds}:
        feed = known.get(str(key))
        if feed and feed.state == Feed.State.ACTIVE:
            Feed.objects.filter(pk=feed.pk).update(state=Feed.State.PAUSED)
            yield ProfileChange("feed", feed.key, feed.name, Action.PAUSED)


def _feed_fields(feed: ProfileFeed) -> dict[str, Any]:
    fields = asdict(feed)
    del fields["key"], fields["paused"]
    return fields


def _add_feed(feed: ProfileFeed) -> ProfileChange:
    state = Feed.State.PAUSED if feed.paused else Feed.State.ACTIVE
    Feed.objects.create(key=feed.key, state=state, **_feed_fields(feed))
    return ProfileChange("feed", feed.key, feed.name, Action.ADDED)


def _change_feed(feed: Feed, wanted: ProfileFeed, loaded: Mapping[str, Any]) -> ProfileChange:
    fields = _feed_fields(wanted)
    if loaded.get("url") == wanted.url:
        del fields["url"]  # the feed may have moved (301) since: what it said itself stays
    details = _differences(feed, fields)
    if "url" in fields and fields["url"] != feed.url:
        fields |= {"etag": "", "last_modified": ""}  # what the old address gave to ask again with means nothing here
    if details:
        Feed.objects.filter(pk=feed.pk).update(**fields)
    # `paused` counts only for a new feed: whether a known one is polled is up to the staff.
    return ProfileChange("feed", feed.key, wanted.name, Action.CHANGED if details else Action.SAME, details)


def _differences(row: Member | Feed, fields: Mapping[str, Any]) -> tuple[str, ...]:
    """「名称: 旧 → 新」 for every field that differs."""
    labels = {field.name: str(field.verbose_name) for field in row._meta.fields}
    return tuple(
        f"{labels[name]}: {getattr(row, name) or '（なし）'} → {after or '（なし）'}"
        for name, after in fields.items()
        if getattr(row, name) != after
    )
