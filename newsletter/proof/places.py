"""Names of local governments as the registry and the national list have them, for the rules about names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from newsletter.proof.glyphs import folded
from newsletter.proof.manuscript import RegisteredMember, World

SUFFIX = re.compile("[都道府県市区町村縣區]")
STEM = re.compile("[都道府県市区町村]$")
LONGEST = 9  # characters of a name: 南アルプス市, いちき串木野市, かすみがうら市
PREFECTURE_IN = re.compile("東京都|北海道|(?:大阪|京都)府|(?:神奈川|和歌山|鹿児島|[一-龠]{2})県")
# Names that went into a member by a merger, and names that are often written by mistake.
FORMER = {
    "浦和市": "さいたま市", "大宮市": "さいたま市", "与野市": "さいたま市", "岩槻市": "さいたま市",
    "埼玉市": "さいたま市", "両津市": "佐渡市", "浜北市": "浜松市", "天竜市": "浜松市", "引佐町": "浜松市",
    "北条市": "松山市", "大沢野町": "富山市", "婦中町": "富山市", "足助町": "豊田市", "稲武町": "豊田市",
    "京北町": "京都市", "南信濃村": "飯田市", "北九洲市": "北九州市", "武蔵の市": "武蔵野市",
}  # fmt: skip


@dataclass(frozen=True)
class Places:
    """The registry of members beside the national list."""

    members: tuple[RegisteredMember, ...]
    national: Mapping[str, str]  # name -> prefecture, several with ・ between

    @cached_property
    def registered(self) -> dict[str, RegisteredMember]:
        """The members by name, with and without their prefecture."""
        names = {member.name: member for member in self.members}
        return {**{member.prefecture + member.name: member for member in self.members}, **names}

    @cached_property
    def stems(self) -> dict[str, list[RegisteredMember]]:
        """The members by their name without 県, 市, 区, 町: 京都, 北九州."""
        found: dict[str, list[RegisteredMember]] = {}
        for member in self.members:
            found.setdefault(STEM.sub("", member.name), []).append(member)
        return found

    @cached_property
    def by_folded(self) -> dict[str, set[str]]:
        """Every name of the national list and the registry by its common glyphs."""
        found: dict[str, set[str]] = {}
        for name in (*self.national, *(member.name for member in self.members)):
            found.setdefault(folded(name), set()).add(name)
        return found

    @cached_property
    def words(self) -> frozenset[str]:
        """Every name of a government, with and without its last character."""
        names = {*self.national, *self.registered}
        return frozenset(names | {STEM.sub("", name) for name in names} - {""})

    def exists(self, name: str) -> bool:
        """Whether a local government or a member is called this."""
        return name in self.national or name in self.registered

    def in_text(self, text: str) -> Iterator[tuple[int, int, set[str]]]:
        """Where names of local governments stand, in whatever glyphs, and how they are registered."""
        plain = folded(text)
        for suffix in SUFFIX.finditer(plain):
            end = suffix.end()
            for size in range(min(LONGEST, end), 1, -1):
                official = self.by_folded.get(plain[end - size : end])
                if official:
                    yield end - size, end, official
                    break

    def nearest(self, name: str) -> tuple[str, ...]:
        """The members whose names are most like this one, if any is like it at all."""
        same = [official for official in self.by_folded.get(folded(name), ()) if official in self.registered]
        if same:
            return tuple(sorted(same))
        scored = sorted(((_likeness(name, member.name), member.name) for member in self.members), reverse=True)
        return tuple(other for score, other in scored[:1] if score >= 0.6)


def _likeness(first: str, second: str) -> float:
    if first[-1:] != second[-1:]:
        return 0.0
    return SequenceMatcher(None, first[:-1], second[:-1], autojunk=False).ratio()


_latest: tuple[tuple[RegisteredMember, ...], Mapping[str, str], Places] | None = None


def places_of(world: World) -> Places:
    """The places of a world; the last ones are kept, as a proofreading asks for them rule by rule."""
    global _latest
    if _latest is None or _latest[0] is not world.members or _latest[1] is not world.municipalities:
        _latest = (world.members, world.municipalities, Places(world.members, world.municipalities))
    return _latest[2]
