"""What the proofreading knows of the world, from the profile and the national list. No Django, no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from feeds.governments import municipalities
from newsletter.association.facts import Profile
from newsletter.proof.dictionary import with_house
from newsletter.proof.manuscript import Manuscript, ProofItem, RegisteredMember, World

GOVERNMENT = "full"  # the kind of a member that is a local government


def world_of(profile: Profile, house: Iterable[Path] = ()) -> World:
    """The world as the profile knows it; the database knows more (issues before this one, links that are dead).

    `house` are dictionaries that staff keep, on top of the shipped ones.
    """
    publisher = profile.publisher
    return World(
        members=registered(profile),
        municipalities=national_list(),
        publisher={
            "name": publisher.name,
            "legal_name": publisher.legal_name,
            "postal_address": publisher.postal_address,
            "phone": publisher.phone,
            "email": publisher.email,
        },
        glossary={pathway.label_en: pathway.label_ja for pathway in profile.pathways},
        dictionary=with_house(house),
    )


def registered(profile: Profile) -> tuple[RegisteredMember, ...]:
    """The local governments among the members of the profile; the prefecture from the national list if need be."""
    prefectures = {place.code: place.prefecture for place in municipalities()}
    return tuple(
        RegisteredMember(
            name=member.name,
            prefecture=member.prefecture or prefectures.get(member.code, ""),
            code=member.code,
            head=member.head,
            head_title=member.head_title,
        )
        for member in profile.members
        if member.kind == GOVERNMENT
    )


@cache
def national_list() -> Mapping[str, str]:
    """Every local government: name -> prefecture; a name that occurs in several has them with ・ between."""
    places: dict[str, list[str]] = {}
    for place in municipalities():
        if place.prefecture not in (known := places.setdefault(place.name, [])):
            known.append(place.prefecture)
    return {name: "・".join(prefectures) for name, prefectures in places.items()}


def manuscript_of_text(text: str, month: date, sent_on: date) -> Manuscript:
    """A manuscript of one item with this text only, so that the rules speak of the text."""
    item = ProofItem(number=1, headline="", text=text, from_member=True)
    return Manuscript(month=month.replace(day=1), sent_on=sent_on, items=(item,))


def last_day_of(month: date) -> date:
    """The last day of the month: when a text says no day of sending."""
    following = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    return following - timedelta(days=1)
