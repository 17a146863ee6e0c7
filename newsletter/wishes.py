"""What readers wish to read about: sections and pathways, kept as keys, said in the association's own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from newsletter import profile
from subscribers.reading import ALL


def section_titles() -> dict[str, str]:
    """Key -> title of every section; empty without a profile."""
    loaded = profile.current_or_none()
    return {section.key: section.title for section in loaded.sections} if loaded else {}


def pathway_labels() -> dict[str, str]:
    """Key -> Japanese label of every pathway; empty without a profile."""
    loaded = profile.current_or_none()
    return {pathway.key: pathway.label_ja for pathway in loaded.pathways} if loaded else {}


def said(keys: Iterable[str], titles: Mapping[str, str]) -> str:
    """A reader's wish in words; no key means all of them, and one that the profile has no more stays as it is."""
    return "、".join(titles.get(key, key) for key in keys) or ALL
